"""Tabu search for the split of each unit, so that few videos lie between splits and the ratios are met.

After Glover (1989) and, for partitions of graphs, Rolland, Pirkul and Glover (1996): each step makes the best
move there is, a worse one too, but moves no unit again that was moved a few steps ago. What ratios and
classes demand is a penalty whose weight grows while it is unmet and falls while it is met, so that the
search swings across the border of what is allowed, where the best lies. Several chains run at once in arrays
with a first axis of chains.

Columns of videos are called kinds: all, real, fake, and then each manipulation method.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

CLASSES = slice(1, 3)
METHODS = slice(3, None)
LEAST = 0.5  # of its ratio a split should have of reals and of fakes, and so far it may be off at the most
EASY = 100  # steps without a better result after which one that keeps every video is taken
DENSE = 4e6  # numbers up to which an array with all zeros written out is quicker
PATIENCE = 250, 10  # steps without a better result after which a search ends: so many, and more a unit
Key = tuple[float, ...]


@dataclass(frozen=True)
class Graph:
    """Units of videos to be split, n of them, with C kinds of videos, over k splits.

    `own` (n, C) counts the videos that lie on one unit. Those between two units are `held` (edges, C) of the
    units `first` and `second` (edges,); `links` (n, C * n) has the same numbers, at [i, kind * n + j] for
    either order of i and j. `ratios` (k,) adds up to 1; `slack` (k,) is the part of the kept videos by which
    each split may differ from its ratio.
    """

    own: np.ndarray
    first: np.ndarray
    second: np.ndarray
    held: np.ndarray
    links: sparse.csr_array | np.ndarray
    ratios: np.ndarray
    slack: np.ndarray

    @property
    def videos(self) -> float:
        return self.own[:, 0].sum() + self.held[:, 0].sum()


def make_graph(
    first: np.ndarray, second: np.ndarray, held: np.ndarray, units: int, ratios: np.ndarray, tolerance: float
) -> Graph:
    """A Graph from rows of videos, on one unit where `first` equals `second`; rows may repeat."""
    loop, kinds = first == second, held.shape[1]
    own = np.zeros((units, kinds))
    np.add.at(own, first[loop], held[loop])
    pair = np.minimum(first, second)[~loop] * units + np.maximum(first, second)[~loop]
    pairs, place = np.unique(pair, return_inverse=True)
    between = np.zeros((len(pairs), kinds))
    np.add.at(between, place, held[~loop])
    first, second = pairs // units, pairs % units
    edge, kind = np.nonzero(between)
    rows = np.concatenate([first[edge], second[edge]])
    columns = np.concatenate([second[edge], first[edge]]) + np.tile(kind, 2) * units
    links = (np.tile(between[edge, kind], 2), (rows, columns))
    links = sparse.csr_array(links, shape=(units, units * kinds))
    if units * units * kinds < DENSE:
        links = links.toarray()
    return Graph(own, first, second, between, links, ratios, np.minimum(tolerance, LEAST * ratios))


def kept_by_split(graph: Graph, where: np.ndarray) -> np.ndarray:
    """Videos kept in each split (chains, C, k), for `where` (chains, n) the split of each unit."""
    splits = np.arange(len(graph.ratios))
    sides = where[:, graph.first] == splits[:, None, None], where[:, graph.second] == splits[:, None, None]
    between = np.stack([[chain @ graph.held for chain in split] for split in sides[0] & sides[1]], axis=-1)
    return between + np.stack([[row @ graph.own for row in where == split] for split in splits], axis=-1)


def keys(graph: Graph, kept: np.ndarray) -> np.ndarray:
    """What is to be made small, the first column first, (chains, 5) of `kept` (chains, C, k).

    Splits without a class and without a method (of those there are), the sum over splits of what a share of
    the kept videos lies beyond the slack and one of a class below the least, minus the videos kept, and how
    far the shares of reals and of fakes lie from the ratios.
    """
    beyond, uneven = _off(graph, kept)
    empty = (kept == 0) & _present(graph)[:, None]
    columns = [empty[:, CLASSES].sum((1, 2)), empty[:, METHODS].sum((1, 2))]
    return np.stack([*columns, beyond, -kept[:, 0].sum(-1), uneven.round(9)], axis=-1)


def _present(graph: Graph) -> np.ndarray:
    return (graph.own.sum(0) + graph.held.sum(0)) > 0


def _off(graph: Graph, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of `kept` (..., C, k): how far its shares lie beyond what they may, and those of the classes off."""
    kept = kept[..., :3, :]
    total = np.maximum(kept.sum(-1, keepdims=True), 1)
    off = kept / total - graph.ratios
    few = (-off - (1 - LEAST) * graph.ratios)[..., 1:, :] * _present(graph)[CLASSES, None]
    beyond = np.maximum(np.abs(off[..., 0, :]) - graph.slack, 0).sum(-1) + np.maximum(few, 0).sum((-1, -2))
    return beyond.round(9), np.abs(off[..., 1:, :]).sum((-1, -2))


