"""Tabu search for the split of each unit, so that few videos lie between splits and the ratios are met.

After Glover (1989) and, for partitions of graphs, Rolland, Pirkul and Glover (1996). Each step makes the best
move, even one that worsens the result, but doesn't move a unit again that was moved a few steps ago. Ratios
and classes are penalties. Their weight grows while they are unmet and falls while they are met, so that the
search crosses the border of what is allowed again and again; the best results lie there. Several searches,
called chains, run at once in arrays with a first axis of chains. The other axes are those of graph.py.
"""

import numpy as np
from scipy import sparse

from deepfake.plan.graph import (
    CLASSES,
    Graph,
    count_kept,
    objectives,
    present_columns,
)

EASY = 100  # steps without a better result after which one that keeps every video is accepted
PATIENCE = 250, 10  # steps without a better result after which a search ends: a constant, and more a unit
Key = tuple[float, ...]
"""The objectives of a result."""


class Chains:
    """The state of several searches.

    `split` (chains, n) of each unit, -1 for a unit without one yet. `gains` (chains, C, k, n) counts the
    videos and ties that each unit would bring to each split: its own, and those between it and the units
    there. `kept` (chains, C, k) counts those kept in each split.
    """

    def __init__(self, graph: Graph, chains: int):
        units, columns = graph.own.shape
        self.graph = graph
        self.each = np.arange(chains)
        self.split = np.full((chains, units), -1)
        self.gains = np.empty((chains, columns, len(graph.ratios), units))
        self.gains[:] = graph.own.T[:, None]
        self.kept = np.zeros((chains, columns, len(graph.ratios)))

    def move(self, chains: np.ndarray, units: np.ndarray, splits: np.ndarray) -> None:
        """Move in each of the distinct `chains` one unit to one split."""
        rows = self.graph.links[units]
        rows = rows.toarray() if sparse.issparse(rows) else rows
        rows = rows.reshape(len(units), *self.graph.own.T.shape)
        before = self.split[chains, units]
        old = before >= 0
        self.kept[chains[old], :, before[old]] -= self.gains[chains[old], :, before[old], units[old]]
        self.kept[chains, :, splits] += self.gains[chains, :, splits, units]
        self.gains[chains[old], :, before[old]] -= rows[old]
        self.gains[chains, :, splits] += rows
        self.split[chains, units] = splits

    def place(self, chain: int, split: np.ndarray) -> None:
        """Set the split (n,) of all units of one chain."""
        graph = self.graph
        inside = split[:, None] == np.arange(len(graph.ratios))
        linked = (graph.links.T @ inside.astype(float)).reshape(*graph.own.T.shape, -1)
        self.split[chain], self.gains[chain] = split, graph.own.T[:, None] + np.moveaxis(linked, 2, 1)
        self.kept[chain] = count_kept(graph, split[None])[0]


