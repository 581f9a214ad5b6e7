"""Models of any form, opened to be run, and the probabilities that they give; imports no torch by itself."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from deepfake.inputs.geometry import Geometry

if TYPE_CHECKING:
    from deepfake.inputs.decoded import Decoded  # needs pandas, which those who run a model may not have

BATCH = 64

Batch = Sequence[np.ndarray]
"""The same images at each geometry that a model takes: uint8 (n, size, size, 3) RGB, one array for each."""

Logits = Callable[[Batch], np.ndarray]
"""From a batch to the logit of fake of each image, float32 (n,)."""


@dataclass(frozen=True, eq=False)
class Opened:
    """A model that can be run: `facts` is what its checkpoint holds, but for the weights.

    `geometries` say what it takes, in the order of a batch. `detector` is the network, a torch module, for
    those who want more of it than logits; None where the form has none.
    """

    facts: dict
    geometries: list[Geometry]
    logits: Logits
    detector: Any = None


def open_model(path: str | Path, threads: int = 1) -> Opened:
    """Open best.pt, on the best device that there is, or one of its other forms, told by the suffix.

    `threads` are those of the CPU. Raises WeightsMissing where there is no file, WeightsDontFit where it
    can't be used, with what is wrong.
    """
    suffix = Path(path).suffix.lower()
    if suffix == ".onnx":
        from deepfake.checkpoints.onnx import open_onnx

        return open_onnx(path, threads)
    if suffix == ".safetensors":
        from deepfake.checkpoints.safetensors import open_safetensors

        return open_safetensors(path, threads)
    from deepfake.checkpoints.torch_runner import open_torch

    return open_torch(path, threads)


def in_batches(fitted: Iterable[Sequence[np.ndarray]], number: int = BATCH) -> Iterator[list[np.ndarray]]:
    """Images, each given at every geometry of a model, as batches of up to `number`."""
    fitted = iter(fitted)
    while some := list(islice(fitted, number)):
        yield [np.stack(column) for column in zip(*some, strict=True)]


def in_shares(logits: Logits, views: int) -> Logits:
    """The same, but of so few images at a time that with `views` of each they fill no more than a batch."""
    number = max(1, BATCH // views)

    def shared(batch: Batch) -> np.ndarray:
        starts = range(0, len(batch[0]), number)
        return np.concatenate(
            [np.empty(0, np.float32), *(logits([one[s : s + number] for one in batch]) for s in starts)]
        )

    return shared


def run(logits: Logits, batches: Iterable[Batch]) -> np.ndarray:
    """The logit of fake of each image, float32 (total,)."""
    return np.concatenate([np.empty(0, np.float32), *map(logits, batches)])


def probabilities(logits: Logits, batches: Iterable[Batch]) -> np.ndarray:
    """Of each image the probability that it is fake, float32 (total,)."""
    return sigmoid(run(logits, batches))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """The probability of each logit, float32, whatever its size."""
    return np.exp(-np.logaddexp(0, -logits.astype(np.float64))).astype(np.float32)


def predict_split(
    logits: Logits, decoded: Sequence["Decoded"], split: str, watch: Callable[[list], Iterable] = iter
) -> np.ndarray:
    """The probability of fake of each image of a split, float32 (n,), in the order of its rows.

    `decoded` are the images at each geometry that the model takes. `watch` gives the numbers of the batches
    on, and may show how far it is.
    """
    return sigmoid(logits_of_split(logits, decoded, split, watch))


def logits_of_split(
    logits: Logits, decoded: Sequence["Decoded"], split: str, watch: Callable[[list], Iterable] = iter
) -> np.ndarray:
    """The same as logits of fake."""
    numbers = decoded[0].split(split)
    parts = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
    return run(logits, ([one.take(part) for one in decoded] for part in watch(parts)))
