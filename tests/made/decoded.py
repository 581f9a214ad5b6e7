"""A small decoded dataset in which fakes have a pattern that a network can learn; runs of train.py on it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from made.programs import run_program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from deepfake.inputs.decoded import ROWS, write_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import build
from deepfake.training.history import TIMES

ROOT = Path(__file__).resolve().parents[2]
SIZE = 32
COUNTS = {"train": 48, "val": 24, "test": 16}
MODEL = {
    "arch": "meso4",
    "weights": None,
    "head": None,
    "image_size": SIZE,
    "pooling": None,
    "tune": "all",
    "lora": {"rank": 4, "alpha": 8, "dropout": 0.1},
    "epochs": 3,
    "batch_size": 8,
    "batches": "random",
    "frames": 1,
    "accumulate": 1,
    "optimizer": "adamw",
    "lr": 0.01,
    "layer_decay": None,
    "freeze_epochs": 0,
    "ema": None,
    "restart_every": None,
    "lr_min": 0,
    "clip": 1.0,
    "weight_decay": 0.0001,
    "schedule": "cosine",
    "warmup": 1,
    "loss": "cross_entropy",
    "focal_gamma": 2,
    "uniformity": 0,
    "alignment": 0,
    "label_smoothing": 0,
    "class_weights": "auto",
    "patience": None,
    "augment": "off",
    "fakes": True,
    "self_blend": 0,
    "self_blend_landmarks": "none",
    "self_blend_source": "self",
    "precision": "32",
    "channels_last": True,
    "compile": False,
    "seed": 1,
}


@dataclass(frozen=True)
class DecodedFiles:
    """The files of a decoded dataset."""

    images: Path
    rows: Path
    plan_summary: Path


def striped(labels: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Noise, an image for each label, uint8 (N, size, size, 3); fakes have bright stripes."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 120, (len(labels), size, size, 3), dtype=np.uint8)
    images += rng.integers(0, 40, (len(labels), 1, 1, 3), dtype=np.uint8)
    images[labels == 1, ::4] += 90
    return images


def table(labels: np.ndarray, split: str, frames: int = 1) -> pd.DataFrame:
    """ROWS for the labels of one split, every other one a fake.

    Each image has a video of its own, or `frames` images in turn of one class are those of a video, and the
    fakes of a video have the reals beside them as originals.
    """
    kinds = np.array(["real", "fake"])[labels]
    rows = pd.DataFrame({"label": labels, "corpus": "made", "split": split})
    rows["video"] = [f"{split}{number:03d}" for number in range(len(labels))]
    rows["image"] = [f"{split}/{kind}/{video}.jpg" for kind, video in zip(kinds, rows["video"], strict=True)]
    rows["method"] = np.where(labels == 1, "stripes", "")
    rows["target"] = rows["group"] = rows["video"]
    rows["frame"], rows["original"], rows["attributes"] = "0", "", ""
    if frames > 1:
        number = np.arange(len(labels)) // 2
        rows["frame"] = [str(place) for place in number % frames]
        rows["video"] = [f"{split}{kind}{v:03d}" for kind, v in zip(kinds, number // frames, strict=True)]
        rows["original"] = [f"made/{split}real{v:03d}" for v in number // frames]
        rows["target"] = rows["group"] = rows["original"]
    return rows[ROWS]


def make(
    folder: Path, size: int = SIZE, counts: dict | None = None, permuted: bool = False, frames: int = 1
) -> DecodedFiles:
    """Write a decoded dataset to `folder`: `counts` images of each split, every other one a fake.

    With `permuted` labels there is nothing to learn. For `frames` see `table`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts, images = [], []
    for number, (split, count) in enumerate(sorted((COUNTS if counts is None else counts).items())):
        seen = np.arange(count) % 2
        labels = np.random.default_rng(number + 7).permutation(seen) if permuted else seen
        parts.append(table(labels, split, frames))
        images.append(striped(seen, size, number))
    rows = pd.concat(parts, ignore_index=True)
    made = DecodedFiles(folder / "images.npy", folder / "rows.csv", folder / "summary.json")
    every = (image for part in images for image in part)
    write_decoded(every, rows, Geometry(size, size, "bilinear"), made.images, made.rows)
    facts = {"class_weights": {"real": 1.0, "fake": 1.0}, "sha256": "0" * 64, "images": {"all": len(rows)}}
    made.plan_summary.write_text(json.dumps(facts))
    return made


def command(made: DecodedFiles, folder: Path, model: dict | None = None, *more: str) -> list[str]:
    """The command line of train.py, with the run in `folder`/run and the results in `folder`/out."""
    args = [sys.executable, ROOT / "scripts/train.py", "--images", made.images, "--rows", made.rows]
    args += ["--plan-summary", made.plan_summary, "--dataset", "made", "--model", "tiny", "--threads", "1"]
    args += ["--config", json.dumps(MODEL | (model or {})), "--accelerator", "cpu"]
    return [str(arg) for arg in [*args, "--run-folder", folder / "run", "--output", folder / "out", *more]]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "scripts"), "OMP_NUM_THREADS": "1", **more}


def train(
    made: DecodedFiles, folder: Path, model: dict | None = None, *more: str, **variables: str
) -> subprocess.CompletedProcess:
    """Run train.py in a process of its own, until it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command(made, folder, model, *more), env=environment(**variables), capture_output=True, text=True
    )


def forget_times(rows: list[dict]) -> list[dict]:
    """A history without the columns that differ from run to run."""
    return [{key: value for key, value in row.items() if key not in TIMES} for row in rows]


def points(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """The (step, value) pairs that TensorBoard reads in a folder of events, in order, for each column."""
    events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    events.Reload()
    return {tag: [(e.step, e.value) for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}


def train_here(made, folder: Path, model: dict | None = None, *more: str, code: int = 0) -> Path:
    """Run train.py in this process, check its exit `code`, and return the folder of its results."""
    assert run_program("train.py", *command(made, folder, model, *more)[2:]) == code
    return folder / "out"


def history_of(out: Path) -> list[dict]:
    return json.loads((out / "history.json").read_text())


def write_start(path: Path, seed: int) -> None:
    """Write a file of weights to start from."""
    torch.save(build(MODEL, seed).detector.network.state_dict(), path)