def search(
    graph: Graph, starts: list[np.ndarray], chains: int, steps: int, rng: np.random.Generator
) -> tuple[np.ndarray, Key]:
    """Return the best split of each unit that is found, (n,), and its objectives.

    Chains start from each of `starts` (n,), and from random splits up to the number of `chains`.
    """
    state = Chains(graph, max(chains, len(starts)))
    for chain, split in enumerate(starts):
        state.place(chain, split)
    start_randomly(state, rng)
    each, (units, splits) = state.each, (len(graph.own), len(graph.ratios))
    best, best_keys = state.split.copy(), objectives(graph, state.kept)
    leader = _best_chain(best_keys)
    improved, latest = np.zeros(len(each)), 0  # the step of the last improvement of each chain, of all
    tabu_until = np.zeros(state.split.shape)
    weights = np.ones((len(each), 2))
    for step in range(1, steps + 1):
        absent, beyond, kept, class_deviation = evaluate_moves(state)
        value = kept + 0.2 * (rng.random(kept.shape) - class_deviation)
        value -= graph.videos * (weights[:, :1, None] * absent + weights[:, 1:, None] * beyond)
        better = (absent == 0) & (beyond == 0) & (kept > -best_keys[:, 3, None, None])
        value[(tabu_until >= step)[:, None] & ~better] = -np.inf
        value[each[:, None], state.split, np.arange(units)] = -np.inf
        split, unit = np.divmod(value.reshape(len(each), -1).argmax(1), units)  # the best move of each chain
        state.move(each, unit, split)
        tabu_until[each, unit] = step + rng.integers(min(units // 10, 5), min(units // 3, 20) + 1, len(each))

        keys = objectives(graph, state.kept)
        unmet = np.stack([keys[:, 0] + keys[:, 1], keys[:, 2]], axis=1) > 0
        weights = np.clip(weights * np.where(unmet, 1.15, 1 / 1.15), 0.01, 1e4)
        gap = keys - best_keys
        won = gap[each, (gap != 0).argmax(1)] < 0
        leader_key = best_keys[leader].copy()
        best[won], best_keys[won], improved[won] = state.split[won], keys[won], step
        leader = _best_chain(best_keys)
        latest = step if (best_keys[leader] != leader_key).any() else latest

        all_kept = tuple(best_keys[leader, :4]) == (0, 0, 0, -graph.videos - graph.ties)
        if step - latest >= (EASY if all_kept else PATIENCE[0] + PATIENCE[1] * units):
            break
        for chain in np.flatnonzero(step - improved > 100 + 2 * units):  # restart from the best, perturbed
            perturbed = rng.random(units) < rng.uniform(0.1, 0.5)
            source = best[rng.choice([chain, leader])]
            state.place(chain, np.where(perturbed, rng.integers(splits, size=units), source))
            improved[chain], weights[chain] = step, 1
    return best[leader], tuple(best_keys[leader].tolist())


def _best_chain(keys: np.ndarray) -> int:
    """Return the chain with the lowest objectives, the first of equal ones."""
    return int(np.lexsort(keys.T[::-1])[0])


def evaluate_moves(state: Chains) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return what each move of one unit to one split would lead to, four arrays (chains, k, n).

    - a weighted sum of absent classes and methods, in which a class outweighs all methods;
    - what shares would lie beyond the tolerance, as in `objectives`;
    - the number of videos kept, and of ties within a split;
    - the change of the class deviation, if as many of each class are kept as before.
    """
    graph, kept, gains = state.graph, state.kept[..., None], state.gains
    splits = len(graph.ratios)
    here = state.split[:, None] == np.arange(splits)[:, None]  # (chains, k, n)
    each, unit = state.each[:, None], np.arange(len(graph.own))
    lost = np.moveaxis(gains[each, :, state.split, unit], 2, 1)  # (chains, C, n)
    total = sum(
        kept[:, column].sum(1)[:, None] - lost[:, column, None] + gains[:, column]
        for column in (0, graph.ties_column)
    )
    beyond, class_deviation = np.zeros_like(total), np.zeros_like(total)
    for column in np.flatnonzero(present_columns(graph)[: graph.ties_column]):
        of = np.maximum(kept[:, column].sum(1)[:, None] - lost[:, column, None] + gains[:, column], 1)
        for split, ratio in enumerate(graph.ratios):
            share = np.repeat(
                (kept[:, column, split] - here[:, split] * lost[:, column])[:, None], splits, axis=1
            )
            share[:, split] += gains[:, column, split]
            share = share / of - ratio
            below = -share - (1 - graph.least_shares[column]) * ratio
            over = below if column else np.abs(share) - graph.tolerance[split]
            beyond += np.maximum(over - 1e-10, 0)
    for column in (1, 2):
        of = np.maximum(kept[:, column].sum(1), 1)  # (chains, 1)
        off = kept[:, column] / of[:, None] - graph.ratios[:, None]
        more = np.abs(off + gains[:, column] / of[:, None]) - np.abs(off)
        home = off[each, state.split, 0]
        class_deviation += more + (np.abs(home - lost[:, column] / of) - np.abs(home))[:, None]
    weight = present_columns(graph) * 1.0
    weight[CLASSES] *= 1 + splits * len(weight[graph.methods])
    weight[[0, *range(CLASSES.stop, graph.ties_column)]] = 0
    home = np.moveaxis(state.kept[each, :, state.split], 2, 1)
    emptied = np.einsum("bcn,c->bn", (lost == home) & (home > 0), weight)
    empty = (state.kept == 0) & (weight > 0)[:, None]
    absent = np.einsum("bck,c->b", empty, weight)[:, None, None] + emptied[:, None] + np.zeros_like(total)
    for chain, column, split in zip(*np.nonzero(empty), strict=True):
        absent[chain, split] -= weight[column] * (gains[chain, column, split] > 0)
    return absent, beyond, total, class_deviation


def start_randomly(state: Chains, rng: np.random.Generator) -> None:
    """Give a random split to every unit of the chains that have none.

    First each split gets units with each column of videos. The rest goes by size. The target sizes are powers
    of the ratios, because of a complete graph a share p of the units keeps p² of the videos between them.
    Every other chain grows its splits along the links.
    """
    graph, (chains, units), splits = state.graph, state.split.shape, len(state.graph.ratios)
    first = np.concatenate([graph.first, np.arange(units)])
    second = np.concatenate([graph.second, np.arange(units)])
    present = (np.concatenate([graph.between, graph.own]) > 0) & present_columns(graph)
    for chain in np.flatnonzero((state.split < 0).all(1)):
        for unit, split in _cover_columns(first, second, present, units, splits, rng).items():
            state.move(np.array([chain]), np.array([unit]), np.array([split]))
    ties = slice(graph.ties_column * units, (graph.ties_column + 1) * units)
    linked = graph.links.sum(1) - graph.links[:, ties].sum(1)
    linked = linked / np.maximum(graph.between.sum() - graph.ties, 1)
    size = graph.own[:, 0] + linked * graph.between[:, 0].sum() / 2 + 1e-6
    targets = graph.ratios ** rng.choice([0.5, 0.75, 1.0], (chains, 1))
    targets /= targets.sum(1, keepdims=True)
    while (state.split < 0).any():
        free = np.flatnonzero((state.split < 0).any(1))
        held = np.stack([np.where(state.split[free] == s, size, 0).sum(1) for s in range(splits)], axis=1)
        split = (held / targets[free]).argmin(1)
        pull = rng.random((len(free), units))
        pull += state.gains[free, :, split][:, [0, graph.ties_column]].sum(1) * (free % 2)[:, None]
        unit = np.where(state.split[free] < 0, pull, -1).argmax(1)
        state.move(free, unit, split)


def _cover_columns(
    first: np.ndarray,
    second: np.ndarray,
    present: np.ndarray,
    units: int,
    splits: int,
    rng: np.random.Generator,
) -> dict[int, int]:
    """Return the splits of some units, so that every split has every column, as far as random edges allow.

    `present` (edges, C) says which columns each edge has videos of.
    """
    split_of = np.full(units, -1)
    columns = [c for c in np.argsort(present.sum(0), kind="stable") if present[:, c].any()]
    for column in columns:
        edges = np.flatnonzero(present[:, column])
        for split in rng.permutation(splits):
            one, two = split_of[first[edges]], split_of[second[edges]]
            if ((one == split) & (two == split)).any():
                continue
            fits = edges[((one < 0) | (one == split)) & ((two < 0) | (two == split))]
            if len(fits):
                edge = rng.choice(fits)
                split_of[[first[edge], second[edge]]] = split
    return {int(unit): int(split_of[unit]) for unit in np.flatnonzero(split_of >= 0)}
