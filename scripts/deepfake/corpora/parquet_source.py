"""A corpus in Parquet files, each an archive of images with the methods of sources.ZipSource.

An image's path is its name in the file, see ImageTable.names; beside the images of a file there is `rows.csv`
with its other columns, see layouts/parquet_rows.py.
"""

import os
import tempfile
import zlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from deepfake.corpora.archives import Member, MemberError
from deepfake.corpora.frame_folders import stills_by_folder
from deepfake.corpora.parquet_files import ImageTable
from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import IMAGE, kind_by_content
from deepfake.layouts.parquet_rows import ROWS

OPEN = 8  # files that are open at a time
UNPACKED = 1 << 28  # bytes of row groups that stay unpacked in $TMPDIR; of one, if that is larger
NO_IMAGE = "the row has no image"
ENDS_EARLY = "damaged in the archive: its row group ends before it"


class ParquetSource:
    """A corpus in Parquet files. An archive's name is its path below their folder.

    An image, and the table of rows, may have `max_read` bytes.
    """

    def __init__(self, paths: list[str], limits: dict, stack: ExitStack, max_read: int):
        top = os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in paths])
        self.limits = limits
        self._max_read = max_read
        self._paths = {Path(os.path.relpath(path, top)).as_posix(): path for path in sorted(paths)}
        self._tables: OrderedDict[str, tuple[ImageTable, dict[str, int]]] = OrderedDict()
        self._groups: OrderedDict[tuple[str, int], _UnpackedGroup] = OrderedDict()
        self._stills: dict[Entry, list[Member]] | None = None
        stack.callback(self._close)

    def members(
        self, needs_crc32: Callable[[Entry], bool] = lambda entry: True, believe_names: bool = True
    ) -> list[Member]:
        """Return the images of all files and each file's table of rows, sorted by archive and path.

        What is no image by its first bytes counts as one, so that decoding it says what is wrong. Where no
        image of a row group needs a CRC-32, none is read, and each has their mean size.
        """
        return [
            member
            for archive in self._paths
            for member in sorted(self._members(archive, needs_crc32), key=lambda m: m.path)
        ]

    def _members(self, archive: str, needs_crc32: Callable[[Entry], bool]) -> Iterator[Member]:
        table, _ = self._table(archive)
        yield Member(archive, ROWS, 0, 0)
        for group, rows in enumerate(table.groups):
            if any(needs_crc32(Entry(archive, table.names[row], IMAGE)) for row in rows):
                yield from self._read_members(table, group)
                continue
            for row in rows:
                size = table.mean_bytes(group)
                yield Member(archive, table.names[row], size, 0, content=IMAGE, block=_block(archive, group))

    def _read_members(self, table: ImageTable, group: int) -> Iterator[Member]:
        rows, archive, block = table.groups[group], table.archive, _block(table.archive, group)
        left, reason = rows, ENDS_EARLY
        try:
            for row, data in zip(rows, table.images(group), strict=False):
                left = range(row + 1, rows.stop)
                size = 0 if data is None else data.size
                refused = NO_IMAGE if data is None else self._too_large(size)
                content = IMAGE if refused else kind_by_content(data.to_pybytes()) or IMAGE
                crc = 0 if refused else zlib.crc32(data)
                yield Member(archive, table.names[row], size, crc, refused, content, block)
        except MemberError as error:
            reason = str(error)
        for row in left:
            yield Member(archive, table.names[row], 0, 0, reason, IMAGE, block)

    def frames(self, archive: str, folder: str) -> list[Member]:
        """Return the usable images with names in a folder, not those below it, in natural order."""
        if self._stills is None:
            self._stills = stills_by_folder(self.members())
        return self._stills.get(Entry(archive, folder), [])

    def read(self, archive: str, path: str) -> bytes:
        """Return the bytes of an image or of the table of rows. Raises MemberError if that isn't possible."""
        table, rows = self._table(archive)
        if path == ROWS:
            return table.rows_csv(self._max_read)
        if path not in rows:
            raise MemberError("not in the archive any more")
        return self._unpacked(table, table.group_of(rows[path])).read(rows[path])

    def extract(self, archive: str, path: str, target: Path) -> int:
        """Write an image to `target`, a new file, and return its CRC-32. Raises MemberError."""
        data = self.read(archive, path)
        with open(target, "xb") as out:
            out.write(data)
        return zlib.crc32(data)

    def _table(self, archive: str) -> tuple[ImageTable, dict[str, int]]:
        """Return an open file, and the row of each path in it."""
        if archive not in self._paths:
            raise MemberError(f"the archive {archive} is not there any more")
        if archive not in self._tables:
            table = ImageTable(self._paths[archive], archive, self.limits)
            self._tables[archive] = table, {name: row for row, name in enumerate(table.names)}
            if len(self._tables) > OPEN:
                self._tables.popitem(last=False)[1][0].close()
        self._tables.move_to_end(archive)
        return self._tables[archive]

    def _unpacked(self, table: ImageTable, group: int) -> "_UnpackedGroup":
        """Return a row group, unpacked: in Parquet an image can't be read without those before it."""
        key = table.archive, group
        if key not in self._groups:
            self._groups[key] = _UnpackedGroup(table, group, self._too_large)
            while len(self._groups) > 1 and sum(found.bytes for found in self._groups.values()) > UNPACKED:
                self._groups.popitem(last=False)[1].close()
        self._groups.move_to_end(key)
        return self._groups[key]

    def _too_large(self, size: int) -> str:
        return f"more than {self._max_read >> 20} MB, too large for a still" if size > self._max_read else ""

    def _close(self) -> None:
        for table, _ in self._tables.values():
            table.close()
        for group in self._groups.values():
            group.close()


class _UnpackedGroup:
    """The images of a row group in a temporary file; `bytes` is its size."""

    def __init__(self, table: ImageTable, group: int, too_large: Callable[[int], str]):
        self.bytes = 0
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  it is closed with the source
        self._places: dict[int, tuple[int, int] | str] = {}
        self._problem = ENDS_EARLY
        try:
            for row, data in zip(table.groups[group], table.images(group), strict=False):
                if problem := NO_IMAGE if data is None else too_large(data.size):
                    self._places[row] = problem
                    continue
                self._places[row] = self.bytes, data.size
                self._file.write(data)
                self.bytes += data.size
        except MemberError as error:
            self._problem = str(error)
        except BaseException:
            self._file.close()
            raise

    def read(self, row: int) -> bytes:
        """Return an image. Raises MemberError for a row that has none, and for rows behind damage."""
        place = self._places.get(row, self._problem)
        if isinstance(place, str):
            raise MemberError(place)
        self._file.seek(place[0])
        return self._file.read(place[1])

    def close(self) -> None:
        self._file.close()


def _block(archive: str, group: int) -> str:
    return f"{archive}:{group}"
