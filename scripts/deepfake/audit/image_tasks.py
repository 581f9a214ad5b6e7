"""What the worker processes of an audit are sent and what they send back, pickled over a pipe."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from deepfake.audit.files import StoredFile

DETECTOR = {"detector": "dlib", "search": "full", "upsample": 1, "width": 640, "margin": 1.3}
"""The config section `faces` by which faces are found in images that aren't crops of them."""


@dataclass(frozen=True)
class ReaderSettings:
    """What all tasks share: the folder of the images, the `limits` on one, and how faces are found.

    `people` is the network's config section; None to embed no face. `detector` is the config section `faces`
    for images that aren't crops of faces; None for crops.
    """

    folder: str
    limits: dict
    people: dict | None
    detector: dict | None = None


@dataclass(frozen=True)
class ImagesTask:
    """Read these images. `number` and `seconds` are those of worker_pool.Task."""

    number: int
    names: tuple[str, ...]
    seconds: float
    thumbnails: bool = False


class ReadImage(NamedTuple):
    """An image: its file, and the unit `vector` of its face, float32 (d,), None where no face is known.

    For a task of thumbnails there is the `thumbnail` as a JPEG, b"" where it can't be decoded.
    """

    name: str
    file: StoredFile
    vector: np.ndarray | None
    thumbnail: bytes = b""
