"""Runs of training on a small dataset, and comparisons of their results."""

from collections.abc import Callable
from pathlib import Path

import torch
from made.decoded import MODEL, SIZE, forget_times
from torch import nn

from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.networks.detector import Detector
from deepfake.training import loop
from deepfake.training.blender import Blender
from deepfake.training.data import train_and_val
from deepfake.training.distributed import launch
from deepfake.training.loop import Trained, fit

NO_PROGRESS = {"lr": 1e-7, "optimizer": "adam", "weight_decay": 0.0}
"""Settings that change so little that macro F1 stays the same."""


class Killed(BaseException):
    """Raised where a kill ends the process."""


def run(made, folder, detector=None, seed=5, weights=(1.0, 1.0), fingerprint="same", **changes) -> Trained:
    """Train MODEL with `changes` on one CPU thread."""
    model = MODEL | changes
    detector = detector or build(model, seed).detector
    decoded = read_decoded(made.images, made.rows)
    with launch(model["precision"], "cpu") as processes:
        splits = train_and_val(decoded, processes.fabric.device)
        splits[0].blend = Blender(model, splits[0]) if model["self_blend"] else None
        return fit(processes, detector, model, weights, *splits, folder, "made/tiny", fingerprint, seed)


def linear(seed: int = 0) -> Detector:
    """A detector without dropout and normalisation, so that only its inputs and the optimiser matter."""
    torch.manual_seed(seed)
    return Detector(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIZE * SIZE, 1)), [0.5] * 3, [0.5] * 3)


def same(one: Trained, other: Trained) -> bool:
    """Whether histories, best epochs and all weights are the same to the last bit."""
    if forget_times(one.history) != forget_times(other.history) or one.best != other.best:
        return False
    states = [(one.state(name), other.state(name)) for name in one.weights]
    return one.weights.keys() == other.weights.keys() and all(
        a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a) for a, b in states
    )


def before_epoch(number: int, action: Callable[[], None], monkeypatch) -> None:
    """Have `action` called each time before the epoch `number`, from 0, is trained."""
    train_epoch = loop.train_epoch

    def patched(*args):
        epoch = args[6]
        if epoch == number:
            action()
        return train_epoch(*args)

    monkeypatch.setattr(loop, "train_epoch", patched)


def column(trained: Trained, name: str) -> list[float]:
    return [row[name] for row in trained.history]


def timeless_files(folder: Path) -> dict[str, bytes]:
    """The bytes of a folder's files, by path, but for those that contain times."""
    timed = ("history", "events", "curves")
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(timed)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
