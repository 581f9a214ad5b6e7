"""Assign groups to splits whole, so that every split gets its share of everything."""

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from deepfake.hashing import seeded_hash

MAX_MOVES = 300  # of single groups, to even out the shares at the end


def assign_splits(
    groups: pd.DataFrame,
    ratios: dict[str, float],
    seed: int,
    required: Sequence[Hashable] = ("real", "fake"),
    fixed: Mapping[Hashable, str] = MappingProxyType({}),
) -> pd.Series:
    """Return the name of the split of each group, as a series with the index of `groups`.

    `groups` has group names as index and columns of counts, such as images by class, by method, and by
    whatever else is to be spread in the same proportions. `ratios` are the shares of the splits. `required`
    are columns of which every split should have some, the most important first. Groups in `fixed` stay in the
    splits given there.

    1. Each split, the smallest first, gets groups with what it requires. Where there are too few groups, the
       larger splits get them.
    2. The other groups are assigned, the largest first, to the splits that lack most of what they hold.
       Groups of equal counts are distributed together.
    3. Single groups are moved while that brings the shares nearer to the ratios.

    The result depends on names, counts and `seed`, not on the order of groups or splits.
    """
    order = sorted(groups.index, key=lambda name: (seeded_hash(seed, "split", name), name))
    counts = groups.loc[order].to_numpy(np.float64)
    names = sorted((split for split in ratios if ratios[split] > 0), key=lambda s: (-ratios[s], s))
    assignment = _Assignment(counts, np.array([ratios[split] for split in names]))
    fixed_split = np.array([fixed.get(name, "") for name in order], dtype=object)
    for split, name in enumerate(names):
        assignment.assign(np.flatnonzero(fixed_split == name), split)
    required_columns = [groups.columns.get_loc(column) for column in required]
    _assign_required(assignment, required_columns)
    _assign_rest(assignment)
    _even_out(assignment, required_columns, movable=fixed_split == "")
    split_names = np.array(names, dtype=object)[assignment.split]
    return pd.Series(split_names, index=order, dtype=str).reindex(groups.index)


class _Assignment:
    """The split of each group so far, and what each split holds and should hold.

    `counts` (groups, columns); `split` (groups,), -1 for none; `held` and `target` (splits, columns), the
    counts in each split and the counts by its ratio; `total` (columns,). Splits are sorted by ratio, the
    largest first.
    """

    def __init__(self, counts: np.ndarray, ratios: np.ndarray):
        self.counts = counts
        self.ratios = ratios / ratios.sum()
        self.total = counts.sum(axis=0)
        self.target = self.ratios[:, None] * self.total
        self.held = np.zeros((len(ratios), counts.shape[1]))
        self.split = np.full(len(counts), -1)

    def assign(self, groups: np.ndarray | list[int], split: int) -> None:
        """Assign groups without a split to one."""
        self.split[groups] = split
        self.held[split] += self.counts[groups].sum(axis=0)


def _assign_required(assignment: _Assignment, required: list[int]) -> None:
    """Give each split, the smallest first, groups with the required columns; spare those others need."""
    has = assignment.counts[:, required] > 0
    owners = has.sum(axis=0)  # groups with a column: so many splits can have it, the largest ones first
    sizes = assignment.counts.sum(axis=1)
    for split in range(len(assignment.ratios) - 1, -1, -1):
        while True:
            lacking = (assignment.held[split][required] == 0) & (owners > split)
            free = assignment.split < 0
            spare = has[free].sum(axis=0) - _lacking_later(assignment, required, owners, split)
            gain = (has & lacking).sum(axis=1)
            candidates = free & (gain > 0) & ~(has & ~lacking & (spare < 1)).any(axis=1)
            candidates = candidates if candidates.any() else free & (gain > 0)
            if not candidates.any():
                break
            best = np.flatnonzero(candidates & (gain == gain[candidates].max()))
            fits = (assignment.held[split] + assignment.counts[best] <= assignment.target[split]).all(axis=1)
            group = best[np.argmax(fits)] if fits.any() else best[np.argmin(sizes[best])]
            assignment.assign([group], split)


