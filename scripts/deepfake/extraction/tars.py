"""Tar files of images (WebDataset shards), and those that hold a shard's frames, read with their table."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deepfake.errors import UserError
from deepfake.files import new_file

VideoFrames = Iterator[tuple[dict[str, str], bytes]]
"""The rows of one video's frames, each with the bytes of its image, empty where it has none."""


class TarMismatch(UserError):
    """A tar doesn't hold the images that its table lists, in the same order."""


@contextmanager
def new_tar(path: str | Path) -> Iterator[Callable[[str, bytes], None]]:
    """Yield a function `add(name, data)`; the tar appears at `path` when the block ends without an error.

    The same images in the same order give the same bytes.
    """
    with new_file(path) as part, tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(name)  # its defaults name no owner and no time
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

        yield add


def read_tar(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each member, in the order in which they were written."""
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            yield member.name, tar.extractfile(member).read()


def read_frames(tar: str | Path, videos: Iterable[list[dict[str, str]]]) -> Iterator[VideoFrames]:
    """Yield the frames of each video of a shard, from the tar that holds their images.

    `videos` are all rows of tables.FRAMES, a list for each video. A video's frames have to be read to the end
    before the next video. Raises TarMismatch, or tarfile.TarError, where tar and table don't belong together.
    """
    stored = read_tar(tar)
    for rows in videos:
        yield _read_images(rows, stored)
    if extra := next(stored, None):
        raise TarMismatch(f"it holds {extra[0]} as well, which the table has not")


def _read_images(rows: list[dict[str, str]], stored: Iterator[tuple[str, bytes]]) -> VideoFrames:
    for row in rows:
        data = b""
        if row["image"]:
            name, data = next(stored, ("no more", b""))
            if name != row["image"]:
                raise TarMismatch(f"it holds {name} where the table has {row['image']}")
            if hashlib.sha256(data).hexdigest() != row["sha256"]:
                raise TarMismatch(f"it holds another {name} than the table")
        yield row, data
