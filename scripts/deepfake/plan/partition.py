"""Which split each person goes to where people are linked by swaps, so that few videos have to be dropped.

A corpus of face swaps is a graph: people (or groups of videos that must stay together) are nodes, a real
video lies on one node, a fake on an edge from its target to its source. A video whose two nodes are in
different splits would leak one of them and must be dropped.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake.groups import connected_components
from deepfake.hashing import seeded_hash
from deepfake.plan import tabu

CHAINS, STEPS = 96, 3000  # of one search, at most
WORK = 1e8  # units times kinds times splits times steps of all chains, at most: bounds the time
BUNDLES = 64  # about so many units does a search see of those without a link
KEY = ["missing_classes", "missing_methods", "beyond", "dropped", "uneven"]


class Rows(NamedTuple):
    """Rows of videos: the numbers of their two nodes, (rows,), and how many of each kind, (rows, C)."""

    first: np.ndarray
    second: np.ndarray
    held: np.ndarray


def partition(videos: pd.DataFrame, ratios: dict[str, float], tolerance: float, seed: int) -> pd.Series:
    """From each node, by name and sorted, to the name of its split.

    `videos` has the columns node and other (names, str; equal where the video lies on one node), class
    (`real` or `fake`), method (str, empty for reals) and weight (how many such videos; int, 0 or more).
    Wanted are, in this order: as few classes missing in a split as possible, then as few manipulation
    methods, then shares of the kept videos that differ from `ratios` by at most `tolerance` (a part of the
    kept videos, such as 0.05), of small ratios by at most half of them, and of the reals and the fakes at
    least half of each ratio; then as many videos kept as possible, then shares of reals and fakes near the
    ratios. Not every wish can be met: see `outcome`.

    The tolerance holds for reals and fakes together. Reals follow the people, fakes the pairs of them: where
    all are linked, a split with a part p of the people keeps p of the reals and p² of the fakes, so that the
    small splits have more reals for each fake than the large one.

    Depends on what the rows say and on `seed`, not on the order of rows or splits. Raises ValueError for
    another class than these two, for a negative weight and where no ratio is above 0.
    """
    names, rows = _rows(videos)
    splits, parts = _splits(ratios)
    if not names:
        return pd.Series(dtype=str)
    draws = {name: (seeded_hash(seed, "people", name), name) for name in names}
    names = sorted(names, key=draws.get)
    number = {name: place for place, name in enumerate(names)}
    first, second = (rows[column].map(number).to_numpy(int) for column in ("node", "other"))
    root = connected_components([*zip(first.tolist(), second.tolist(), strict=True)])
    whole = np.array([root[node] for node in range(len(names))], int)  # of each node, its component
    where = _best(Rows(first, second, _kinds(rows)), whole, parts, tolerance, seed)
    return pd.Series(np.array(splits, object)[where], names, dtype=str).sort_index()


def outcome(videos: pd.DataFrame, where: pd.Series, ratios: dict[str, float], tolerance: float) -> dict:
    """What a partition leads to, in numbers.

    missing_classes and missing_methods (pairs of a split and what it lacks), beyond (the sum over splits of
    what a share lies beyond the tolerance), dropped and uneven (as sorted by `partition`, the least first);
    videos, kept, and shares: from each split to its parts of the kept videos, of the reals and of the fakes.
    """
    names, rows = _rows(videos)
    splits, parts = _splits(ratios)
    number = {name: place for place, name in enumerate(names)}
    ends = (rows[column].map(number).to_numpy(int) for column in ("node", "other"))
    graph = tabu.make_graph(*ends, _kinds(rows), len(names), parts, tolerance)
    kept = tabu.kept_by_split(graph, where[names].map(splits.index).to_numpy(int)[None])
    facts = dict(zip(KEY, tabu.keys(graph, kept)[0].tolist(), strict=True))
    total, every = kept[0, 0].sum(), kept[0, :3]
    facts |= {"dropped": int(graph.videos - total), "videos": int(graph.videos), "kept": int(total)}
    shares = (every / np.maximum(every.sum(1, keepdims=True), 1)).T.tolist()
    return facts | {"shares": dict(zip(splits, shares, strict=True))}


def _rows(videos: pd.DataFrame) -> tuple[list[str], pd.DataFrame]:
    """All nodes, sorted, and the rows in an order of their own."""
    if bad := sorted(set(videos["class"]) - {"real", "fake"}):
        raise ValueError(f"class {bad[0]!r}: write real or fake")
    if (videos["weight"] < 0).any():
        raise ValueError("weight: a row has less than 0 videos")
    columns = ["node", "other", "class", "method"]
    rows = videos.groupby(columns, as_index=False)["weight"].sum()
    return sorted({*rows["node"], *rows["other"]}), rows


def _splits(ratios: dict[str, float]) -> tuple[list[str], np.ndarray]:
    """Splits with a ratio above 0, the largest first, and their parts of 1."""
    splits = sorted((split for split in ratios if ratios[split] > 0), key=lambda s: (-ratios[s], s))
    if not splits:
        raise ValueError(f"splits = {ratios}: no ratio is above 0")
    parts = np.array([ratios[split] for split in splits], float)
    return splits, parts / parts.sum()


def _kinds(rows: pd.DataFrame) -> np.ndarray:
    """The videos of each row, (rows, C), by kind as in tabu.Graph."""
    weight, fake = rows["weight"].to_numpy(float), (rows["class"] == "fake").to_numpy()
    methods = sorted(set(rows.loc[fake, "method"]) - {""})
    inside = [(fake & (rows["method"] == method)).to_numpy() for method in methods]
    return np.stack([weight, weight * ~fake, weight * fake, *(weight * part for part in inside)], axis=1)


def _best(rows: Rows, whole: np.ndarray, ratios: np.ndarray, tolerance: float, seed: int) -> np.ndarray:
    """The split of each node. At first no component is cut, then one, two, four, while that helps."""
    order, rare = _to_cut(rows, whole, len(ratios))
    best, best_key, cut, idle = None, None, 0, 0
    while True:
        unit = np.where(np.isin(whole, order[:cut]), np.arange(len(whole)), whole)
        fine = np.unique(unit, return_inverse=True)[1]
        coarse = _bundled(fine, rows, len(ratios))
        where, key = _searched(coarse, rows, ratios, tolerance, best, seeded_hash(seed, "cut", cut), CHAINS)
        idle = 0 if best_key is None or key[:4] < best_key[:4] else idle + 1
        if not idle:
            best, best_key, units, bundles = where, key, fine, coarse
        met = best_key[:3] == (0, 0, 0)
        if cut >= len(order) or (met and (idle or cut == 0)) or (idle > 1 and cut >= rare):
            break
        cut = max(1, 2 * cut)
    if bundles.max() == units.max():
        return best
    return _searched(units, rows, ratios, tolerance, best, seeded_hash(seed, "fine"), 1)[0]


def _searched(
    unit: np.ndarray,
    rows: Rows,
    ratios: np.ndarray,
    tolerance: float,
    given: np.ndarray | None,
    seed: int,
    chains: int,
) -> tuple[np.ndarray, tabu.Key]:
    """The split of each node, where the nodes of a `unit` stay together, and its key."""
    graph = tabu.make_graph(unit[rows.first], unit[rows.second], rows.held, unit.max() + 1, ratios, tolerance)
    if len(graph.own) == 1 or len(ratios) == 1:  # nothing to choose: all in the largest split
        alone = np.zeros(len(graph.own), int)
        return alone[unit], tuple(tabu.keys(graph, tabu.kept_by_split(graph, alone[None]))[0].tolist())
    starts = [] if given is None else [given[np.unique(unit, return_index=True)[1]]]
    most = WORK / (graph.own.size * len(ratios))  # steps of all chains together
    chains = int(np.clip(most / max(STEPS, len(graph.own)), 1, chains))
    steps = int(np.clip(most / chains, 1, STEPS))
    where, key = tabu.search(graph, starts, chains, steps, np.random.default_rng(seed))
    return where[unit], key


def _to_cut(rows: Rows, whole: np.ndarray, splits: int) -> tuple[np.ndarray, int]:
    """Components of more than one node, those with a kind that few have first, else by size; and how many
    have such a kind.
    """
    count = whole.max() + 1
    size = np.stack([np.bincount(whole[rows.first], column, count) for column in rows.held.T], axis=1)
    rare = (size[:, (size > 0).sum(0) < splits] > 0).any(1)
    several = np.flatnonzero(np.bincount(whole, minlength=count) > 1)
    return several[np.lexsort([several, -size[several, 0], ~rare[several]])], int(rare[several].sum())


def _bundled(unit: np.ndarray, rows: Rows, splits: int) -> np.ndarray:
    """Units numbered anew, small ones without links put together if they hold the same kinds of videos.

    Those stay alone that hold a kind that few have, since that may be needed in each split.
    """
    count = unit.max() + 1
    first, second = unit[rows.first], unit[rows.second]
    own = np.stack([np.bincount(first, column, count) for column in rows.held.T], axis=1)
    linked = np.zeros(count, bool)
    linked[first[first != second]] = linked[second[first != second]] = True
    rare = (own[:, (own > 0).sum(0) < 4 * splits] > 0).any(1)
    small = own[:, 0].sum() / BUNDLES
    loose = np.flatnonzero(~linked & ~rare & (own[:, 0] < small / 2))
    if len(loose) <= BUNDLES:
        return unit
    look = np.unique(own[loose] > 0, axis=0, return_inverse=True)[1]
    loose = loose[np.lexsort([loose, look])]
    turn = (np.cumsum(own[loose, 0]) - own[loose, 0]) // (max(own[loose, 0].sum(), 1) / BUNDLES)
    bundle = np.unique(np.stack([np.sort(look), turn]), axis=1, return_inverse=True)[1]
    number = np.arange(count)
    number[loose] = count + bundle
    return np.unique(number[unit], return_inverse=True)[1]
