"""Shards of images: a tar file (in WebDataset's format), and a table that describes each of its images."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deepfake import tables
from deepfake.errors import UserError
from deepfake.files import new_file

Images = Iterator[tuple[dict, bytes]]
"""Rows of a table, each with the bytes of its image, empty if it has none."""


class TarMismatch(UserError):
    """A tar doesn't hold the images that the table beside it lists, in the same order."""

    def __init__(self, tar: str | Path, problem: str):
        super().__init__(f"{tar} doesn't fit the table beside it: {problem}; delete both and run again")


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


def write_shard(tar: str | Path, table: str | Path, columns: Sequence[str], images: Images) -> list[dict]:
    """Write the images to a tar, under the names in their rows, and the rows to a table. Return the rows."""
    rows = []
    with new_tar(tar) as add:
        for row, data in images:
            rows.append(row)
            if data:
                add(row["image"], data)
    tables.write_rows(table, columns, rows)
    return rows


def read_tar(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each member, in the order in which they were written."""
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            yield member.name, tar.extractfile(member).read()


def read_shard(tar: str | Path, videos: Iterable[list[dict[str, str]]]) -> Iterator[Images]:
    """Yield the images of each video of a shard, and check them against the shard's table.

    `videos` are all rows of the table, a list for each video. A video's images have to be read to the end
    before the next video. Raises TarMismatch.
    """
    stored = _read_tar_of_shard(tar)
    for rows in videos:
        yield _read_images(tar, rows, stored)
    if extra := next(stored, None):
        raise TarMismatch(tar, f"it also holds {extra[0]}, which the table doesn't list")


def _read_tar_of_shard(tar: str | Path) -> Iterator[tuple[str, bytes]]:
    try:
        yield from read_tar(tar)
    except tarfile.TarError as error:
        raise TarMismatch(tar, str(error)) from error


def _read_images(tar: str | Path, rows: list[dict[str, str]], stored: Iterator[tuple[str, bytes]]) -> Images:
    for row in rows:
        data = b""
        if row["image"]:
            name, data = next(stored, ("nothing", b""))
            if name != row["image"]:
                raise TarMismatch(tar, f"it holds {name} where the table lists {row['image']}")
            if hashlib.sha256(data).hexdigest() != row["sha256"]:
                raise TarMismatch(tar, f"the checksum of {name} is not the table's")
        yield row, data
