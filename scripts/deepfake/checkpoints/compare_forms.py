"""What a model's forms weigh, how fast they are, and what they lose, side by side."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from deepfake.checkpoints.convert import on_cpu
from deepfake.checkpoints.inference import BATCH, Batch, Logits, open_model, predict_split
from deepfake.checkpoints.inputs import read_inputs
from deepfake.console import log
from deepfake.evaluation.metrics import compute_metrics
from deepfake.inputs.decoded import Decoded
from deepfake.networks.errors import WeightsDontFit

COLUMNS = {
    "form": "form",
    "megabytes": "MB",
    "f1_macro": "macro F1",
    "f1_macro_lost": "lost",
    "roc_auc": "ROC AUC",
    "roc_auc_lost": "lost",
    "largest_difference": "p differs by",
    "images_per_second": "images/s",
    "times": "times",
}
"""What is known of a form, each with its name for people; the last two differ from run to run.

`lost` is best.pt's value less the form's; `p differs by` the most by which a probability differs; `times` how
many images a second the form judges for each that best.pt does.
"""


def weigh(
    paths: Sequence[Path], images: Sequence[Path], tables: Sequence[Path], threads: int, turns: int
) -> dict:
    """Of the forms of one model at `paths`, best.pt first: `rows` of COLUMNS, and what they were measured on.

    `images` (npy) and `tables` (csv of their rows) are a dataset at each geometry; test is judged, and
    val where test is empty, at best.pt's threshold. None stands for what a split can't tell (without images,
    or without one of the classes). Raises what open_model and read_inputs do, and WeightsDontFit for forms of
    different models.
    """
    models = [open_model(path, threads) for path in paths]
    for model, path in zip(models, paths, strict=True):
        if model.facts != models[0].facts:
            raise WeightsDontFit(f"{path} is no form of {paths[0]}: their facts differ; convert it anew")
    decoded = read_inputs(models[0].geometries, images, tables)
    split = "test" if len(decoded[0].split("test")) else "val"
    numbers, threshold = decoded[0].split(split), models[0].facts["threshold"]
    labels = decoded[0].rows["label"].to_numpy()[numbers]
    runs = [on_cpu(model) for model in models]
    found = [_judge(run, decoded, split, path) for run, path in zip(runs, paths, strict=True)]
    scores = [compute_metrics(labels, probabilities, threshold) for probabilities in found]
    speeds = measure_speed(runs, a_batch(decoded, numbers), turns) if len(numbers) else [None] * len(runs)
    rows = [
        {
            "form": path.name,
            "megabytes": path.stat().st_size / 1e6,
            "f1_macro": score["f1_macro"],
            "f1_macro_lost": _less(scores[0]["f1_macro"], score["f1_macro"]),
            "roc_auc": score["roc_auc"],
            "roc_auc_lost": _less(scores[0]["roc_auc"], score["roc_auc"]),
            "largest_difference": float(np.abs(one - found[0]).max()) if len(one) else None,
            "images_per_second": speed,
            "times": speed and speed / speeds[0],
        }
        for path, score, one, speed in zip(paths, scores, found, speeds, strict=True)
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


def measure_speed(runs: Sequence[Logits], batch: Batch, turns: int) -> list[float]:
    """Images a second of each of `runs`, the median of so many turns, one after the other in each round.

    Side by side, since a machine drifts. A turn judges the same batch; the first round isn't counted.
    """
    rates = [[] for _ in runs]
    for turn in range(turns + 1):
        for run, seen in zip(runs, rates, strict=True):
            start = time.perf_counter()
            run(batch)
            if turn:
                seen.append(len(batch[0]) / (time.perf_counter() - start))
    return [statistics.median(seen) for seen in rates]


def a_batch(decoded: Sequence[Decoded], numbers: np.ndarray) -> list[np.ndarray]:
    """A whole batch of the images `numbers`, from the first one on, repeated where there are too few."""
    chosen = np.resize(numbers, BATCH)
    return [one.take(chosen) for one in decoded]


def as_text(found: dict) -> str:
    """What `weigh` found, to be read."""
    rows = [list(COLUMNS.values()), *([_shown(row[key]) for key in COLUMNS] for row in found["forms"])]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
    return "\n".join(
        [
            f"{found['images']:,} images of {found['split']}, threshold {found['threshold']:.3f}; speeds "
            f"on the CPU: threads {found['threads']}, batch {found['batch']}, median of {found['turns']}",
            "",
            *lines,
            "",
            "lost: best.pt's value less the form's. p differs by: the most by which the probability of an",
            "image differs from best.pt's. times: images judged for each that best.pt judges.",
        ]
    )


def _judge(run: Logits, decoded: Sequence[Decoded], split: str, path: Path) -> np.ndarray:
    log.info("%s: judges %s", path.name, split)
    return predict_split(run, decoded, split)


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _shown(value: str | float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    return f"{value:.1f}" if value >= 10 else f"{round(value, 3) + 0.0:.3f}"  # no minus before zeros
