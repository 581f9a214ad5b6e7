"""Split people who are linked by face swaps so that as few videos as possible have to be dropped.

A corpus of face swaps is a graph. Its nodes are people, or groups of videos that must stay together. A real
video lies on one node; a fake lies on the edge from its target to its source. A video with its two nodes in
different splits would leak one of them, and must be dropped. Where people look alike, ties between them say
how many videos would have to be dropped if they came to different splits.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake.groups import smallest_nodes
from deepfake.hashing import seeded_hash
from deepfake.plan import tabu
from deepfake.plan.graph import Graph, count_kept, make_graph, objectives

CHAINS, STEPS = 96, 3000  # of one search, at most
MAX_WORK = 1e8  # units times columns times splits times steps of all chains, at most: bounds the time
BUNDLES = 64  # about so many units hold all that have no link
OBJECTIVES = ["missing_classes", "missing_methods", "beyond_tolerance", "dropped", "class_deviation"]
"""The numbers to minimise, the most important first; see partition_quality."""


class Videos(NamedTuple):
    """Counts of videos and ties: the numbers of their two nodes, (rows,) each, and `counts` (rows, C).

    The columns are those of graph.Graph: all videos, real, fake, each of `kinds` kinds of faces, ties, and
    each manipulation method.
    """

    first: np.ndarray
    second: np.ndarray
    counts: np.ndarray
    kinds: int

    def graph(self, unit: np.ndarray, ratios: np.ndarray, tolerance: float) -> Graph:
        """Return the graph of units; `unit` (nodes,) is the unit of each node."""
        ends = unit[self.first], unit[self.second]
        return make_graph(*ends, self.counts, unit.max() + 1, ratios, tolerance, self.kinds)

    def added_up(self, place: np.ndarray, number: int) -> np.ndarray:
        """Return the counts of all rows with each of a `number` of places, float (number, C); none of ties.

        `place` (rows,) is that of each row.
        """
        counts = np.stack([np.bincount(place, column, number) for column in self.counts.T], axis=1)
        counts[:, 3 + self.kinds] = 0
        return counts


def partition(
    videos: pd.DataFrame,
    ratios: dict[str, float],
    tolerance: float,
    seed: int,
    ties: pd.DataFrame | None = None,
) -> pd.Series:
    """Return the name of the split of each node, as a series with the sorted node names as index.

    `videos` has the columns node and other (names, str; equal where the video lies on one node), class
    ("real" or "fake"), method (str, "" for reals) and weight (number of such videos; int, 0 or more).
    With a column kind (str, "" unknown), each split gets its share of the real videos of each kind of face.
    `ratios` are the shares of the splits. `ties` has the columns node, other and ties (int, 1 or more): how
    many videos are lost in other ways if these two nodes come to different splits.

    The objectives are, the most important first:

    1. as few splits as possible without a class;
    2. as few splits as possible without a method;
    3. shares of the kept videos that differ from `ratios` by at most `tolerance` (an absolute share such as
       0.05), and of small ratios by at most half of them; in each split at least half of its ratio of the
       reals and of the fakes, and at least three quarters of its ratio of the reals of each kind;
    4. as many videos kept as possible, and as few ties cut;
    5. shares of the reals and of the fakes near the ratios.

    Not all of them can always be met: see `partition_quality`.

    The tolerance holds for reals and fakes together. The number of reals follows the people, that of fakes
    the pairs of people: if all people are swapped with each other, a split with a share p of the people keeps
    p of the reals and p² of the fakes. So the small splits have more reals for each fake than the large one.

    The result depends on the content of the rows and on `seed`, not on the order of rows or splits. Raises
    ValueError for another class, for a negative weight, and where no ratio is above 0.
    """
    names, rows = _count_videos(videos, ties)
    splits, shares = _splits(ratios)
    if not names:
        return pd.Series(dtype=str)
    names = sorted(names, key=lambda name: (seeded_hash(seed, "people", name), name))
    counted = _numbered(names, rows)
    component = smallest_nodes(counted.first, counted.second, len(names))
    split_of = _cut_components(counted, component, shares, tolerance, seed)
    return pd.Series(np.array(splits, object)[split_of], names, dtype=str).sort_index()


def partition_quality(
    videos: pd.DataFrame,
    split_of: pd.Series,
    ratios: dict[str, float],
    tolerance: float,
    ties: pd.DataFrame | None = None,
) -> dict:
    """Return how good a partition is, in numbers; `split_of` maps nodes to splits.

    - OBJECTIVES, as `partition` minimises them: `missing_classes` and `missing_methods` count pairs of a
      split and what it lacks; `beyond_tolerance` is the sum over splits of what shares lie beyond the
      tolerance; `dropped` counts videos, and ties that are cut; `class_deviation` is the sum over splits of
      how far the shares of reals and of fakes are from the ratios;
    - `videos` and `kept`, numbers of videos;
    - `shares`: for each split its shares of the kept videos, of the kept reals and of the kept fakes.
    """
    names, rows = _count_videos(videos, ties)
    splits, shares = _splits(ratios)
    graph = _numbered(names, rows).graph(np.arange(len(names)), shares, tolerance)
    kept = count_kept(graph, split_of[names].map(splits.index).to_numpy(int)[None])
    quality = dict(zip(OBJECTIVES, objectives(graph, kept)[0].tolist(), strict=True))
    total, by_class = kept[0, 0].sum(), kept[0, :3]
    cut = graph.ties - kept[0, graph.ties_column].sum()
    quality |= {"dropped": int(graph.videos - total + cut), "videos": int(graph.videos), "kept": int(total)}
    kept_shares = (by_class / np.maximum(by_class.sum(1, keepdims=True), 1)).T.tolist()
    return quality | {"shares": dict(zip(splits, kept_shares, strict=True))}


def _count_videos(videos: pd.DataFrame, ties: pd.DataFrame | None) -> tuple[list[str], pd.DataFrame]:
    """Return all nodes, sorted, and the videos with their weights added up, in a fixed order; then the ties.

    Ties have no class and no weight, and videos no ties.
    """
    if invalid := sorted(set(videos["class"]) - {"real", "fake"}):
        raise ValueError(f"class {invalid[0]!r}: write real or fake")
    if (videos["weight"] < 0).any():
        raise ValueError("weight: a row has less than 0 videos")
    columns = ["node", "other", "class", "method", "kind"]
    videos = videos if "kind" in videos else videos.assign(kind="")
    rows = videos.groupby(columns, as_index=False)["weight"].sum().assign(ties=0)
    if ties is not None and len(ties):
        ties = ties.assign(**{"class": "", "method": "", "kind": "", "weight": 0})
        rows = pd.concat([rows, ties[rows.columns]], ignore_index=True)
    return sorted({*rows["node"], *rows["other"]}), rows


def _splits(ratios: dict[str, float]) -> tuple[list[str], np.ndarray]:
    """Return the splits with a ratio above 0, the largest first, and their shares, which add up to 1."""
    splits = sorted((split for split in ratios if ratios[split] > 0), key=lambda s: (-ratios[s], s))
    if not splits:
        raise ValueError(f"splits = {ratios}: no ratio is above 0")
    shares = np.array([ratios[split] for split in splits], float)
    return splits, shares / shares.sum()


def _numbered(names: list[str], rows: pd.DataFrame) -> Videos:
    """Return rows of _count_videos with numbers for nodes, their places in `names`."""
    number = {name: place for place, name in enumerate(names)}
    first, second = (rows[column].map(number).to_numpy(int) for column in ("node", "other"))
    return Videos(first, second, _columns(rows), len(set(rows["kind"]) - {""}))


def _columns(rows: pd.DataFrame) -> np.ndarray:
    """Return the numbers of each row in the columns of graph.Graph, (rows, C)."""
    weight, fake = rows["weight"].to_numpy(float), (rows["class"] == "fake").to_numpy()
    methods = sorted(set(rows.loc[fake, "method"]) - {""})
    of_method = [(fake & (rows["method"] == method)).to_numpy() for method in methods]
    kinds = sorted(set(rows["kind"]) - {""})
    of_kind = [~fake & (rows["kind"] == kind).to_numpy() for kind in kinds]
    columns = [weight, weight * ~fake, weight * fake, *(weight * mask for mask in of_kind)]
    columns += [rows["ties"].to_numpy(float), *(weight * mask for mask in of_method)]
    return np.stack(columns, axis=1)


def _cut_components(
    videos: Videos, component: np.ndarray, ratios: np.ndarray, tolerance: float, seed: int
) -> np.ndarray:
    """Return the split of each node. At first no component is cut, then 1, 2, 4, … while that helps.

    `component` (nodes,) is the component of each node.
    """
    order, rare = _components_to_cut(videos, component, len(ratios))
    best, best_key, cut, useless = None, None, 0, 0
    while True:
        unit = np.where(np.isin(component, order[:cut]), np.arange(len(component)), component)
        fine = np.unique(unit, return_inverse=True)[1]
        coarse = _bundle(fine, videos, len(ratios))
        split_of, key = _search(
            coarse, videos, ratios, tolerance, best, seeded_hash(seed, "cut", cut), CHAINS
        )
        useless = 0 if best_key is None or key[:4] < best_key[:4] else useless + 1
        if not useless:
            best, best_key, units, bundles = split_of, key, fine, coarse
        met = best_key[:3] == (0, 0, 0)
        if cut >= len(order) or (met and (useless or cut == 0)) or (useless > 1 and cut >= rare):
            break
        cut = max(1, 2 * cut)
    if bundles.max() == units.max():
        return best
    return _search(units, videos, ratios, tolerance, best, seeded_hash(seed, "fine"), 1)[0]


def _search(
    unit: np.ndarray,
    videos: Videos,
    ratios: np.ndarray,
    tolerance: float,
    initial: np.ndarray | None,
    seed: int,
    chains: int,
) -> tuple[np.ndarray, tabu.Key]:
    """Return the best split of each node that a search finds, and its objectives.

    `unit` (nodes,) is the unit of each node; the nodes of a unit stay together. `initial` (nodes,) is a
    split of each node to start from, or None.
    """
    graph = videos.graph(unit, ratios, tolerance)
    if len(graph.own) == 1 or len(ratios) == 1:  # nothing to choose: all are in the largest split
        largest = np.zeros(len(graph.own), int)
        return largest[unit], tuple(objectives(graph, count_kept(graph, largest[None]))[0].tolist())
    starts = [] if initial is None else [initial[np.unique(unit, return_index=True)[1]]]
    all_steps = MAX_WORK / (len(graph.own) * (graph.own.shape[1] - 1) * len(ratios))  # but for ties
    chains = int(np.clip(all_steps / max(STEPS, len(graph.own)), 1, chains))
    steps = int(np.clip(all_steps / chains, 1, STEPS))
    split_of, key = tabu.search(graph, starts, chains, steps, np.random.default_rng(seed))
    return split_of[unit], key


def _components_to_cut(videos: Videos, component: np.ndarray, splits: int) -> tuple[np.ndarray, int]:
    """Return the components of more than one node, and how many of them have a rare class or method.

    Rare is what fewer components have than there are splits. Components with it come first, then the largest.
    """
    number = component.max() + 1
    size = videos.added_up(component[videos.first], number)
    rare = (size[:, (size > 0).sum(0) < splits] > 0).any(1)
    several = np.flatnonzero(np.bincount(component, minlength=number) > 1)
    return several[np.lexsort([several, -size[several, 0], ~rare[several]])], int(rare[several].sum())


def _bundle(unit: np.ndarray, videos: Videos, splits: int) -> np.ndarray:
    """Return new unit numbers (nodes,), with small units without links bundled if they have the same columns.

    Units with a rare class or method aren't bundled, because each split may need one.
    """
    number = unit.max() + 1
    first, second = unit[videos.first], unit[videos.second]
    own = videos.added_up(first, number)
    linked = np.zeros(number, bool)
    linked[first[first != second]] = linked[second[first != second]] = True
    rare = (own[:, (own > 0).sum(0) < 4 * splits] > 0).any(1)
    small = own[:, 0].sum() / BUNDLES
    loose = np.flatnonzero(~linked & ~rare & (own[:, 0] < small / 2))
    if len(loose) <= BUNDLES:
        return unit
    same_columns = np.unique(own[loose] > 0, axis=0, return_inverse=True)[1]
    loose = loose[np.lexsort([loose, same_columns])]
    bundle = (np.cumsum(own[loose, 0]) - own[loose, 0]) // (max(own[loose, 0].sum(), 1) / BUNDLES)
    bundle = np.unique(np.stack([np.sort(same_columns), bundle]), axis=1, return_inverse=True)[1]
    renumbered = np.arange(number)
    renumbered[loose] = number + bundle
    return np.unique(renumbered[unit], return_inverse=True)[1]
