"""Near-duplicates: the clusters of perceptual hashes that lie close together, among a million of them.

No near pair is overlooked, and yet few pairs are compared. Cut the 64 bits into `distance` + 1 bands: where
at most `distance` bits differ, one band at least is equal (the pigeonhole principle; Manber 1994, Norouzi et
al. 2012). So only hashes with an equal band, those of a bucket, need comparing. Real hashes crowd in few
buckets: a crowded one is cut again by the bits not known to be equal, for which the same holds, and so on.
"""

import re
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

CROWDED = 128  # hashes in a bucket, at least 2; in a larger one not every pair is compared
LINKS = 1 << 17  # pairs to hold in memory before those that they join are made one


def parse_hashes(texts: Iterable[str]) -> np.ndarray:
    """Hashes of 16 hexadecimal digits each as uint64 (n,); ValueError names the first text that is none."""
    texts = list(texts)
    try:
        data = bytes.fromhex("".join(texts))
        whole = set(map(len, texts)) <= {16} and len(data) == 8 * len(texts)  # fromhex passes over spaces
    except (TypeError, ValueError):
        whole = False
    if not whole:
        wrong = next(t for t in texts if not re.fullmatch("[0-9a-fA-F]{16}", t if isinstance(t, str) else ""))
        raise ValueError(f"{wrong!r} is no hash of 16 hexadecimal digits")
    return np.frombuffer(data, ">u8").astype(np.uint64)


def cluster_hashes(hashes: np.ndarray, distance: int) -> np.ndarray:
    """For each of `hashes`, uint64 (n,), the smallest index in its cluster, int64 (n,).

    Two hashes that differ in at most `distance` bits (0 to 7) are in one cluster, and so are two that others
    join through such steps. The clusters don't depend on the order of the hashes. Those of perceptual_hash
    differ in an even number of bits, as 32 of each are set (but for ties): 3 means for them what 2 does.
    """
    distinct, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    group = np.arange(len(distinct))
    if distance:
        _join_near(distinct, np.arange(len(distinct)), np.uint64(0), distance, group)
    smallest = np.full(len(distinct), len(hashes), np.int64)
    np.minimum.at(smallest, group, index)
    return smallest[group][inverse]


def _join_near(
    hashes: np.ndarray, rows: np.ndarray, agreed: np.uint64, distance: int, group: np.ndarray
) -> None:
    """Joins in `group` whatever is near among those `hashes[rows]` that have equal bits where `agreed` has 1.

    `hashes` are distinct and in order, and so are `rows`. `group` (as long as `hashes`) holds for each hash
    one of its group, the same for all of them.
    """
    values = hashes[rows]
    vary = np.bitwise_or.reduce(values) & ~np.bitwise_and.reduce(values) & ~agreed
    free = [bit for bit in np.uint64(1) << np.arange(64, dtype=np.uint64) if bit & vary]
    for turn in range(distance + 1):
        band = agreed | np.bitwise_or.reduce(np.array(free[turn :: distance + 1], np.uint64))
        order, size = _buckets(values & band)
        _join_within(values[order], rows[order], np.minimum(size, CROWDED), distance, group)
        # What is one group by now needs no comparing. So this ends: with at most `distance` bits free, all
        # in a bucket are near their neighbours; with more, every band has a bit, and fewer are free below.
        order, size = order[size > CROWDED], size[size > CROWDED]
        if len(order):
            start = np.flatnonzero(np.r_[True, np.diff(values[order] & band) != 0])
            of = group[rows[order]]
            many = np.minimum.reduceat(of, start) != np.maximum.reduceat(of, start)
            many = np.repeat(many, size[start])
            if many.any():
                _join_near(hashes, np.sort(rows[order[many]]), band, distance, group)


def _buckets(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The indices of all keys that are there twice or more, equal ones side by side, and how many are equal.

    Both have the shape (m,), the largest buckets come first, and within a bucket the order stays.
    """
    order = np.argsort(keys, kind="stable")
    start = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0]) if len(keys) else order
    size = np.diff(np.r_[start, len(keys)])
    size = np.repeat(size, size)
    order, size = order[size > 1], size[size > 1]
    by_size = np.argsort(-size, kind="stable")
    return order[by_size], size[by_size]


def _join_within(
    values: np.ndarray, rows: np.ndarray, size: np.ndarray, distance: int, group: np.ndarray
) -> None:
    """Joins what is near among neighbours of a bucket: each with the next, the next but one, and so on.

    `size` (m,), descending, says how far to go; up to the bucket's size it is every pair. Where a step leads
    into another bucket no harm is done: two hashes are joined only if they are near.
    """
    of = group[rows]
    steps = np.arange(1, size[0] if len(size) else 1)
    found, links = [], 0
    ends = np.searchsorted(-size, -steps)  # before them lie the buckets that are larger than the step
    for step, end in zip(steps, ends, strict=True):
        near = np.bitwise_count(values[step:end] ^ values[: end - step]) <= distance
        first = np.flatnonzero(near & (of[step:end] != of[: end - step]))
        if len(first):
            found.append(np.stack([of[first], of[first + step]]))
            links += len(first)
        if links > LINKS or (found and step == steps[-1]):
            _join(np.hstack(found), group)
            of, found, links = group[rows], [], 0


def _join(pairs: np.ndarray, group: np.ndarray) -> None:
    """Makes one of the two groups of each of `pairs`, int64 (2, m); it has the smaller one's number."""
    ends, place = np.unique(pairs, return_inverse=True)
    first, second = place.reshape(2, -1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(len(ends), len(ends)))
    _, part = connected_components(graph, directed=False)
    _, smallest = np.unique(part, return_index=True)
    merged = np.arange(len(group))
    merged[ends] = ends[smallest[part]]
    group[:] = merged[group]
