"""Fakes of methods that a model was not trained on: each method left out once, against each method tested."""

from collections.abc import Iterable

import pandas as pd

from deepfake.errors import UserError
from deepfake.evaluation.evaluate import UNKNOWN
from deepfake.evaluation.measure import count, measure
from deepfake.evaluation.predictions import aggregate_to_videos, thresholds_of
from deepfake.hashing import seeded_hash
from deepfake.names import slugify

NOTHING = ""  # left out
METRICS = ("roc_auc", "f1_macro", "recall")
COLUMNS = [
    *"model dataset left_out tested videos real fake units threshold".split(),
    *(f"{metric}{end}" for metric in METRICS for end in ("", "_low", "_high")),
]
"""A row for each model, dataset, method left out (NOTHING: none) and method tested. Its numbers are
of videos: the fakes of the method tested and all reals of the test set."""


def evaluate_left_out(
    model: str,
    dataset: str,
    predictions: Iterable[tuple[str, pd.DataFrame, pd.DataFrame]],
    threshold: str | float,
    rounds: int,
    seed: int,
) -> pd.DataFrame:
    """Return rows of COLUMNS for one model and dataset.

    `predictions` are tuples of the method left out, as `slugify` makes it or NOTHING, and the tables of
    PREDICTIONS of test and val of the model that was trained so. `threshold` is a method of choose_threshold;
    it is chosen on val without the method, too. Intervals are those of confidence_intervals; each column of
    tested fakes has the same people in all rounds. Raises UserError if test has no fakes of a method.
    """
    rows = []
    for slug, test, val in predictions:
        videos = aggregate_to_videos(test)
        methods = videos["method"].where(videos["label"] == 1, "")
        names = sorted(set(methods[videos["label"] == 1]))
        left_out = (
            next((name for name in names if slug in (name, slugify(name))), NOTHING) if slug else NOTHING
        )
        if slug and not left_out:
            raise UserError(f"{dataset}: test has no fakes of {slug}; run predict again")
        limit = float(thresholds_of(val, threshold)["video"])
        for name in names:
            part = videos[(videos["label"] == 0) | (methods == name)]
            row = {"model": model, "dataset": dataset, "left_out": left_out, "tested": name or UNKNOWN}
            rows.append(row | _measure(part, limit, rounds, seeded_hash(seed, "leave out", name)))
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.sort_values(COLUMNS[:4], kind="stable", ignore_index=True)


def _measure(videos: pd.DataFrame, threshold: float, rounds: int, seed: int) -> dict:
    found = {"videos": len(videos), **count(videos), "threshold": threshold}
    measured = measure(videos, threshold, rounds, seed)
    for metric in METRICS:
        numbers = measured[metric]
        found |= {metric: numbers["value"]} | {f"{metric}_{end}": numbers[end] for end in ("low", "high")}
    return found
