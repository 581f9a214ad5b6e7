"""Which split each group goes to, so that no group parts and every split holds its share of everything."""

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from deepfake.hashing import seeded_hash

MOVES = 300  # at the most, when the shares are evened out at the end


def assign_splits(
    groups: pd.DataFrame,
    ratios: dict[str, float],
    seed: int,
    needed: Sequence[Hashable] = ("real", "fake"),
    fixed: Mapping[Hashable, str] = MappingProxyType({}),
) -> pd.Series:
    """From each group to the name of its split.

    `groups` has an index of group names and columns of counts, such as images by class, by method and by
    whatever else is to be spread at the same proportions. `needed` are the columns that every split should
    have some of, the dearest first: the smaller splits are given theirs first, and where there are too few
    groups the larger splits get them. Then the groups are dealt, the largest first and those of equal counts
    together, to the splits that lack most of what they hold; at the end single groups are moved while that
    brings the shares nearer to the ratios. Groups of `fixed` stay in the splits that it gives them. Depends
    on names, counts and `seed`, not on order.
    """
    order = sorted(groups.index, key=lambda name: (seeded_hash(seed, "split", name), name))
    counts = groups.loc[order].to_numpy(np.float64)
    names = sorted((split for split in ratios if ratios[split] > 0), key=lambda s: (-ratios[s], s))
    dealt = _Dealt(counts, np.array([ratios[split] for split in names]))
    given = np.array([fixed.get(name, "") for name in order], dtype=object)
    for split, name in enumerate(names):
        dealt.put(np.flatnonzero(given == name), split)
    _cover(dealt, [groups.columns.get_loc(column) for column in needed])
    _deal(dealt)
    _even_out(dealt, [groups.columns.get_loc(column) for column in needed], given == "")
    return pd.Series(np.array(names, dtype=object)[dealt.split], index=order, dtype=str).reindex(groups.index)


class _Dealt:
    """The state of dealing: `split` of each group, -1 for none, and what the splits have, of their targets.

    `counts` (groups, columns), `have` and `target` (splits, columns); splits are ordered from the largest.
    """

    def __init__(self, counts: np.ndarray, ratios: np.ndarray):
        self.counts = counts
        self.ratios = ratios / ratios.sum()
        self.total = counts.sum(axis=0)
        self.target = self.ratios[:, None] * self.total
        self.have = np.zeros((len(ratios), counts.shape[1]))
        self.split = np.full(len(counts), -1)

    def put(self, groups: np.ndarray | list[int], split: int) -> None:
        self.split[groups] = split
        self.have[split] += self.counts[groups].sum(axis=0)


def _cover(dealt: _Dealt, needed: list[int]) -> None:
    """Give each split, the smallest first, groups that have what it needs, and leave the others theirs."""
    holds = dealt.counts[:, needed] > 0
    owners = holds.sum(axis=0)  # so many of the splits can have it, the largest before the others
    sizes = dealt.counts.sum(axis=1)
    for split in range(len(dealt.ratios) - 1, -1, -1):
        while True:
            lacking = (dealt.have[split][needed] == 0) & (owners > split)
            free = dealt.split < 0
            spare = holds[free].sum(axis=0) - _still_lacking(dealt, needed, owners, split)
            gain = (holds & lacking).sum(axis=1)
            may = free & (gain > 0) & ~(holds & ~lacking & (spare < 1)).any(axis=1)
            may = may if may.any() else free & (gain > 0)
            if not may.any():
                break
            best = np.flatnonzero(may & (gain == gain[may].max()))
            room = (dealt.have[split] + dealt.counts[best] <= dealt.target[split]).all(axis=1)
            pick = best[np.argmax(room)] if room.any() else best[np.argmin(sizes[best])]
            dealt.put([pick], split)


def _still_lacking(dealt: _Dealt, needed: list[int], owners: np.ndarray, split: int) -> np.ndarray:
    """How many of the splits before this one, which come later, still have to get each needed column."""
    earlier = np.arange(split)[:, None]
    return ((dealt.have[:split][:, needed] == 0) & (owners > earlier)).sum(axis=0)


def _deal(dealt: _Dealt) -> None:
    """Deal the free groups: those of equal counts at once, so that the splits have equal parts of them."""
    free = np.flatnonzero(dealt.split < 0)
    if not len(free):
        return
    kinds, kind = np.unique(dealt.counts[free], axis=0, return_inverse=True)
    members = np.split(free[np.argsort(kind, kind="stable")], np.cumsum(np.bincount(kind))[:-1])
    for at in np.argsort(-kinds.sum(axis=1), kind="stable"):
        counts, groups = kinds[at], members[at]
        shares = _shares(dealt, counts, len(groups))
        start = 0
        for split, share in enumerate(shares):
            dealt.put(groups[start : start + share], split)
            start += share
        for group in groups[start:]:
            dealt.put([group], _lacks_most(dealt, counts))


def _shares(dealt: _Dealt, counts: np.ndarray, members: int) -> np.ndarray:
    """How many of groups of equal counts surely go to each split: what keeps all at the ratios so far."""
    held = counts > 0
    if members == 1 or not held.any():
        return np.zeros(len(dealt.ratios), int)
    so_far = dealt.have[:, held].sum(axis=0) + members * counts[held]
    short = (dealt.ratios[:, None] * so_far - dealt.have[:, held]) / counts[held]
    wanted = np.clip(short.mean(axis=1), 0, None)
    return np.floor(wanted * min(1, members / max(wanted.sum(), 1e-9)) + 1e-9).astype(int)


def _lacks_most(dealt: _Dealt, counts: np.ndarray) -> int:
    """The split that lacks most of what a group holds, of those with room for it; without any, the one that
    it overfills least."""
    held = counts > 0
    over = dealt.have[:, held] + counts[held] - dealt.target[:, held]
    lack = 1 - dealt.have[:, held] / np.maximum(dealt.target[:, held], 1e-9)
    room = (over <= 0).all(axis=1)
    if room.any():
        return int(np.argmax(np.where(room, (lack * counts[held]).sum(axis=1), -np.inf)))
    beyond = (np.clip(over, 0, None) / np.maximum(dealt.total[held], 1)).sum(axis=1)
    return int(np.argmin(beyond))


def _even_out(dealt: _Dealt, needed: list[int], may: np.ndarray) -> None:
    """Move single groups that `may` while that lessens the sum of squared deviations, in parts of columns."""
    scale = 1 / np.maximum(dealt.total, 1)
    parts = dealt.counts * scale
    square = (parts**2).sum(axis=1)
    holds = dealt.counts[:, needed] > 0
    for _ in range(MOVES if may.any() else 0):
        off = (dealt.have - dealt.target) * scale
        pull = parts @ off.T  # (groups, splits)
        own = pull[np.arange(len(parts)), dealt.split]
        change = 2 * (pull - own[:, None]) + 2 * square[:, None]
        change[np.arange(len(parts)), dealt.split] = np.inf
        alone = np.stack([holds[dealt.split == s].sum(axis=0) for s in range(len(dealt.ratios))]) == 1
        change[~may | (holds & alone[dealt.split]).any(axis=1)] = np.inf  # the last of its kind stays
        group, split = np.unravel_index(np.argmin(change), change.shape)
        if not change[group, split] < -1e-12:
            return
        dealt.have[dealt.split[group]] -= dealt.counts[group]
        dealt.put([group], split)
