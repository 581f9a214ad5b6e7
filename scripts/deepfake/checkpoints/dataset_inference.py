"""Run a model on the decoded images of one split of a dataset."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.checkpoints.inference import BATCH, LoadedModel, LogitsFunction, run, sigmoid
from deepfake.inputs.decoded import Decoded, check_size, read_decoded
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import InvalidImage

Progress = Callable[[list], Iterable]
"""Takes the list of batches and yields them again; it may show how many are done."""


def read_inputs(
    geometries: Sequence[Geometry], images: Sequence[str | Path], rows: Sequence[str | Path]
) -> list[Decoded]:
    """Return the decoded images of a dataset at each of a model's `geometries`, in that order.

    `images` (npy) and `rows` (csv) are files that decode.py wrote, one of each per geometry. Raises
    InvalidImage if they can't be read, have another size than the model takes, or aren't of the same
    images, and OSError if a file is missing.
    """
    if not len(images) == len(rows) == len(geometries):
        names = ", ".join(geometry.name for geometry in geometries)
        raise InvalidImage(f"the model takes images at {names}; give images and rows for each, in this order")
    inputs = [read_decoded(*pair) for pair in zip(images, rows, strict=True)]
    for decoded, geometry, path, table in zip(inputs, geometries, images, rows, strict=True):
        check_size(decoded, geometry.size, path)
        if not decoded.rows.equals(inputs[0].rows):
            raise InvalidImage(f"{table} and {rows[0]} list different images; delete both and run again")
    return inputs


def predict_split(
    logits: LogitsFunction, inputs: Sequence[Decoded], split: str, progress: Progress = iter
) -> np.ndarray:
    """Return the probability of fake of each image of a split, float32 (n,), in the order of its rows.

    `inputs` are the images at each geometry that the model takes.
    """
    return sigmoid(split_logits(logits, inputs, split, progress))


def predict_rows(
    model: LoadedModel, inputs: Sequence[Decoded], split: str, progress: Progress = iter
) -> pd.DataFrame:
    """Return the rows of a split with the column `probability`, of fake, float32.

    A model with attention over frames adds the column `attention`, float32: the score by which an image is
    weighed among those of its video. `inputs` are the images at each geometry that the model takes.
    """
    rows = inputs[0].rows.iloc[inputs[0].split(split)]
    if model.logits_and_attention is None:
        return rows.assign(probability=predict_split(model.logits, inputs, split, progress))
    scores = split_logits(model.logits_and_attention, inputs, split, progress).reshape(-1, 2)
    return rows.assign(probability=sigmoid(scores[:, 0]), attention=scores[:, 1])


def split_logits(
    logits: LogitsFunction, inputs: Sequence[Decoded], split: str, progress: Progress = iter
) -> np.ndarray:
    """Return the logit of fake of each image of a split, float32 (n,), in the order of its rows."""
    numbers = inputs[0].split(split)
    batches = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
    return run(logits, ([decoded.take(batch) for decoded in inputs] for batch in progress(batches)))
