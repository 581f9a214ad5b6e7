"""People who look alike, though they may not be one person, and how much is lost if splits part them.

A guard band (guard.py) leaves out videos in two splits that are near each other. So it loses the less, the
fewer look-alikes are in two splits.
"""

import heapq

import numpy as np


def ties(owners: np.ndarray, pairs: np.ndarray) -> dict[tuple[int, int], int]:
    """Return for two owners with near videos how many videos are lost if a split parts them.

    `owners` (n,) is a whole number for each video: its person. `pairs` (m, 2) are near videos. Of two owners,
    the smaller first, it is the smaller of two numbers: the videos of one that are near any of the other's,
    and the other way round. To leave those out is enough.
    """
    (names, people), most = np.unique(owners, return_inverse=True), len(owners) + 1
    owner = people[pairs]
    pairs, owner = pairs[owner[:, 0] != owner[:, 1]], owner[owner[:, 0] != owner[:, 1]]
    ends = np.concatenate([owner[:, 0] * len(names) + owner[:, 1], owner[:, 1] * len(names) + owner[:, 0]])
    near = np.unique(
        ends * most + pairs.T.reshape(-1)
    )  # once for each video of the first: one number is sorted fast
    ends, counts = np.unique(near // most, return_counts=True)
    one, other = ends // len(names), ends % len(names)
    lost = np.minimum(counts, counts[np.searchsorted(ends, other * len(names) + one)])
    rows = zip(names[one].tolist(), names[other].tolist(), lost.tolist(), strict=True)
    return {(a, b): count for a, b, count in rows if a < b}


def gather(sizes: np.ndarray, tied: dict[tuple[int, int], int], largest: float) -> np.ndarray:
    """Return for each owner the smallest of those that it is best kept together with, int64 (k,).

    `sizes` (k,) are numbers of videos, and `tied` are numbers as of `ties`. Those with the most ties for each
    pair of their videos come together first, as long as together they have at most `largest` videos; of equal
    ones those with the smallest numbers.
    """
    size, group = sizes.astype(float).tolist(), list(range(len(sizes)))  # lists: faster than arrays here
    around: list[dict[int, int]] = [{} for _ in size]
    for (one, other), count in tied.items():
        around[one][other] = around[other][one] = count
    queue = [(-count / (size[one] * size[other]), one, other) for (one, other), count in tied.items()]
    heapq.heapify(queue)
    queued = {(one, other): rank for rank, one, other in queue}
    while queue:
        rank, *ends = heapq.heappop(queue)
        one, other = sorted(_group_of(end, group) for end in ends)
        if one == other or size[one] + size[other] > largest:
            continue
        now = -around[one][other] / (size[one] * size[other])
        if now > rank:  # one of them has grown, and no pair's rank rises by that: it goes back to its place
            if queued.get((one, other)) != now:
                queued[one, other] = now
                heapq.heappush(queue, (now, one, other))
            continue
        group[other] = one
        size[one] += size[other]
        for third, count in around[other].items():
            del around[third][other]
            if third != one:
                around[one][third] = around[third][one] = around[one].get(third, 0) + count
        around[other] = {}
    return np.array([_group_of(owner, group) for owner in range(len(group))], np.int64)


def _group_of(owner: int, group: list[int]) -> int:
    """Return the group that an owner is in by now."""
    while group[owner] != owner:
        group[owner] = owner = group[group[owner]]
    return owner
