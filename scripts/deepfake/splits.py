"""Which split each group of videos goes to, so that no group parts and the ratios are met."""

import pandas as pd

from deepfake.names import draw

LABELS = ("real", "fake")
Counts = dict[str, int]


class UnsplittableDataset(ValueError):
    """Some split would be without a class; the message says what there is and what to change."""


def assign_splits(groups: pd.DataFrame, ratios: dict[str, float], seed: int) -> pd.Series:
    """From each group to the name of its split.

    `groups` has an index of groups and the columns `real` and `fake`, numbers of images. First every split
    but the largest gets what gives it both classes; then the groups go one by one, the largest first, to the
    split that lacks most of what they hold, of those they don't overfill. Depends on names, counts and
    `seed`, not on order. Raises UnsplittableDataset.
    """
    ratios = {split: ratio for split, ratio in ratios.items() if ratio > 0}
    counts = {group: {"real": int(r), "fake": int(f)} for group, r, f in groups[[*LABELS]].itertuples()}
    draws = {group: draw(seed, "split", group) for group in counts}
    order = sorted(counts, key=lambda group: (draws[group], group))
    total = {label: sum(count[label] for count in counts.values()) for label in LABELS}
    target = {split: {label: ratio * total[label] for label in LABELS} for split, ratio in ratios.items()}
    have = {split: dict.fromkeys(LABELS, 0) for split in ratios}
    chosen: dict[str, str] = {}

    def put(group: str, split: str) -> None:
        chosen[group] = split
        for label, count in counts[group].items():
            have[split][label] += count

    for split in sorted(ratios, key=lambda s: (ratios[s], s))[:-1]:
        free = [group for group in order if group not in chosen]
        for group in _both_classes(free, counts, target[split]):
            put(group, split)
    for group in sorted(order, key=lambda g: -sum(counts[g].values())):  # stable: of one size, by the draw
        if group not in chosen:
            fit = {split: _fit(have[split], target[split], counts[group]) for split in ratios}
            put(group, max(ratios, key=lambda s: (fit[s], ratios[s], s)))
    empty = [f"{split} without {label}" for split in ratios for label in LABELS if not have[split][label]]
    if empty:
        real, fake = (sum(bool(count[label]) for count in counts.values()) for label in LABELS)
        raise UnsplittableDataset(
            f"splits = {ratios} can't be filled ({', '.join(empty)}): of {len(order)} groups of videos with "
            f"usable images {real} have real ones and {fake} fake ones; add videos, or write fewer splits"
        )
    return pd.Series(chosen, dtype=str)


def _both_classes(free: list[str], counts: dict[str, Counts], target: Counts) -> list[str]:
    """One group with both classes, or else one with each: the first there is room for, or the smallest."""

    def first(groups: list[str]) -> list[str]:
        fitting = (g for g in groups if all(count <= target[label] for label, count in counts[g].items()))
        smallest = min(groups, key=lambda g: sum(counts[g].values()), default=None)
        return [group for group in [next(fitting, smallest)] if group is not None]

    both = first([group for group in free if all(counts[group].values())])
    return both or [group for label in LABELS for group in first([g for g in free if counts[g][label]])]


def _fit(have: Counts, target: Counts, group: Counts) -> tuple[bool, float]:
    """How well a split would take the group; any that has room stands above all that have not.

    With room counts how much of what the group holds the split still lacks, in parts of what it should have;
    without, by how little it would be overfilled, in parts of the images.
    """
    held = [label for label in LABELS if group[label]]
    over = [(have[label] + group[label] - target[label]) for label in held]
    if max(over, default=0) <= 0:
        size = sum(group.values()) or 1
        return True, sum(group[label] / size * (1 - have[label] / target[label]) for label in held)
    return False, -sum(max(0.0, beyond) for beyond in over)
