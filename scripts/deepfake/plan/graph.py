"""The graph of units to be split, and the objectives by which a split of it is measured.

A unit is one or more people, or groups of videos, that stay together. Videos lie on one unit, or between two.
Ties are between two units whose people look alike: each is a video that is lost if they are in two splits. In
shapes n is the number of units, k of splits, and C of columns: all videos, real, fake, the real videos of
each kind of face, ties, and then the videos of each manipulation method.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

CLASSES = slice(1, 3)
MIN_SHARE = 0.5  # of its ratio a split should have of the reals and of the fakes
MIN_SHARE_OF_KIND = 0.75  # and of the reals of each kind of face
DENSE = 4e6  # numbers up to which a dense array is faster than a sparse one


@dataclass(frozen=True)
class Graph:
    """Units of videos to be split.

    `own` (n, C) counts the videos on one unit; `between` (edges, C) those between the units `first` and
    `second` (edges,). `links` (n, C * n) has the numbers of `between`, at [i, column * n + j] for either
    order of i and j. `ratios` (k,) add up to 1. `tolerance` (k,) is how far the share of each split may
    differ from its ratio. `kinds` is the number of kinds of faces.
    """

    own: np.ndarray
    first: np.ndarray
    second: np.ndarray
    between: np.ndarray
    links: sparse.csr_array | np.ndarray
    ratios: np.ndarray
    tolerance: np.ndarray
    kinds: int = 0

    @property
    def ties_column(self) -> int:
        """The column of ties."""
        return 3 + self.kinds

    @property
    def methods(self) -> slice:
        """The columns of manipulation methods."""
        return slice(4 + self.kinds, None)

    @property
    def least_shares(self) -> np.ndarray:
        """What part of its ratio a split should have of each of the first columns, (3 + kinds,)."""
        return np.array([0.0, MIN_SHARE, MIN_SHARE] + [MIN_SHARE_OF_KIND] * self.kinds)

    @property
    def videos(self) -> float:
        """The number of all videos."""
        return self.own[:, 0].sum() + self.between[:, 0].sum()

    @property
    def ties(self) -> float:
        """The number of all ties."""
        return self.between[:, self.ties_column].sum()


def make_graph(
    first: np.ndarray,
    second: np.ndarray,
    counts: np.ndarray,
    units: int,
    ratios: np.ndarray,
    tolerance: float,
    kinds: int = 0,
) -> Graph:
    """Return the graph of rows of videos, with `counts` (rows, C) and the two units of each row, (rows,).

    A row lies on one unit where `first` equals `second`. Rows with the same units are added up.
    """
    on_one, columns = first == second, counts.shape[1]
    own = np.zeros((units, columns))
    np.add.at(own, first[on_one], counts[on_one])
    pair = np.minimum(first, second)[~on_one] * units + np.maximum(first, second)[~on_one]
    pairs, place = np.unique(pair, return_inverse=True)
    between = np.zeros((len(pairs), columns))
    np.add.at(between, place, counts[~on_one])
    first, second = pairs // units, pairs % units
    edge, column = np.nonzero(between)
    row = np.concatenate([first[edge], second[edge]])
    other = np.concatenate([second[edge], first[edge]]) + np.tile(column, 2) * units
    links = (np.tile(between[edge, column], 2), (row, other))
    links = sparse.csr_array(links, shape=(units, units * columns))
    if units * units * columns < DENSE:
        links = links.toarray()
    tolerances = np.minimum(tolerance, MIN_SHARE * ratios)
    return Graph(own, first, second, between, links, ratios, tolerances, kinds)


def count_kept(graph: Graph, split: np.ndarray) -> np.ndarray:
    """Return the videos kept in each split, (chains, C, k), for `split` (chains, n) of each unit."""
    splits = np.arange(len(graph.ratios))
    ends = split[:, graph.first] == splits[:, None, None], split[:, graph.second] == splits[:, None, None]
    between = np.stack([[chain @ graph.between for chain in part] for part in ends[0] & ends[1]], axis=-1)
    return between + np.stack([[row @ graph.own for row in split == part] for part in splits], axis=-1)


def objectives(graph: Graph, kept: np.ndarray) -> np.ndarray:
    """Return what is to be minimised, the most important first, (chains, 5), of `kept` (chains, C, k).

    - pairs of a split and a class that it lacks;
    - pairs of a split and a method that it lacks;
    - the sum over splits of what the share of the kept videos lies beyond the tolerance, and of what the
      share of each class, and of the reals of each kind of face, lies below the minimum;
    - minus the number of videos kept, and of ties within a split;
    - the sum over splits of how far the shares of reals and of fakes lie from the ratios.
    """
    beyond, class_deviation = _deviations(graph, kept)
    empty = (kept == 0) & present_columns(graph)[:, None]
    columns = [empty[:, CLASSES].sum((1, 2)), empty[:, graph.methods].sum((1, 2))]
    held = kept[:, 0].sum(-1) + kept[:, graph.ties_column].sum(-1)
    return np.stack([*columns, beyond, -held, class_deviation.round(9)], axis=-1)


def present_columns(graph: Graph) -> np.ndarray:
    """Return which columns have any video, bool (C,); ties are none."""
    present = (graph.own.sum(0) + graph.between.sum(0)) > 0
    present[graph.ties_column] = False
    return present


def _deviations(graph: Graph, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two of the objectives of `kept` (..., C, k): beyond the tolerance, and class deviation."""
    least = graph.least_shares[1:, None]
    kept = kept[..., : graph.ties_column, :]
    total = np.maximum(kept.sum(-1, keepdims=True), 1)
    off = kept / total - graph.ratios
    present = present_columns(graph)[1 : graph.ties_column, None]
    below = (-off[..., 1:, :] - (1 - least) * graph.ratios) * present
    above = np.maximum(np.abs(off[..., 0, :]) - graph.tolerance, 0).sum(-1)
    beyond = above + np.maximum(below, 0).sum((-1, -2))
    return beyond.round(9), np.abs(off[..., CLASSES, :]).sum((-1, -2))
