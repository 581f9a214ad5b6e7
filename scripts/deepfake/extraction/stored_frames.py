"""The frames of a shard as they were stored: a tar, and the table that says what lies in it, in its order."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from deepfake.extraction.tars import read_tar

Clip = Iterator[tuple[dict[str, str], bytes]]
"""The rows of one clip's frames, each with the bytes of its image, empty where there is none."""


class OutOfStep(ValueError):
    """The tar doesn't hold what its table says, in the same order."""


def stored_clips(tar: str | Path, clips: Iterable[list[dict[str, str]]]) -> Iterator[Clip]:
    """The clips with their images. `clips` are the rows of tables.FRAMES, a list for each clip, all of them.

    Each clip has to be read to its end before the next. Raises OutOfStep, or tarfile.TarError, where the tar
    isn't the table's.
    """
    stored = read_tar(tar)
    for clip in clips:
        yield _images_of(clip, stored)
    if extra := next(stored, None):
        raise OutOfStep(f"it holds {extra[0]} as well, which the table has not")


def _images_of(clip: list[dict[str, str]], stored: Iterator[tuple[str, bytes]]) -> Clip:
    for row in clip:
        data = b""
        if row["image"]:
            name, data = next(stored, ("no more", b""))
            if name != row["image"]:
                raise OutOfStep(f"it holds {name} where the table has {row['image']}")
            if hashlib.sha256(data).hexdigest() != row["sha256"]:
                raise OutOfStep(f"it holds another {name} than the table")
        yield row, data
