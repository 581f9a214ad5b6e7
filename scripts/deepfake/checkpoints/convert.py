"""The forms that a model can be brought into, each checked against it before it is kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.inference import Batch, Logits, Opened, sigmoid
from deepfake.checkpoints.onnx import open_onnx
from deepfake.checkpoints.onnx_export import CantConvert, as_bytes, export
from deepfake.checkpoints.quantise import quantise_dynamic, quantise_static
from deepfake.checkpoints.safetensors import as_safetensors, open_safetensors
from deepfake.checkpoints.torch_runner import logits_of, open_torch
from deepfake.console import log
from deepfake.files import new_file
from deepfake.inputs.decoded import Decoded

TOLERANCE = 1e-4  # of a logit, and of its size where that is above 1
BATCHES = (1, 3, 8, 17)  # sizes that a form is tried with
SHARE = 8  # images calibrated on at a time


@dataclass(frozen=True, eq=False)
class Source:
    """The model that is converted: its file, what was opened of it, and images of val to calibrate on."""

    path: Path
    model: Opened
    images: list[np.ndarray] = field(default_factory=list)


def convert(
    path: str | Path, form: str, output: str | Path, images: list[np.ndarray] | None = None, threads: int = 1
) -> float:
    """Write best.pt, at `path`, to `output` in one of FORMS; gives the largest difference of a logit.

    `images` are those that int8_static.onnx is calibrated on, uint8 (n, size, size, 3) at each geometry.
    float32.onnx must give the logits of torch but for TOLERANCE, and safetensors just these, on random
    images in batches of several sizes; else CantConvert, and nothing is written. Raises what open_model
    does.
    """
    model = open_torch(path, threads)
    content = FORMS[form](Source(Path(path), model, images or []))
    with new_file(output) as part:
        part.write_bytes(content)
        found = (open_safetensors if form.endswith(".safetensors") else open_onnx)(part, threads)
        one, other = on_cpu(model), on_cpu(found)
        difference = _compare(one, other, random_batches(model), ALLOWED[form])
        if images:
            _tell_of_probabilities(one, other, images)
    return difference


def on_cpu(model: Opened) -> Logits:
    """What runs an opened model on the CPU, whatever else there is."""
    return logits_of(model.detector, torch.device("cpu")) if model.detector else model.logits


def calibration(decoded: Sequence[Decoded], number: int) -> list[np.ndarray]:
    """Up to `number` images of val, evenly over its rows, uint8 (n, size, size, 3) at each geometry.

    CantConvert where val is empty.
    """
    rows = decoded[0].split("val")
    if not len(rows):
        raise CantConvert("the split val is empty, and int8_static.onnx is calibrated on it")
    chosen = rows[np.linspace(0, len(rows) - 1, min(number, len(rows))).round().astype(int)]
    return [one.take(chosen) for one in decoded]


def random_batches(model: Opened) -> list[list[np.ndarray]]:
    """Images of noise, of a batch of each size of BATCHES, at each geometry of `model`."""
    rng = np.random.default_rng(0)
    return [
        [rng.integers(0, 256, (number, one.size, one.size, 3), np.uint8) for one in model.geometries]
        for number in BATCHES
    ]


def _float32(source: Source) -> bytes:
    return as_bytes(export(source.model), source.model.facts)


def _int8_dynamic(source: Source) -> bytes:
    return as_bytes(quantise_dynamic(export(source.model)), source.model.facts)


def _int8_static(source: Source) -> bytes:
    if not source.images:
        raise CantConvert("int8_static.onnx is calibrated on images of val; give --images and --rows")
    found = [one.shape[1:] for one in source.images]
    wanted = [(one.size, one.size, 3) for one in source.model.geometries]
    if found != wanted:
        raise CantConvert(f"the images are {found}, and the model takes {wanted}")
    batches = (
        {
            f"images{number}": np.ascontiguousarray(one[start : start + SHARE].transpose(0, 3, 1, 2))
            for number, one in enumerate(source.images)
        }
        for start in range(0, len(source.images[0]), SHARE)
    )
    return as_bytes(quantise_static(export(source.model), batches), source.model.facts)


def _safetensors(source: Source) -> bytes:
    return as_safetensors(load_checkpoint(source.path))


FORMS: dict[str, Callable[[Source], bytes]] = {
    "float32.onnx": _float32,
    "int8_dynamic.onnx": _int8_dynamic,
    "int8_static.onnx": _int8_static,
    "float32.safetensors": _safetensors,
}
"""From a form's name to what makes its file's bytes."""

ALLOWED = {
    "float32.onnx": TOLERANCE,
    "int8_dynamic.onnx": np.inf,
    "int8_static.onnx": np.inf,
    "float32.safetensors": 0.0,
}
"""How much each form's logits may differ, for logits up to 1."""


def _compare(one: Logits, other: Logits, batches: list[Batch], allowed: float) -> float:
    """The largest difference of a logit. CantConvert where one is larger than `allowed`."""
    largest = 0.0
    for batch in batches:
        wanted, found = one(batch).astype(np.float64), other(batch).astype(np.float64)
        difference = np.abs(found - wanted)
        if not (difference <= allowed * np.maximum(1, np.abs(wanted))).all():
            raise CantConvert(
                f"its logits differ from torch's by up to {difference.max():.3g} on {len(wanted)} random "
                f"images, and {allowed:.3g} is allowed"
            )
        largest = max(largest, float(difference.max()))
    log.info("logits differ by %.3g at the most, on random images in batches of %s", largest, _sizes())
    return largest


def _tell_of_probabilities(one: Logits, other: Logits, images: Batch) -> None:
    largest = np.abs(sigmoid(other(images)) - sigmoid(one(images))).max()
    log.info("probabilities differ by %.3g at the most, on %d images of val", largest, len(images[0]))


def _sizes() -> str:
    return ", ".join(map(str, BATCHES[:-1])) + f" and {BATCHES[-1]}"
