"""How far a measure may be off by the chance of which people or videos were in the test set."""

import numpy as np

from deepfake.evaluation.metrics import METRICS, compute_weighted_metrics

CELLS = 2_000_000
"""Rounds times images at once: about ten arrays of it in float64 are held."""

FEWEST = 2
"""Units below which there is nothing to draw."""

FEW_UNITS = 10
"""Units below which an interval says little: rounds repeat the same few, and it looks surer than it is."""


def intervals(
    labels: np.ndarray,
    probabilities: np.ndarray,
    threshold: float,
    units: np.ndarray,
    rounds: int = 1000,
    *,
    seed: int,
    level: float = 0.95,
) -> dict[str, tuple[float, float] | None]:
    """An interval (low, high) for each of METRICS, by the percentile bootstrap over units.

    `labels` and `probabilities` (N,) are those of `measure`, `units` (N,) says which person, group or video
    each image belongs to. A round draws as many units as there are, with replacement, and takes all images of
    each; the interval holds the middle `level` of the rounds (Efron and Tibshirani, "An Introduction to the
    Bootstrap", 1993, chapter 13). Rounds in which a measure is undefined are left out of it. None where fewer
    than half of the rounds define it, where there are fewer than 2 units, and where `rounds` is 0.
    The calibration error is a sum of distances, which chance can only raise: its interval lies too high.
    The draws depend on `seed` and on the sorted names of the units alone, not on the order of the rows.
    """
    names, members = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    if len(names) < FEWEST or rounds < 1:
        return dict.fromkeys(METRICS)
    generator = np.random.default_rng(seed)
    at_once = max(1, CELLS // len(members))
    parts = []
    for start in range(0, rounds, at_once):
        drawn = _draw(generator, min(at_once, rounds - start), len(names))
        parts.append(compute_weighted_metrics(labels, probabilities, threshold, drawn[:, members]))
    tails = [(1 - level) / 2, (1 + level) / 2]
    return {name: _between(np.concatenate([part[name] for part in parts]), tails) for name in METRICS}


def _draw(generator: np.random.Generator, rounds: int, units: int) -> np.ndarray:
    """How often each unit is drawn in each round, float64 (rounds, units); each row adds up to `units`."""
    picks = generator.integers(units, size=(rounds, units)) + units * np.arange(rounds)[:, None]
    return np.bincount(picks.ravel(), minlength=rounds * units).reshape(rounds, units).astype(np.float64)


def _between(values: np.ndarray, tails: list[float]) -> tuple[float, float] | None:
    defined = values[~np.isnan(values)]
    if 2 * len(defined) < len(values):
        return None
    low, high = np.quantile(defined, tails)
    return float(low), float(high)