def _lacking_later(
    assignment: _Assignment, required: list[int], owners: np.ndarray, split: int
) -> np.ndarray:
    """Return how many of the larger splits, which get theirs later, still lack each required column."""
    larger = np.arange(split)[:, None]
    return ((assignment.held[:split][:, required] == 0) & (owners > larger)).sum(axis=0)


def _assign_rest(assignment: _Assignment) -> None:
    """Assign the free groups, those of equal counts together, so that the splits get equal parts of them."""
    free = np.flatnonzero(assignment.split < 0)
    if not len(free):
        return
    distinct, index = np.unique(assignment.counts[free], axis=0, return_inverse=True)
    groups_of = np.split(free[np.argsort(index, kind="stable")], np.cumsum(np.bincount(index))[:-1])
    for at in np.argsort(-distinct.sum(axis=1), kind="stable"):
        counts, groups = distinct[at], groups_of[at]
        start = 0
        for split, number in enumerate(_whole_shares(assignment, counts, len(groups))):
            assignment.assign(groups[start : start + number], split)
            start += number
        for group in groups[start:]:
            assignment.assign([group], _split_that_lacks_most(assignment, counts))


def _whole_shares(assignment: _Assignment, counts: np.ndarray, number: int) -> np.ndarray:
    """Return how many of `number` groups of equal counts each split gets by the ratios, rounded down."""
    present = counts > 0
    if number == 1 or not present.any():
        return np.zeros(len(assignment.ratios), int)
    so_far = assignment.held[:, present].sum(axis=0) + number * counts[present]
    short = (assignment.ratios[:, None] * so_far - assignment.held[:, present]) / counts[present]
    wanted = np.clip(short.mean(axis=1), 0, None)
    return np.floor(wanted * min(1, number / max(wanted.sum(), 1e-9)) + 1e-9).astype(int)


def _split_that_lacks_most(assignment: _Assignment, counts: np.ndarray) -> int:
    """Return the split that lacks most of what a group holds, of those with room for the group.

    If no split has room, return the one that the group overfills least.
    """
    present = counts > 0
    held, target = assignment.held[:, present], assignment.target[:, present]
    over = held + counts[present] - target
    lack = 1 - held / np.maximum(target, 1e-9)
    room = (over <= 0).all(axis=1)
    if room.any():
        return int(np.argmax(np.where(room, (lack * counts[present]).sum(axis=1), -np.inf)))
    overfill = (np.clip(over, 0, None) / np.maximum(assignment.total[present], 1)).sum(axis=1)
    return int(np.argmin(overfill))


def _even_out(assignment: _Assignment, required: list[int], movable: np.ndarray) -> None:
    """Move single groups while that lessens the sum of squared deviations from the targets.

    Deviations are parts of each column's total. `movable` (groups,) is bool. A group that is the only one of
    its split with a required column stays.
    """
    if not movable.any():
        return
    scale = 1 / np.maximum(assignment.total, 1)
    parts = assignment.counts * scale
    square = (parts**2).sum(axis=1)
    has = assignment.counts[:, required] > 0
    each = np.arange(len(parts))
    for _ in range(MAX_MOVES):
        deviation = (assignment.held - assignment.target) * scale
        pull = parts @ deviation.T  # (groups, splits)
        own = pull[each, assignment.split]
        change = 2 * (pull - own[:, None]) + 2 * square[:, None]
        change[each, assignment.split] = np.inf
        splits = range(len(assignment.ratios))
        single = np.stack([has[assignment.split == split].sum(axis=0) for split in splits]) == 1
        change[~movable | (has & single[assignment.split]).any(axis=1)] = np.inf
        group, split = np.unravel_index(np.argmin(change), change.shape)
        if not change[group, split] < -1e-12:
            return
        assignment.held[assignment.split[group]] -= assignment.counts[group]
        assignment.assign([group], split)
