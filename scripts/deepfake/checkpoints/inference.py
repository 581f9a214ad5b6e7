"""A model that can be run, whatever file it comes from, and the steps from images to probabilities.

Imports neither torch nor pandas: the package for submissions runs without them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from deepfake.inputs.geometry import Geometry
from deepfake.networks.limits import BATCH

Batch = Sequence[np.ndarray]
"""The same n images at each geometry of a model: uint8 arrays (n, size, size, 3), RGB, one per geometry."""

LogitsFunction = Callable[[Batch], np.ndarray]
"""Maps a batch to the logit of fake of each image, float32 (n,)."""


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model that can be run.

    `metadata` is all that its file holds beside the weights. `geometries` are the sizes of image that a batch
    has, in this order. `detector` is the torch module, for callers that need more than logits (Grad-CAM,
    export); None for formats that torch doesn't run. `logits_and_attention` maps a batch to float32 (n, 2),
    with the score by which an image is weighed among the frames of its video; None where a model has none.
    """

    metadata: dict
    geometries: list[Geometry]
    logits: LogitsFunction
    detector: Any = None
    logits_and_attention: LogitsFunction | None = None


def in_batches(images: Iterable[Sequence[np.ndarray]], size: int = BATCH) -> Iterator[list[np.ndarray]]:
    """Yield batches of up to `size` images; each of `images` is one array per geometry of the model."""
    images = iter(images)
    while some := list(islice(images, size)):
        yield [np.stack(column) for column in zip(*some, strict=True)]


def split_batches(logits: LogitsFunction, size: int) -> LogitsFunction:
    """Return `logits` for batches of any number of images, run on at most `size` of them at a time."""

    def logits_of_parts(batch: Batch) -> np.ndarray:
        starts = range(0, len(batch[0]), size)
        return run(logits, ([images[start : start + size] for images in batch] for start in starts))

    return logits_of_parts


def run(logits: LogitsFunction, batches: Iterable[Batch]) -> np.ndarray:
    """Return the logit of fake of each image of all batches, float32 (total,)."""
    parts = [logits(batch) for batch in batches]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def probabilities(logits: LogitsFunction, batches: Iterable[Batch]) -> np.ndarray:
    """Return the probability of fake of each image of all batches, float32 (total,)."""
    return sigmoid(run(logits, batches))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return the probability of each logit, float32; logits of any size neither overflow nor warn."""
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64))).astype(np.float32)
