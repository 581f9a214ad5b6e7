"""The landmarks of a finished dataset's images: found in worker processes, written, and read for a network.

They are found in the images themselves, so that whole shards of crops, whose tables may have landmarks of
another kind or none, aren't needed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.inputs.geometry import Geometry
from deepfake.worker_pool import WorkerPool, results_in_order

PROGRAM = "deepfake.inputs.landmark_worker"
TOGETHER = 16  # images of a task: waiting for each by itself would be slow
KINDS = {"five": 5, "68": 68}
"""The numbers of points, by the name of dlib's model."""

COLUMNS = "image status width height left top right bottom".split()
"""Of the table beside the points: an image's size in pixels, and the box of its points in fractions of that,
"" without a face. Where the points change the table does, too."""


Landmarks = tuple[str, str]
"""The paths of the array and of the table."""


@dataclass(frozen=True)
class LandmarkSettings:
    """What all tasks share: the dataset's folder, the `kind` of KINDS, and the limits on one image."""

    folder: str
    kind: str
    limits: dict


@dataclass(frozen=True)
class LandmarkTask:
    """Find the landmarks of images, (name, SHA-256). `number` and `seconds` are those of worker_pool.Task."""

    number: int
    images: tuple[tuple[str, str], ...]
    seconds: float


class Located(NamedTuple):
    """An image's size in pixels, and its `points`, float32 (P, 2), fractions of both; None without a face."""

    width: int
    height: int
    points: np.ndarray | None


def find_landmarks(
    rows: pd.DataFrame,
    settings: LandmarkSettings,
    workers: int = 1,
    advance: Callable[[int], None] = lambda images: None,
) -> list[Located]:
    """Return the landmarks of each of `rows` of dataset_images.read_image_rows, in order.

    The number of `workers` changes nothing. `advance` is called with the number of newly searched images.
    Raises UserError if a process can't start, or an image can't be read, or isn't that of its row.
    """
    pairs = list(zip(rows["image"], rows["sha256"], strict=True))
    parts = [tuple(pairs[start : start + TOGETHER]) for start in range(0, len(pairs), TOGETHER)]
    tasks = [LandmarkTask(n, part, settings.limits["seconds"]) for n, part in enumerate(parts)]

    def failed(task: LandmarkTask, done: int, problem: str) -> UserError:
        name = task.images[min(done, len(task.images) - 1)][0]
        return UserError(f"{settings.folder}/{name}: no landmarks can be found: {problem}")

    with WorkerPool(PROGRAM, settings, min(workers, len(tasks)), settings.limits["memory_gb"]) as pool:
        return results_in_order(pool, tasks, advance, failed)


def write_landmarks(located: list[Located], names: pd.Series, kind: str, array: Path, table: Path) -> None:
    """Write the points of images to `array` (.npy), float32 (N, P, 2), and COLUMNS to `table`.

    `names` are the images' own. Points are fractions of an image's width and height, NaN without a face.
    """
    points, rows = np.full((len(located), KINDS[kind], 2), np.nan, np.float32), []
    for number, (name, image) in enumerate(zip(names, located, strict=True)):
        row = {"image": name, "status": tables.NO_FACE, "width": image.width, "height": image.height}
        if image.points is not None:
            points[number] = image.points
            box = (*image.points.min(0), *image.points.max(0))
            row |= {"status": tables.OK} | {
                key: f"{value:.4f}" for key, value in zip(COLUMNS[4:], box, strict=True)
            }
        rows.append(row)
    with new_file(array) as part, open(part, "wb") as file:
        np.save(file, points, allow_pickle=False)
    tables.write_rows(table, COLUMNS, rows)


def read_landmarks(array: str | Path, table: str | Path, names: pd.Series, geometry: Geometry) -> np.ndarray:
    """Return the points of the images `names` as a network sees them, float32 (N, P, 2).

    They are fractions of the side of the square that `pixels.fit` makes of an image, NaN without a face.
    Raises UserError if the files can't be read, or aren't those of the images.
    """
    try:
        points = np.load(array, allow_pickle=False)
        rows = pd.read_csv(table, usecols=["image", "width", "height"], **tables.AS_TEXT)
        sizes = rows[["width", "height"]].to_numpy("int64")
    except (OSError, ValueError) as error:
        raise UserError(f"{array} and {table} can't be read ({error}); delete both and run again") from None
    if points.dtype != np.float32 or points.shape != (len(names), *points.shape[1:2], 2):
        raise UserError(f"{array} holds {points.dtype} {points.shape} for {len(names)} images; delete it")
    if points.shape[1] not in KINDS.values() or list(rows["image"]) != list(names):
        raise UserError(f"{table} is not of the decoded images; delete it and {array}, and run again")
    if geometry.resize == geometry.size:
        return points
    scale = geometry.resize / sizes.min(1, keepdims=True)
    resized = np.maximum(geometry.resize, np.rint(sizes * scale))
    corner = (resized - geometry.size) // 2
    return ((points * resized[:, None] - corner[:, None]) / geometry.size).astype(np.float32)
