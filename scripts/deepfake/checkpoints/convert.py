"""Export a best.pt to other formats; each file is checked against best.pt before it is kept."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.inference import Batch, LoadedModel, LogitsFunction, sigmoid
from deepfake.checkpoints.onnx_export import as_bytes, export
from deepfake.checkpoints.onnx_inference import open_onnx
from deepfake.checkpoints.open_model import open_model
from deepfake.checkpoints.quantise import Inputs, quantise_dynamic, quantise_static
from deepfake.checkpoints.safetensors import as_safetensors, read_safetensors
from deepfake.checkpoints.torch_inference import logits_function, torch_model
from deepfake.console import log
from deepfake.errors import ModelError
from deepfake.files import new_file
from deepfake.inputs.decoded import Decoded

BATCH_SIZES = (1, 3, 8, 17)  # that an exported model is tried with
AT_ONCE = 8  # images calibrated on


def convert(
    path: str | Path,
    name: str,
    output: str | Path,
    images: Batch | None = None,
    threads: int = 1,
    limits: dict | None = None,
) -> float:
    """Write the best.pt `path` to `output` in the format `name`, a key of FORMATS.

    Returns the largest difference between their logits on random images, in batches of several sizes.
    `images` are those that int8_static.onnx is calibrated on, `limits` those of the config.
    Raises ModelError, and writes nothing, where the logits differ by more than the format's TOLERANCES, and
    where the model can't be opened or exported.
    """
    model = open_model(path, threads, limits)
    content = FORMATS[name](Path(path), model, images or [])
    with new_file(output) as temporary:
        temporary.write_bytes(content)
        expected, exported = on_cpu(model), on_cpu(_open(temporary, name, threads, limits))
        difference = _largest_difference(expected, exported, random_batches(model), TOLERANCES[name])
        if images:
            change = np.abs(sigmoid(exported(images)) - sigmoid(expected(images))).max()
            log.info("probabilities differ by at most %.3g, on %d images of val", change, len(images[0]))
    return difference


def on_cpu(model: LoadedModel) -> LogitsFunction:
    """Return the function that runs an opened model on the CPU, whatever other devices there are."""
    return logits_function(model.detector, torch.device("cpu")) if model.detector else model.logits


def calibration_images(inputs: Sequence[Decoded], number: int) -> list[np.ndarray]:
    """Return up to `number` images of val, spread evenly over its rows: a batch for the model.

    Raises ModelError if val is empty.
    """
    rows = inputs[0].split("val")
    if not len(rows):
        raise ModelError("the split val is empty, and int8_static.onnx is calibrated on it")
    chosen = rows[np.linspace(0, len(rows) - 1, min(number, len(rows))).round().astype(int)]
    return [decoded.take(chosen) for decoded in inputs]


def random_batches(model: LoadedModel) -> list[list[np.ndarray]]:
    """Return batches of noise at the geometries of `model`, one for each of BATCH_SIZES."""
    rng = np.random.default_rng(0)
    return [
        [rng.integers(0, 256, (size, one.size, one.size, 3), np.uint8) for one in model.geometries]
        for size in BATCH_SIZES
    ]


def _open(path: Path, name: str, threads: int, limits: dict | None) -> LoadedModel:
    """The exported model in a file that doesn't have its final name, and so no suffix, yet."""
    if name.endswith(".onnx"):
        return open_onnx(path, threads, limits)
    return torch_model(read_safetensors(path, limits), path, threads, limits)


def _float32(path: Path, model: LoadedModel, images: Batch) -> bytes:
    return as_bytes(export(model), model.metadata)


def _int8_dynamic(path: Path, model: LoadedModel, images: Batch) -> bytes:
    return as_bytes(quantise_dynamic(export(model)), model.metadata)


def _int8_static(path: Path, model: LoadedModel, images: Batch) -> bytes:
    if not images:
        raise ModelError("int8_static.onnx is calibrated on images of val; give --images and --rows")
    shapes = [array.shape[1:] for array in images]
    expected = [(geometry.size, geometry.size, 3) for geometry in model.geometries]
    if shapes != expected:
        raise ModelError(f"the images are {shapes}, and the model takes {expected}")
    return as_bytes(quantise_static(export(model), _onnx_inputs(images)), model.metadata)


def _onnx_inputs(images: Batch) -> Iterator[Inputs]:
    for start in range(0, len(images[0]), AT_ONCE):
        yield {
            f"images{number}": np.ascontiguousarray(array[start : start + AT_ONCE].transpose(0, 3, 1, 2))
            for number, array in enumerate(images)
        }


def _safetensors(path: Path, model: LoadedModel, images: Batch) -> bytes:
    return as_safetensors(load_checkpoint(path))


FORMATS: dict[str, Callable[[Path, LoadedModel, Batch], bytes]] = {
    "float32.onnx": _float32,
    "int8_dynamic.onnx": _int8_dynamic,
    "int8_static.onnx": _int8_static,
    "float32.safetensors": _safetensors,
}
"""The name of each format, and the function that returns its file from best.pt, the model and images."""

TOLERANCES = {
    "float32.onnx": 1e-4,
    "int8_dynamic.onnx": np.inf,
    "int8_static.onnx": np.inf,
    "float32.safetensors": 0.0,
}
"""How much each format's logits may differ from best.pt's: absolutely below 1, relatively above."""


def _largest_difference(
    expected: LogitsFunction, exported: LogitsFunction, batches: list[Batch], tolerance: float
) -> float:
    largest = 0.0
    for batch in batches:
        reference = expected(batch).astype(np.float64)
        difference = np.abs(exported(batch).astype(np.float64) - reference)
        if not (difference <= tolerance * np.maximum(1, np.abs(reference))).all():
            raise ModelError(
                f"its logits differ from torch's by up to {difference.max():.3g} on {len(reference)} random "
                f"images, and {tolerance:.3g} is allowed"
            )
        largest = max(largest, float(difference.max()))
    sizes = ", ".join(map(str, BATCH_SIZES))
    log.info("logits differ by at most %.3g, on random images in batches of %s", largest, sizes)
    return largest