class Chains:
    """The state of several searches: `where` (chains, n), -1 for a unit not placed yet, and what follows.

    `gains` (chains, C, k, n) counts the videos that each unit would bring to each split: its own, and those
    between it and the units that are there. `kept` (chains, C, k).
    """

    def __init__(self, graph: Graph, chains: int):
        units, kinds = graph.own.shape
        self.graph = graph
        self.each = np.arange(chains)
        self.where = np.full((chains, units), -1)
        self.gains = np.empty((chains, kinds, len(graph.ratios), units))
        self.gains[:] = graph.own.T[:, None]
        self.kept = np.zeros((chains, kinds, len(graph.ratios)))

    def move(self, chains: np.ndarray, units: np.ndarray, splits: np.ndarray) -> None:
        """In each of `chains` (distinct) one unit to one split."""
        rows = self.graph.links[units]
        rows = rows.toarray() if sparse.issparse(rows) else rows
        rows = rows.reshape(len(units), *self.graph.own.T.shape)
        before = self.where[chains, units]
        old = before >= 0
        self.kept[chains[old], :, before[old]] -= self.gains[chains[old], :, before[old], units[old]]
        self.kept[chains, :, splits] += self.gains[chains, :, splits, units]
        self.gains[chains[old], :, before[old]] -= rows[old]
        self.gains[chains, :, splits] += rows
        self.where[chains, units] = splits

    def place(self, chain: int, where: np.ndarray) -> None:
        """All units of one chain at once."""
        graph = self.graph
        inside = where[:, None] == np.arange(len(graph.ratios))
        moved = (graph.links.T @ inside.astype(float)).reshape(*graph.own.T.shape, -1)
        self.where[chain], self.gains[chain] = where, graph.own.T[:, None] + np.moveaxis(moved, 2, 1)
        self.kept[chain] = kept_by_split(graph, where[None])[0]


