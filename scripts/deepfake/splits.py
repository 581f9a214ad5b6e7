"""Which split each group of videos goes to, so that no group parts and the ratios are met."""

import pandas as pd

from deepfake.names import draw


class UnsplittableDataset(ValueError):
    """Some split would be without a class; the message says what there is and what to change."""


def assign_splits(groups: pd.DataFrame, ratios: dict[str, float], seed: int) -> pd.Series:
    """From each group to the name of its split.

    `groups` has an index of groups and the columns `real` and `fake`, numbers of images. First every split but
    the largest gets what gives it both classes; then the groups go one by one, the largest first, to the split
    that lacks most of what they hold. Depends on names, counts and `seed`, not on order. Raises
    UnsplittableDataset.
    """
    ratios = {split: ratio for split, ratio in ratios.items() if ratio > 0}
    total = groups.sum()
    have = {split: {"real": 0, "fake": 0} for split in ratios}
    order = sorted(groups.index, key=lambda group: draw(seed, "split", group))
    counts = {group: {"real": int(r), "fake": int(f)} for group, r, f in groups[["real", "fake"]].itertuples()}
    chosen: dict[str, str] = {}

    def put(group: str, split: str) -> None:
        chosen[group] = split
        for label, count in counts[group].items():
            have[split][label] += count

    for split in sorted(ratios, key=lambda s: (ratios[s], s))[:-1]:
        for group in _first_with_both_classes(order, counts, chosen):
            put(group, split)
    for group in sorted(order, key=lambda g: -sum(counts[g].values())):  # stable: of one size, by the draw
        if group not in chosen:
            put(group, max(ratios, key=lambda s: (_lack(have[s], ratios[s], total, counts[group]), ratios[s], s)))
    empty = [f"{split} without {label}" for split in ratios for label in ("real", "fake") if not have[split][label]]
    if empty:
        both = sum(all(counts[group].values()) for group in order)
        raise UnsplittableDataset(
            f"{', '.join(empty)}: {len(order)} groups of videos, {both} of them with both classes, are too few for "
            f"splits {ratios}; add videos, or set fewer splits"
        )
    return pd.Series(chosen, dtype=str)


def _first_with_both_classes(order: list[str], counts: dict, chosen: dict) -> list[str]:
    free = [group for group in order if group not in chosen]
    both = [group for group in free if all(counts[group].values())]
    if both:
        return both[:1]
    return [group for label in ("real", "fake") for group in [g for g in free if counts[g][label]][:1]]


def _lack(have: dict, ratio: float, total: pd.Series, group: dict) -> float:
    """How much of what the group holds the split still lacks, in parts of what it should have; below 0 when full."""
    held = sum(group.values()) or 1
    return sum(
        count / held * (1 - have[label] / (ratio * total[label])) for label, count in group.items() if total[label]
    )
