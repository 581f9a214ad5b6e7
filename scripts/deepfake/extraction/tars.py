"""Tar files of images (WebDataset shards): the same bytes for the same members, and read in one sweep."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deepfake.files import new_file


@contextmanager
def new_tar(path: str | Path):
    """Yield a function `add(name, data)`; the tar appears at `path` when the block ends without an error."""
    with new_file(path) as part, tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:

        def add(name: str, data: bytes) -> None:
            member = tarfile.TarInfo(name)  # its defaults name no owner and no time
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))

        yield add


def read_tar(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """The members' names and bytes, in the order in which they were written."""
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            yield member.name, tar.extractfile(member).read()
