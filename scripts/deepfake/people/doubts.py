"""How sure a grouping of faces is: where a person nearly falls apart, and who is most like somebody else.

Halves and groups are compared by the mean dot product that linkage.average_linkage uses, so that their
distances lie on the two sides of its limit. `vectors` are those of neighbours.whole_numbers, `groups` a whole
number for each of them.
"""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from deepfake.people.neighbours import SCALE, distances, nearest, whole_numbers

MOST = 2000  # vectors of a group that are compared with each other, of n² pairs


def halves(
    vectors: np.ndarray, groups: np.ndarray, linked: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return for each vector the half of its group, 1 or 2, and the mean distance between both halves.

    The halves are what average linkage within the group joins last; the first vector is in half 1. Only those
    that are `linked` (n,), by default all, make the halves, and the others of their group go to the half that
    they are nearer to; so do most of a group of more than MOST, of which evenly spaced ones are linked. In a
    group in which none is linked, all are. Of a group with one linked vector the half is 1, the distance nan.
    """
    half, apart = np.ones(len(vectors), np.int64), np.full(len(vectors), np.nan)
    for members in _members(groups):
        chosen = np.arange(len(members)) if linked is None else np.flatnonzero(linked[members])
        chosen = chosen if len(chosen) else np.arange(len(members))
        if len(chosen) > 1:
            half[members] = _halves(vectors[members], chosen)
            sides = (members[chosen[half[members[chosen]] == number]] for number in (1, 2))
            one, other = (vectors[side].mean(axis=0, dtype=np.float64) for side in sides)
            apart[members] = distances(one @ other)
    return half, apart


def _halves(vectors: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Return the half of each vector, 1 or 2, by linking those at the positions `chosen`, two at least."""
    if len(chosen) > MOST:
        chosen = chosen[np.linspace(0, len(chosen) - 1, MOST).round().astype(np.int64)]
    products = (vectors[chosen] @ vectors[chosen].T).astype(np.float64)  # exact, so the same both ways
    unlike = squareform(2 * SCALE**2 - products, checks=False)  # of rounded vectors it may exceed SCALE²
    linked = fcluster(linkage(unlike, "average"), 2, "maxclust")
    if len(set(linked)) == 1:  # all are equally alike
        linked = np.where(np.arange(len(chosen)), 2, 1)
    means = np.rint([vectors[chosen[linked == number]].mean(axis=0, dtype=np.float64) for number in (1, 2)])
    half = (vectors @ means.T).argmax(axis=1) + 1
    half[chosen] = linked
    return np.where(half == half[0], 1, 2)


def nearest_groups(vectors: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each vector the other group that is most like its own, and the mean distance to that.

    Of equally near groups it is the lowest number; with one group only, it is that itself, at distance nan.
    """
    numbers, place = np.unique(groups, return_inverse=True)
    if len(numbers) < 2:
        return groups.copy(), np.full(len(groups), np.nan)
    means = np.stack([vectors[members].mean(axis=0, dtype=np.float64) for members in _members(groups)])
    means = whole_numbers(means / SCALE)
    found, apart = nearest(means, means, 2)  # a mean of unlike faces may be nearer another than itself
    column = (found[:, 0] == np.arange(len(numbers))).astype(np.int64)
    rows = np.arange(len(numbers))
    return numbers[found[rows, column]][place], apart[rows, column][place]


def nearest_across(vectors: np.ndarray, split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each vector the position of the nearest one in another split, and the distance to it.

    `split` (n,) are whole numbers; a vector with -1 is in no split. Its position is -1, and that of vectors
    without another split, and the distance nan. Of equally near ones it is the first.
    """
    found, apart = np.full(len(vectors), -1), np.full(len(vectors), np.nan)
    for number in np.unique(split[split >= 0]):
        own, others = np.flatnonzero(split == number), np.flatnonzero((split >= 0) & (split != number))
        if len(others):
            places, far = nearest(vectors[own], vectors[others])
            found[own], apart[own] = others[places[:, 0]], far[:, 0]
    return found, apart


def _members(groups: np.ndarray) -> list[np.ndarray]:
    """Return the positions of each group's members, in the order of the groups' numbers."""
    order = np.argsort(groups, kind="stable")
    _, starts = np.unique(np.asarray(groups)[order], return_index=True)
    return np.split(order, starts[1:]) if len(order) else []
