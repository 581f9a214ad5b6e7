"""Confidence intervals of metrics by the bootstrap over people, groups or videos of the test set."""

from collections.abc import Iterator

import numpy as np

from deepfake.evaluation.metrics import METRICS, compute_weighted_metrics

MAX_CELLS = 2_000_000
"""Rounds times images computed at once: about ten float64 arrays of this size are held in memory."""

MIN_UNITS = 2
"""Units below which there is nothing to resample."""

FEW_UNITS = 10
"""Units below which an interval says little: all rounds repeat the same few, so it is too narrow."""


def confidence_intervals(
    labels: np.ndarray,
    probabilities: np.ndarray,
    threshold: float,
    units: np.ndarray,
    rounds: int = 1000,
    *,
    seed: int,
    level: float = 0.95,
) -> dict[str, tuple[float, float] | None]:
    """Return the interval (low, high) of each of METRICS, by the percentile bootstrap over units.

    `labels` and `probabilities` (N,) are those of `compute_metrics`. `units` (N,) are names of the person,
    group or video that each image belongs to. Each round draws as many units as there are, with replacement,
    and takes all images of each; the interval holds the middle `level` of the rounds (Efron and Tibshirani,
    "An Introduction to the Bootstrap", 1993, chapter 13). Rounds in which a metric is undefined are left out.

    An interval is None if less than half of the rounds define the metric, if there are fewer than MIN_UNITS
    units, and if `rounds` is 0. That of the calibration error is too high: the error is a sum of distances,
    which resampling can only increase.

    The result depends on `seed` and on the sorted names of the units, not on the order of the images.
    """
    if rounds < 1 or len(np.unique(np.asarray(units, dtype=str))) < MIN_UNITS:
        return dict.fromkeys(METRICS)
    parts = [
        compute_weighted_metrics(labels, probabilities, threshold, weights)
        for weights in resampled_weights(units, rounds, seed)
    ]
    return {name: interval(np.concatenate([part[name] for part in parts]), level) for name in METRICS}


def resampled_weights(units: np.ndarray, rounds: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each round takes each image, float64 (some of the rounds, N), until `rounds` are drawn.

    `units` (N,) are those of `confidence_intervals`, of which there is at least one. All images of a unit are
    taken as often as the unit is drawn. The numbers depend on `seed` and on the sorted names of the units.
    """
    names, unit = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    rng = np.random.default_rng(seed)
    at_once = max(1, MAX_CELLS // len(unit))
    for start in range(0, rounds, at_once):
        yield _resample(rng, min(at_once, rounds - start), len(names))[:, unit]


def _resample(rng: np.random.Generator, rounds: int, units: int) -> np.ndarray:
    """Return how often each round draws each unit, float64 (rounds, units); each row adds up to `units`."""
    picks = rng.integers(units, size=(rounds, units)) + units * np.arange(rounds)[:, None]
    return np.bincount(picks.ravel(), minlength=rounds * units).reshape(rounds, units).astype(np.float64)


def interval(values: np.ndarray, level: float) -> tuple[float, float] | None:
    """Return the ends of the middle `level` of rounds' `values`; None if there are none or most are nan."""
    defined = values[~np.isnan(values)]
    if not len(defined) or 2 * len(defined) < len(values):
        return None
    low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
