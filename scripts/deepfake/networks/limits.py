"""What a model may take of the machine: the part of the config's `limits` that is about models.

A model's file may come from anywhere, and a few kilobytes can describe a network that fills the memory or
computes for days. Imports no torch.
"""

from collections.abc import Iterable
from pathlib import Path

from deepfake.errors import ModelError
from deepfake.inputs.geometry import Geometry

MODEL_LIMITS = {"model_gb": 20, "model_memory_gb": 4, "model_tflop": 50, "model_seconds": 300}
"""The defaults, far above what models for faces need.

model_gb: the gigabytes of a model's file, or of all weights in a folder;
model_memory_gb: the gigabytes that computing may take beside the weights;
model_tflop: the operations for one image, in millions of millions (ViT-L needs 0.16);
model_seconds: the seconds that a model in ONNX may take to be opened, or for a few images.
"""

BATCH = 64
"""The images that a model gets at a time; see `checkpoints.inference`."""


def over(name: str, limits: dict, unit: str = "") -> str:
    """Return the end of a message about something over the limit `name`."""
    return f"more than limits.{name} = {limits[name]:g}{unit}; raise it if you trust the file"


def check_file_sizes(paths: Iterable[Path], source: str | Path, limits: dict) -> int:
    """Return the bytes of the weights files `paths` of one model. ModelError if they are over model_gb."""
    size = sum(path.stat().st_size for path in paths)
    if size > limits["model_gb"] * 1e9:
        raise ModelError(f"{source} has {size / 1e9:.3g} GB of weights, {over('model_gb', limits)}")
    return size


def check_geometries(geometries: Iterable[Geometry], path: str | Path, limits: dict) -> None:
    """Raise ModelError if a batch of images of these sizes alone takes more than model_memory_gb."""
    size = BATCH * sum(3 * geometry.size**2 for geometry in geometries)
    if size > limits["model_memory_gb"] * 1e9:
        largest = max(geometry.size for geometry in geometries)
        raise ModelError(
            f"{path} takes images of {largest}×{largest} pixels: a batch of {BATCH} is {size / 1e9:.3g} GB, "
            f"{over('model_memory_gb', limits)}"
        )


def check_cost(memory: float, operations: float, source: str | Path, limits: dict) -> None:
    """Raise ModelError if one image takes more bytes or operations than the limits allow."""
    if memory > limits["model_memory_gb"] * 1e9:
        raise ModelError(
            f"{source}: a layer takes {memory / 1e9:.3g} GB for one image, {over('model_memory_gb', limits)}"
        )
    if operations > limits["model_tflop"] * 1e12:
        raise ModelError(
            f"{source}: one image takes {operations / 1e12:.3g} million million operations, "
            f"{over('model_tflop', limits)}"
        )
