"""Clusters of near-duplicate images, found among millions of perceptual hashes.

Two 64-bit hashes are near if at most `distance` bits differ. To find all near pairs without comparing every
pair, cut the bits into `distance` + 1 bands. Two near hashes are equal in at least one band (pigeonhole
principle; Manber 1994, Norouzi et al. 2012), so only hashes with an equal band, a bucket, are compared. Real
hashes crowd into few buckets. A crowded bucket is cut again by the bits that aren't known to be equal, for
which the same argument holds, and so on.
"""

import re
from collections.abc import Iterable

import numpy as np

from deepfake.groups import smallest_nodes

CROWDED = 128  # hashes in a bucket, at least 2; in a larger bucket not every pair is compared
MAX_PAIRS = 1 << 17  # pairs held in memory before their groups are merged


def parse_hashes(texts: Iterable[str]) -> np.ndarray:
    """Return hashes of 16 hexadecimal digits each as uint64 (n,).

    Raises ValueError, which names the first text that is not such a hash.
    """
    texts = list(texts)
    try:
        data = bytes.fromhex("".join(texts))
        valid = set(map(len, texts)) <= {16} and len(data) == 8 * len(texts)  # fromhex ignores spaces
    except (TypeError, ValueError):
        valid = False
    if not valid:
        wrong = next(t for t in texts if not re.fullmatch("[0-9a-fA-F]{16}", t if isinstance(t, str) else ""))
        raise ValueError(f"{wrong!r} is no hash of 16 hexadecimal digits")
    return np.frombuffer(data, ">u8").astype(np.uint64)


def bits_apart(distance: int) -> str:
    """Return in how many bits near hashes differ, as text, for a setting `duplicates`: an even number."""
    if distance % 2 == 0:
        return f"at most {distance} bits"
    return f"at most {distance - 1} bits (distances are even, so `duplicates: {distance}` is the same)"


def cluster_hashes(hashes: np.ndarray, distance: int) -> np.ndarray:
    """Return for each of `hashes`, uint64 (n,), the smallest index in its cluster, int64 (n,).

    Two hashes are in one cluster if at most `distance` bits (0 to 7) differ, or if a chain of such pairs
    links them. The clusters don't depend on the order of the hashes.

    Values of perceptual_hash differ in an even number of bits, because 32 of their bits are set (except for
    ties). For them a distance of 3 means the same as 2.
    """
    distinct, index, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    group = np.arange(len(distinct))
    if distance:
        _merge_near(distinct, np.arange(len(distinct)), np.uint64(0), distance, group)
    smallest = np.full(len(distinct), len(hashes), np.int64)
    np.minimum.at(smallest, group, index)
    return smallest[group][inverse]


def _merge_near(
    hashes: np.ndarray, rows: np.ndarray, equal_bits: np.uint64, distance: int, group: np.ndarray
) -> None:
    """Merge in place the groups of near hashes among `hashes[rows]`, which all have the same `equal_bits`.

    `hashes` (n,) are distinct and sorted, and so are `rows`. `group` (n,) holds one index of each hash's
    group, the same index for the whole group.
    """
    values = hashes[rows]
    vary = np.bitwise_or.reduce(values) & ~np.bitwise_and.reduce(values) & ~equal_bits
    free = [bit for bit in np.uint64(1) << np.arange(64, dtype=np.uint64) if bit & vary]
    for first_bit in range(distance + 1):
        band = equal_bits | np.bitwise_or.reduce(np.array(free[first_bit :: distance + 1], np.uint64))
        order, size = _buckets(values & band)
        _merge_in_buckets(values[order], rows[order], np.minimum(size, CROWDED), distance, group)
        # What is one group by now needs no more comparison. So the recursion ends: with at most `distance`
        # free bits, all hashes of a bucket are near their neighbours; with more, every band has a free bit,
        # so that fewer are free below.
        order, size = order[size > CROWDED], size[size > CROWDED]
        if len(order):
            start = np.flatnonzero(np.r_[True, np.diff(values[order] & band) != 0])
            groups = group[rows[order]]
            unmerged = np.minimum.reduceat(groups, start) != np.maximum.reduceat(groups, start)
            unmerged = np.repeat(unmerged, size[start])
            if unmerged.any():
                _merge_near(hashes, np.sort(rows[order[unmerged]]), band, distance, group)


def _buckets(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices (m,) of all keys that occur more than once, and how often each key occurs (m,).

    Equal keys are adjacent, in their given order; the largest buckets come first.
    """
    order = np.argsort(keys, kind="stable")
    start = np.flatnonzero(np.r_[True, np.diff(keys[order]) != 0]) if len(keys) else order
    size = np.diff(np.r_[start, len(keys)])
    size = np.repeat(size, size)
    order, size = order[size > 1], size[size > 1]
    by_size = np.argsort(-size, kind="stable")
    return order[by_size], size[by_size]


def _merge_in_buckets(
    values: np.ndarray, rows: np.ndarray, size: np.ndarray, distance: int, group: np.ndarray
) -> None:
    """Merge in place the groups of near neighbours: each hash with the next, the next but one, and so on.

    `size` (m,), descending, is the number of neighbours to compare; with the size of the bucket it is every
    pair. A step that leads into another bucket does no harm: only near hashes are merged.
    """
    groups = group[rows]
    steps = np.arange(1, size[0] if len(size) else 1)
    pairs, count = [], 0
    ends = np.searchsorted(-size, -steps)  # the buckets larger than the step end there
    for step, end in zip(steps, ends, strict=True):
        near = np.bitwise_count(values[step:end] ^ values[: end - step]) <= distance
        first = np.flatnonzero(near & (groups[step:end] != groups[: end - step]))
        if len(first):
            pairs.append(np.stack([groups[first], groups[first + step]]))
            count += len(first)
        if count > MAX_PAIRS or (pairs and step == steps[-1]):
            merged = np.arange(len(group))
            linked, codes = np.unique(np.hstack(pairs), return_inverse=True)
            merged[linked] = linked[smallest_nodes(*codes.reshape(2, -1), len(linked))]
            group[:] = merged[group]
            groups, pairs, count = group[rows], [], 0
