"""Compare the formats of one model: size on disk, what the exported models lose on test, and speed."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepfake.checkpoints.convert import on_cpu
from deepfake.checkpoints.dataset_inference import predict_split, read_inputs
from deepfake.checkpoints.inference import BATCH, Batch, LoadedModel, LogitsFunction
from deepfake.checkpoints.open_model import open_model
from deepfake.console import log
from deepfake.errors import ModelError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.inputs.decoded import Decoded

COLUMNS = {
    "form": "format",
    "megabytes": "MB",
    "f1_macro": "macro F1",
    "f1_macro_lost": "lost",
    "roc_auc": "ROC AUC",
    "roc_auc_lost": "lost",
    "largest_difference": "p differs by",
    "images_per_second": "images/s",
    "times": "times",
}
"""The columns of the comparison and their headings for people; the last two differ from run to run.

`lost` is best.pt's value minus the format's; `p differs by` the largest difference between probabilities;
`times` the speed as a multiple of best.pt's.
"""


def compare(
    paths: Sequence[Path],
    images: Sequence[Path],
    tables: Sequence[Path],
    threads: int,
    turns: int,
    limits: dict | None = None,
) -> dict:
    """Return a comparison of the files of one model at `paths`, best.pt first: `forms` has a row for each.

    `images` (npy) and `tables` (csv of their rows) are a decoded dataset at each geometry of the model.
    Scores are those of test, or of val where test is empty, at best.pt's threshold; None if a split can't
    give them (it has no images, or no images of one class). Speeds are medians over `turns`;
    `limits` are those of the config. Raises ModelError for files of different models, and what
    `open_model` and `read_inputs` raise.
    """
    models = _open_all(paths, threads, limits)
    inputs = read_inputs(models[0].geometries, images, tables)
    split = "test" if len(inputs[0].split("test")) else "val"
    numbers, threshold = inputs[0].split(split), models[0].metadata["threshold"]
    labels = inputs[0].rows["label"].to_numpy()[numbers]
    functions = [on_cpu(model) for model in models]
    predictions = [_predict(*pair, inputs, split) for pair in zip(paths, functions, strict=True)]
    scores = [compute_metrics(labels, probabilities, threshold) for probabilities in predictions]
    speeds = [None] * len(models)
    if len(numbers):
        speeds = measure_speed(functions, full_batch(inputs, numbers), turns)
    rows = [
        {
            "form": path.name,
            "megabytes": path.stat().st_size / 1e6,
            "f1_macro": score["f1_macro"],
            "f1_macro_lost": _difference(scores[0]["f1_macro"], score["f1_macro"]),
            "roc_auc": score["roc_auc"],
            "roc_auc_lost": _difference(scores[0]["roc_auc"], score["roc_auc"]),
            "largest_difference": float(np.abs(predicted - predictions[0]).max()) if len(numbers) else None,
            "images_per_second": speed,
            "times": speed and speed / speeds[0],
        }
        for path, score, predicted, speed in zip(paths, scores, predictions, speeds, strict=True)
    ]
    return {
        "split": split,
        "images": len(numbers),
        "threshold": threshold,
        "threads": threads,
        "batch": BATCH,
        "turns": turns,
        "forms": rows,
    }


def measure_speed(functions: Sequence[LogitsFunction], batch: Batch, turns: int) -> list[float]:
    """Return the images per second of each of `functions`, the median over `turns` of running `batch`.

    They take turns, since a machine's speed drifts; a first round to warm up isn't counted.
    """
    rates = [[] for _ in functions]
    for turn in range(turns + 1):
        for function, measured in zip(functions, rates, strict=True):
            start = time.perf_counter()
            function(batch)
            if turn:
                measured.append(len(batch[0]) / (time.perf_counter() - start))
    return [statistics.median(measured) for measured in rates]


def full_batch(inputs: Sequence[Decoded], numbers: np.ndarray) -> list[np.ndarray]:
    """Return BATCH of the images `numbers`, from the first on, repeated where there are too few."""
    chosen = np.resize(numbers, BATCH)
    return [decoded.take(chosen) for decoded in inputs]


def as_text(comparison: dict) -> str:
    """Return what `compare` returned as a table for people."""
    rows = [list(COLUMNS.values())]
    rows += [[_format(row[key]) for key in COLUMNS] for row in comparison["forms"]]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join(
        [
            f"{comparison['images']:,} images of {comparison['split']}, threshold "
            f"{comparison['threshold']:.3f}; speeds on the CPU: threads {comparison['threads']}, batch "
            f"{comparison['batch']}, median of {comparison['turns']}",
            "",
            *lines,
            "",
            "lost: best.pt's value minus the format's. p differs by: the largest difference between the",
            "probability of an image and best.pt's. times: the speed as a multiple of best.pt's.",
        ]
    )


def _open_all(paths: Sequence[Path], threads: int, limits: dict | None) -> list[LoadedModel]:
    models = [open_model(path, threads, limits) for path in paths]
    for model, path in zip(models, paths, strict=True):
        if model.metadata != models[0].metadata:
            raise ModelError(
                f"{path} was not exported from {paths[0]}: their metadata differs; convert it again"
            )
    return models


def _predict(path: Path, logits: LogitsFunction, inputs: Sequence[Decoded], split: str) -> np.ndarray:
    log.info("%s: predicts %s", path.name, split)
    return predict_split(logits, inputs, split)


def _difference(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first - second


def _format(value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:.1f}" if value >= 10 else f"{round(value, 3) + 0.0:.3f}"  # no minus before zeros
