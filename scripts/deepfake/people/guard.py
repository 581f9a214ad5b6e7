"""The guard band: what is left out so that nobody in one split looks like anybody in another.

However well people are told apart, some faces in two splits lie nearer to each other than those of two
people should. Of each such pair one must go. Which ones go is chosen so that as little as possible is lost:
that is a minimum weighted vertex cover, which in a graph of two sides is a minimum cut (König 1931, Ford and
Fulkerson 1956). One video of train that looks like thirty of test then costs one video, and not thirty.
"""

from typing import NamedTuple

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from deepfake.people.neighbours import are_among, blocks, distances, least_product

UNITS = 1000  # of weight, that the least weight comes to: the cut is found in whole numbers
UNLIMITED = 2**30


class Band(NamedTuple):
    """What the guard band leaves out, for each vector: whether it does, `out`; where so also the nearest
    vector in another split, `like`, a position, and how far it is, `distance`; elsewhere -1 and nan."""

    out: np.ndarray
    like: np.ndarray
    distance: np.ndarray


def no_band(number: int) -> Band:
    """Return the band of `number` vectors that leaves out none of them."""
    return Band(np.zeros(number, bool), np.full(number, -1), np.full(number, np.nan))


def guard_band(
    vectors: np.ndarray,
    split: np.ndarray,
    weights: np.ndarray,
    distance: float,
    apart: np.ndarray | None = None,
) -> Band:
    """Return what to leave out so that no two vectors of two splits are at most `distance` apart.

    `vectors` (n, d) are those of neighbours.whole_numbers. `split` (n,) are whole numbers: 0 is kept apart
    from all higher ones first, then 1, and so on; a vector with -1 is in no split. `weights` (n,), above 0,
    say how much is lost with each. `apart` (m, 2) are pairs that are known to be two people and may be near.
    """
    out = np.zeros(len(vectors), bool)
    like, how_far = np.full(len(vectors), -1), np.full(len(vectors), np.nan)
    weights = np.rint(weights / weights.min(initial=np.inf) * UNITS)
    for number in range(int(split.max(initial=0))):
        sides = np.flatnonzero((split == number) & ~out), np.flatnonzero((split > number) & ~out)
        pairs, products = _near_across(vectors, *sides, distance, apart)
        out[_cover(pairs, weights)] = True
        both, twice = np.concatenate([pairs, pairs[:, ::-1]]), np.concatenate([products, products])
        both, twice = both[out[both[:, 0]]], twice[out[both[:, 0]]]
        order = np.lexsort([both[:, 1], -twice, both[:, 0]])  # of equally near ones the first
        video, nearest = np.unique(both[order, 0], return_index=True)
        like[video], how_far[video] = both[order[nearest], 1], distances(twice[order[nearest]])
    return Band(out, like, how_far)


def _near_across(
    vectors: np.ndarray, one: np.ndarray, other: np.ndarray, distance: float, apart: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the near pairs between two sets of positions, (m, 2), and their products, (m,)."""
    least, pairs, products = least_product(distance), [np.empty((0, 2), np.int64)], [np.empty(0)]
    for start, block in blocks(vectors[one], vectors[other]):
        rows, columns = np.nonzero(block >= least)
        pairs.append(np.stack([one[start + rows], other[columns]], axis=1))
        products.append(block[rows, columns])
    near, product = np.concatenate(pairs), np.concatenate(products)
    if apart is None:
        return near, product
    unknown = ~are_among(near, apart, len(vectors))
    return near[unknown], product[unknown]


def _cover(pairs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the positions, of the least weight in sum, of which each pair has at least one.

    `pairs` (m, 2) are positions of one side and of the other.
    """
    if not len(pairs):
        return np.empty(0, np.int64)
    (one, row), (other, column) = (np.unique(side, return_inverse=True) for side in pairs.T)
    rows, columns = np.arange(len(one)), len(one) + np.arange(len(other))
    source, sink = len(one) + len(other), len(one) + len(other) + 1
    tails = np.concatenate([np.full(len(one), source), row, columns])
    heads = np.concatenate([rows, len(one) + column, np.full(len(other), sink)])
    capacity = np.concatenate([weights[one], np.full(len(pairs), UNLIMITED), weights[other]])
    graph = csr_array((capacity.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    rest = (graph - maximum_flow(graph, source, sink).flow).tocsr()
    rest.eliminate_zeros()
    reached = np.zeros(sink + 1, bool)
    reached[breadth_first_order(rest, source, return_predecessors=False)] = True
    return np.concatenate([one[~reached[rows]], other[reached[columns]]])
