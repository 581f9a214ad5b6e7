"""The history of a run: a row for each epoch, on disk and in TensorBoard."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from deepfake.files import new_file

if TYPE_CHECKING:  # it loads torch
    from torch.utils.tensorboard import SummaryWriter

HISTORY = (
    "epoch train_loss val_loss train_accuracy val_accuracy val_f1_macro lr images_per_second seconds".split()
)
"""A row an epoch, counted from 1. Losses are cross-entropies weighted by class, that of train with label
smoothing; accuracies and macro F1 are for the threshold 0.5, those of train for the images as augmented. `lr`
is that of the last step, `images_per_second` without the validation, and `seconds` with it."""

TIMES = ["images_per_second", "seconds"]
"""The columns that differ from run to run."""


def write_history(rows: list[dict], folder: Path) -> None:
    """Write history.csv and history.json, `rows` of HISTORY, to `folder`."""
    with new_file(folder / "history.csv") as table, new_file(folder / "history.json") as as_json:
        pd.DataFrame(rows, columns=HISTORY).to_csv(table, index=False, lineterminator="\n")
        as_json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def write_events(writer: "SummaryWriter", rows: Sequence[dict]) -> None:
    """Write `rows` of HISTORY to TensorBoard, where the epoch is the step."""
    for row in rows:
        for column in HISTORY[1:]:
            writer.add_scalar(column, row[column], row["epoch"])
    writer.flush()  # by itself it waits for two minutes
