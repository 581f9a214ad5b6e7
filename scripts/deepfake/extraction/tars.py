"""Shards of images: a tar file (in WebDataset's format), and a table that describes each of its images."""

import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from types import TracebackType

from deepfake import tables
from deepfake.errors import UserError
from deepfake.files import new_file

Images = Iterator[tuple[dict, bytes]]
"""Rows of a table, each with the bytes of its image, empty if it has none."""

MASK_DATA = "mask_data"
"""The key of a row under which the bytes of the mask of its image come with it; no column of a table."""


class TarMismatch(UserError):
    """A tar doesn't hold the images that the table beside it lists, in the same order."""

    def __init__(self, tar: str | Path, problem: str):
        super().__init__(f"{tar} doesn't fit the table beside it: {problem}; delete both and run again")


def mask_columns(row: dict, data: bytes) -> dict:
    """Return the columns `mask` and `mask_sha256` of a mask, and its bytes as MASK_DATA.

    `row` has the columns `video` and `frame`. The name is that of the image with another ending, as
    WebDataset names what belongs together.
    """
    name = f"{row['video']}/{int(row['frame']):06d}.mask.png"
    return {"mask": name, "mask_sha256": hashlib.sha256(data).hexdigest(), MASK_DATA: data}


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
    """Write the images to a tar, under the names in their rows, and the rows to a table. Return the rows.

    A mask comes after its image.
    """
    rows = []
    with new_tar(tar) as add:
        for row, data in images:
            mask = row.pop(MASK_DATA, b"")
            rows.append(row)
            if data:
                add(row["image"], data)
            if mask:
                add(row["mask"], mask)
    tables.write_rows(table, columns, rows)
    return rows


def read_tar(path: str | Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each member, in the order in which they were written."""
    with tarfile.open(path, "r|") as tar:
        for member in tar:
            yield member.name, tar.extractfile(member).read()


class StoredImages:
    """The images of a shard's tar, which can be read in any order.

    Use it in a `with` block, or for the life of a process. Raises TarMismatch for a file that is no tar, or
    a part of one.
    """

    def __init__(self, tar: str | Path):
        self._tar = tar
        try:
            with tarfile.open(tar, "r:") as members:
                self._places = [(member.name, member.offset_data, member.size) for member in members]
        except tarfile.TarError as error:
            raise TarMismatch(tar, str(error)) from error
        self._by_name = {name: (offset, size) for name, offset, size in self._places}
        self._file = open(tar, "rb")  # noqa: SIM115

    def __enter__(self) -> "StoredImages":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    def check_names(self, rows: Iterable[dict[str, str]]) -> None:
        """Check that the tar holds the images that the rows of its table list, in the same order, and no
        others. Raises TarMismatch."""
        listed = [row[key] for row in rows for key in ("image", "mask") if row.get(key)]
        for name, image in zip_longest([name for name, *_ in self._places], listed, fillvalue=""):
            if not image:
                raise TarMismatch(self._tar, f"it also holds {name}, which the table doesn't list")
            if name != image:
                raise TarMismatch(self._tar, f"it holds {name or 'nothing'} where the table lists {image}")

    def read(self, row: dict[str, str]) -> bytes:
        """Return the bytes of a row's image, whose checksum the row has; none for a row without an image.

        Raises TarMismatch.
        """
        return self._read(row["image"], row["sha256"]) if row["image"] else b""

    def read_mask(self, row: dict[str, str]) -> dict[str, bytes]:
        """Return the bytes of the mask of a row's image as MASK_DATA, or nothing. Raises TarMismatch."""
        return {MASK_DATA: self._read(row["mask"], row["mask_sha256"])} if row.get("mask") else {}

    def _read(self, name: str, sha256: str) -> bytes:
        if name not in self._by_name:
            raise TarMismatch(self._tar, f"it doesn't hold {name}")
        offset, size = self._by_name[name]
        self._file.seek(offset)
        data = self._file.read(size)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise TarMismatch(self._tar, f"the checksum of {name} is not the table's")
        return data
