"""Read image sequences: tars of stills, which may be damaged or hostile.

Nothing is written under a name that the tar chose. What gzip unpacks goes to a file without a name, and is
counted while it streams.
"""

import gzip
import os
import tarfile
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from deepfake.corpora.archives import CHUNK, ZIP_ERRORS, MemberError
from deepfake.corpora.contents import NO_ENDING, content_of
from deepfake.corpora.sources import MAX_READ
from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import ending_of, other_line
from deepfake.layouts.service_files import service_line, service_part
from deepfake.names import natural_sort_key

GZIP = b"\x1f\x8b"
BLOCK = tarfile.BLOCKSIZE
MAX_HEADER = 1 << 20  # bytes; tarfile reads a header whole, however long it claims to be
TAR_ERRORS = (tarfile.TarError, *ZIP_ERRORS)
NOT_A_FILE = "a link or a device, not a file"


class ImageSequence:
    """The stills of an open tar.

    `names` are their paths in the tar, in natural order (2.png before 10.png). Members that are no images, by
    their names or else their first bytes, and hidden and service files are left out; `notes` has a line that
    counts them. Of two members with one name the later counts, as for the program `tar`.
    """

    def __init__(self, file: BinaryIO, limits: dict):
        self._file = file
        self._stills = {}
        others, service = Counter[str](), set[str]()
        for count, member in enumerate(_members(file), 1):
            if count > limits["members"]:
                raise MemberError(f"more members than limits.members = {limits['members']}")
            if member.isdir():
                continue
            is_file = member.isreg() and not member.issparse()
            if part := service_part(member.name):
                service.add(part)
            elif self._is_image(member, is_file):
                self._stills[member.name] = (member.offset_data, member.size if is_file else None)
            else:
                others[ending_of(member.name) or NO_ENDING] += 1
        self.notes = list(filter(None, [other_line(others, "an image", "images"), service_line(service)]))
        self.names = sorted(self._stills, key=natural_sort_key)

    def _is_image(self, member: tarfile.TarInfo, is_file: bool) -> bool:
        def read_head(size: int) -> bytes:
            self._file.seek(member.offset_data)
            return self._file.read(min(size, member.size))

        content = content_of(member.name, read_head) if is_file else ""
        return Entry("", member.name, content).is_image

    def read(self, position: int) -> bytes:
        """Return the bytes of the still at `position` in `names`. Raises MemberError if it can't be read."""
        offset, size = self._stills[self.names[position]]
        if size is None:
            raise MemberError(NOT_A_FILE)
        if size > MAX_READ:
            raise MemberError(f"{size / 1e6:.0f} MB, too large for a still")
        self._file.seek(offset)
        return self._file.read(size)


@contextmanager
def open_sequence(path: str | Path, limits: dict) -> Iterator[ImageSequence]:
    """Open a tar, plain or gzipped. Raises MemberError if it is cut short, damaged or larger than `limits`.

    `limits` has the keys `members`, `total_gb` and `ratio` of the config section of that name.
    """
    with ExitStack() as stack:
        file = stack.enter_context(open(path, "rb"))
        if file.read(len(GZIP)) == GZIP:
            file = _gunzip(file, limits, stack.enter_context(tempfile.TemporaryFile()))
        yield ImageSequence(file, limits)


def _gunzip(file: BinaryIO, limits: dict, out: BinaryIO) -> BinaryIO:
    """Unpack the gzip `file` to `out`, and return that. Raises MemberError if it goes beyond `limits`."""
    packed = os.fstat(file.fileno()).st_size
    by_ratio = max(limits["ratio"] * packed, CHUNK)  # an almost empty tar is compressed to 1/200
    file.seek(0)
    for chunk in _chunks(file):
        if (size := out.tell() + len(chunk)) > by_ratio:
            raise MemberError(f"unpacks to more than limits.ratio = {limits['ratio']} times its size")
        if size > limits["total_gb"] * 1e9:
            raise MemberError(f"unpacks to more than limits.total_gb = {limits['total_gb']}")
        out.write(chunk)
    return out


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=file) as unpacked:
        while True:
            try:
                chunk = unpacked.read(CHUNK)
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise MemberError(f"cut short or damaged: {error}") from error
            if not chunk:
                return
            yield chunk


def _members(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    """Yield the members in order. A damaged header, which tarfile takes for the end, is an error here."""
    file.seek(0)
    guarded = _HeaderGuard(file)
    try:
        with tarfile.open(fileobj=guarded, mode="r:") as tar:
            while member := tar.next():
                if member.size < 0:
                    raise MemberError("damaged: a member of less than no bytes")
                tar.members.clear()
                yield member
    except TAR_ERRORS as error:
        if isinstance(error, MemberError):
            raise
        raise MemberError(f"not a whole tar: {error}") from error
    if any(guarded.header):
        raise MemberError("not a whole tar: it has no end")


class _HeaderGuard:
    """A file for tarfile that refuses to read more than a header at once.

    `header` is the last block that was read: zeros at the end of a whole tar.
    """

    def __init__(self, file: BinaryIO):
        self._file, self.seek, self.tell = file, file.seek, file.tell
        self.header = b"none"

    def read(self, size: int) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise MemberError(f"a header of {size} bytes")
        data = self._file.read(size)
        if size == BLOCK:
            self.header = data if len(data) == BLOCK else b"none"
        return data
