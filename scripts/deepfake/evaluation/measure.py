"""The metrics of a table of predictions, with their intervals over people."""

import numpy as np
import pandas as pd

from deepfake.evaluation.bootstrap import confidence_intervals
from deepfake.evaluation.metrics import METRICS, compute_metrics
from deepfake.evaluation.predictions import resampling_unit

CONFIDENCE = 0.95  # level of the intervals


def measure(table: pd.DataFrame, threshold: float, rounds: int, seed: int) -> dict[str, dict]:
    """Return for each of METRICS its `value`, and the interval `low` and `high`; None where undefined.

    `table` are PREDICTIONS, or videos of `aggregate_to_videos`. The intervals are of `rounds` resamples over
    the units of `resampling_unit`, and depend on `seed`.
    """
    scores = table["label"].to_numpy(), table["probability"].to_numpy(), threshold
    units = resampling_unit(table).to_numpy()
    values = compute_metrics(*scores)
    intervals = confidence_intervals(*scores, units, rounds, seed=seed, level=CONFIDENCE)
    ends = {name: intervals[name] or (None, None) for name in METRICS}
    return {name: {"value": values[name], "low": ends[name][0], "high": ends[name][1]} for name in METRICS}


def count(table: pd.DataFrame) -> dict[str, int]:
    """Return the numbers of `real` and of `fake` rows of a table, and of its `units` of resampling."""
    labels = table["label"].to_numpy()
    return {
        "real": int(np.count_nonzero(labels == 0)),
        "fake": int(np.count_nonzero(labels == 1)),
        "units": int(resampling_unit(table).nunique()),
    }