def search(
    graph: Graph, given: list[np.ndarray], chains: int, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, Key]:
    """The best split of each unit that was found, (n,), and its key (see keys).

    Chains start from each of `given`, and from random starts up to `chains` of them.
    """
    state = Chains(graph, max(chains, len(given)))
    for chain, where in enumerate(given):
        state.place(chain, where)
    start(state, rng)
    each, (units, splits) = state.each, (len(graph.own), len(graph.ratios))
    best, best_keys = state.where.copy(), keys(graph, state.kept)
    first = _least(best_keys)
    found, latest = np.zeros(len(each)), 0  # the steps of the last improvement: of each chain, of all
    until = np.zeros(state.where.shape)
    weights = np.ones((len(each), 2))
    for step in range(1, steps + 1):
        missing, beyond, kept, uneven = after_moves(state)
        value = kept + 0.2 * (rng.random(kept.shape) - uneven)
        value -= graph.videos * (weights[:, :1, None] * missing + weights[:, 1:, None] * beyond)
        better = (missing == 0) & (beyond == 0) & (kept > -best_keys[:, 3, None, None])
        value[(until >= step)[:, None] & ~better] = -np.inf
        value[each[:, None], state.where, np.arange(units)] = -np.inf
        split, unit = np.divmod(value.reshape(len(each), -1).argmax(1), units)
        state.move(each, unit, split)
        until[each, unit] = step + rng.integers(min(units // 10, 5), min(units // 3, 20) + 1, len(each))
        now = keys(graph, state.kept)
        unmet = np.stack([now[:, 0] + now[:, 1], now[:, 2]], axis=1) > 0
        weights = np.clip(weights * np.where(unmet, 1.15, 1 / 1.15), 0.01, 1e4)
        gap = now - best_keys
        won = gap[each, (gap != 0).argmax(1)] < 0
        leader = best_keys[first].copy()
        best[won], best_keys[won], found[won] = state.where[won], now[won], step
        first = _least(best_keys)
        latest = step if (best_keys[first] != leader).any() else latest
        easy = tuple(best_keys[first, :4]) == (0, 0, 0, -graph.videos)
        if step - latest >= (EASY if easy else PATIENCE[0] + PATIENCE[1] * units):
            break
        for chain in np.flatnonzero(step - found > 100 + 2 * units):  # stuck: from the best again, shaken
            kicked = rng.random(units) < rng.uniform(0.1, 0.5)
            source = best[rng.choice([chain, first])]
            state.place(chain, np.where(kicked, rng.integers(splits, size=units), source))
            found[chain], weights[chain] = step, 1
    return best[first], tuple(best_keys[first].tolist())


def _least(keys_of: np.ndarray) -> int:
    """The chain with the least key, the first of equal ones."""
    return int(np.lexsort(keys_of.T[::-1])[0])


def after_moves(state: Chains) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """What each move of one unit to one split would lead to, (chains, k, n) each.

    A weighted sum of missing classes and methods, in which a class outweighs all methods; then beyond and
    kept, as in keys; and uneven as it changes if as many of each class are kept as before.
    """
    graph, kept, gains = state.graph, state.kept[..., None], state.gains
    splits = len(graph.ratios)
    here = state.where[:, None] == np.arange(splits)[:, None]  # (chains, k, n)
    each, unit = state.each[:, None], np.arange(len(graph.own))
    lost = np.moveaxis(gains[each, :, state.where, unit], 2, 1)  # (chains, C, n)
    total = kept[:, 0].sum(1)[:, None] - lost[:, :1] + gains[:, 0]
    beyond, uneven = np.zeros_like(total), np.zeros_like(total)
    for kind in np.flatnonzero(_present(graph)[:3]):
        of = np.maximum(kept[:, kind].sum(1)[:, None] - lost[:, kind, None] + gains[:, kind], 1)
        for split, ratio in enumerate(graph.ratios):
            share = np.repeat(
                (kept[:, kind, split] - here[:, split] * lost[:, kind])[:, None], splits, axis=1
            )
            share[:, split] += gains[:, kind, split]
            share = share / of - ratio
            over = -share - (1 - LEAST) * ratio if kind else np.abs(share) - graph.slack[split]
            beyond += np.maximum(over - 1e-10, 0)
    for kind in (1, 2):
        of = np.maximum(kept[:, kind].sum(1), 1)  # (chains, 1)
        off = kept[:, kind] / of[:, None] - graph.ratios[:, None]
        more = np.abs(off + gains[:, kind] / of[:, None]) - np.abs(off)
        home = off[each, state.where, 0]
        uneven += more + (np.abs(home - lost[:, kind] / of) - np.abs(home))[:, None]
    weight = _present(graph) * 1.0
    weight[CLASSES] *= 1 + splits * len(weight[METHODS])
    weight[0] = 0
    home = np.moveaxis(state.kept[each, :, state.where], 2, 1)
    emptied = np.einsum("bcn,c->bn", (lost == home) & (home > 0), weight)
    empty = (state.kept == 0) & (weight > 0)[:, None]
    missing = np.einsum("bck,c->b", empty, weight)[:, None, None] + emptied[:, None] + np.zeros_like(total)
    for chain, kind, split in zip(*np.nonzero(empty), strict=True):
        missing[chain, split] -= weight[kind] * (gains[chain, kind, split] > 0)
    return missing, beyond, total, uneven


def start(state: Chains, rng: np.random.Generator) -> None:
    """Place every unit of the chains that have none: first what gives each split each kind, by chance.

    The rest goes by size. The sizes aimed at are powers of the ratios, since of a complete graph a part p of
    the units keeps p² of the videos between them. Every other chain grows its splits along the links.
    """
    graph, (chains, units), splits = state.graph, state.where.shape, len(state.graph.ratios)
    first = np.concatenate([graph.first, np.arange(units)])
    second = np.concatenate([graph.second, np.arange(units)])
    held = np.concatenate([graph.held, graph.own]) > 0
    for chain in np.flatnonzero((state.where < 0).all(1)):
        for unit, split in _cover(first, second, held, units, splits, rng).items():
            state.move(np.array([chain]), np.array([unit]), np.array([split]))
    size = (
        graph.own[:, 0]
        + graph.links.sum(1) / np.maximum(graph.held.sum(), 1) * graph.held[:, 0].sum() / 2
        + 1e-6
    )
    aims = graph.ratios ** rng.choice([0.5, 0.75, 1.0], (chains, 1))
    aims /= aims.sum(1, keepdims=True)
    while (state.where < 0).any():
        free = np.flatnonzero((state.where < 0).any(1))
        have = np.stack([np.where(state.where[free] == s, size, 0).sum(1) for s in range(splits)], axis=1)
        split = (have / aims[free]).argmin(1)
        pull = rng.random((len(free), units))
        pull += state.gains[free, 0, split] * (free % 2)[:, None]
        unit = np.where(state.where[free] < 0, pull, -1).argmax(1)
        state.move(free, unit, split)


def _cover(
    first: np.ndarray, second: np.ndarray, held: np.ndarray, units: int, splits: int, rng: np.random.Generator
) -> dict[int, int]:
    """Units to place so that every split has every kind, as far as drawing edges by chance gets."""
    where = np.full(units, -1)
    kinds = [kind for kind in np.argsort(held.sum(0), kind="stable") if held[:, kind].any()]
    for kind in kinds:
        edges = np.flatnonzero(held[:, kind])
        for split in rng.permutation(splits):
            one, two = where[first[edges]], where[second[edges]]
            if ((one == split) & (two == split)).any():
                continue
            fits = edges[((one < 0) | (one == split)) & ((two < 0) | (two == split))]
            if len(fits):
                edge = rng.choice(fits)
                where[[first[edge], second[edge]]] = split
    return {int(unit): int(where[unit]) for unit in np.flatnonzero(where >= 0)}
