"""The summary's table of methods that were left out of training."""

import math

from deepfake.pages.summary_inputs import Summary

COLUMNS = {
    "model": "model",
    "dataset": "dataset",
    "left_out": "left out",
    "tested": "fakes tested",
    "fake": "fakes",
    "real": "reals",
}
"""Columns of the table that are shown as they are, and their titles; metrics with their intervals follow."""

METRICS = {"roc_auc": "ROC AUC", "f1_macro": "macro F1", "recall": "recall of fake"}


def methods_left_out(summary: Summary) -> dict | None:
    """Return `columns`, the `numbers` among them, and `rows`: text, then scores; None without such a table.

    Of the methods left out only what they are about is shown: the fakes of that method, by the model that was
    trained without it and, for comparison, by the one that was trained with all.
    """
    if summary.left_out is None:
        return None
    rows = summary.left_out.to_dict("records")
    left_out = {(row["model"], row["dataset"], row["left_out"]) for row in rows if row["left_out"]}
    shown = [
        row
        for row in rows
        if row["left_out"] == row["tested"]
        or (not row["left_out"] and (row["model"], row["dataset"], row["tested"]) in left_out)
    ]
    shown.sort(key=lambda row: (row["model"], row["dataset"], row["tested"], row["left_out"]))
    return {
        "columns": [*COLUMNS.values(), *METRICS.values()],
        "numbers": [*list(COLUMNS.values())[4:], *METRICS.values()],
        "rows": [
            {
                "cells": [row[name] if row[name] or name != "left_out" else "nothing" for name in COLUMNS],
                "scores": [_score(row, metric) for metric in METRICS],
            }
            for row in shown
        ],
        "plot": summary.left_out_plot,
    }


def _score(row: dict[str, str], metric: str) -> dict[str, float | None]:
    """Return `value`, `low` and `high` of a metric, None where the table has no number."""
    found = {}
    for key, name in (("value", metric), ("low", f"{metric}_low"), ("high", f"{metric}_high")):
        try:
            number = float(row.get(name) or "nan")
        except ValueError:
            number = math.nan
        found[key] = number if math.isfinite(number) else None
    return found
