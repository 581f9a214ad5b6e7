"""Zip archives as hostile input: which members may be unpacked, and unpacking them.

Nothing is written under a name that an archive chose: the caller names the file, so no member can be written
outside its folder. The sizes that an archive declares are checked before anything is unpacked, and the bytes
are counted again while they are unpacked.
"""

import errno
import hashlib
import io
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from deepfake.console import log
from deepfake.corpora.archive_advice import advice, is_split, split_advice
from deepfake.corpora.zip_methods import unpacked_chunks, why_unreadable
from deepfake.corpora.zip_names import decode_names
from deepfake.errors import UserError
from deepfake.files import open_regular
from deepfake.layouts.entries import Entry

ARCHIVE_LIMITS = {"members": 2_000_000, "member_gb": 20, "total_gb": 2000, "ratio": 200}
"""The defaults of the config's `limits` that concern archives."""

CHUNK = 1 << 20  # bytes
LOCAL_HEADER, NAME_LENGTHS = 30, 26  # bytes: the size of its fixed part, and the offset of two lengths in it
UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
RECORD = b"PK\1\2"  # begins each member's record in the central directory
ZIP_ERRORS = (  # all exceptions of zipfile that were seen for damaged or crafted input
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError, MemoryError),
)


class SourceError(UserError):
    """An archive or a folder can't be used at all."""


class MemberError(UserError):
    """One file of an archive or a folder can't be used."""


class _TooManyMembers(Exception):
    """The central directory is longer than is allowed."""


@dataclass(frozen=True)
class Member:
    """A file of a corpus: its archive, its path inside, size, CRC-32, and why it is refused ("" if not).

    `content` is what it was found to be where its name doesn't tell, as in layouts/media_types.py. Members of
    one `block` ("" for none) can only be read together, so they belong into one shard.
    """

    archive: str
    path: str
    bytes: int
    crc32: int
    reason: str = ""
    content: str = ""
    block: str = ""

    @cached_property
    def entry(self) -> Entry:
        return Entry(self.archive, self.path, self.content)


@contextmanager
def open_zip(path: str | Path, limits: dict) -> Iterator[zipfile.ZipFile]:
    """Open a zip. Raises SourceError if it is none, is truncated, or declares more than `limits` allow."""
    try:
        raw = open_regular(path)
    except OSError as error:
        raise SourceError(f"{path}: the archive can't be opened: {error.strerror}") from error
    with raw, _open_directory(raw, str(path), limits["members"]) as file:
        check_totals(str(path), file, limits)
        _decode_names(str(path), file)
        yield file


@contextmanager
def open_inner_zip(
    outer: zipfile.ZipFile, path: str | Path, info: zipfile.ZipInfo, limits: dict
) -> Iterator[zipfile.ZipFile]:
    """Open the zip `info` that is stored inside the zip at `path`, without unpacking. Raises SourceError."""
    name = f"{path}/{info.filename}"
    if info.compress_type != zipfile.ZIP_STORED:
        raise SourceError(
            f"{name}: a compressed zip inside a zip; unpack it first and list it under `archives`"
        )
    try:
        with outer.open(info):  # checks the local header
            pass
    except ZIP_ERRORS as error:
        raise SourceError(f"{name}: damaged in the archive ({error}); download {path} again") from error
    file = outer.fp
    file.seek(info.header_offset + NAME_LENGTHS)
    start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
    with _open_directory(_Slice(file, start, info.compress_size), name, limits["members"]) as inner:
        check_totals(name, inner, limits)
        _decode_names(name, inner)
        yield inner


def _decode_names(name: str, file: zipfile.ZipFile) -> None:
    if page := decode_names(file):
        log.warning("%s: names that are not UTF-8 are read as %s, a guess", name, page)


def _open_directory(raw: io.RawIOBase, name: str, most: int | None = None) -> zipfile.ZipFile:
    """Open a zip with at most `most` members. Raises SourceError, naming it."""
    try:
        file = _LimitedReader(raw, most)
        zipped = zipfile.ZipFile(file)
    except _TooManyMembers:
        raise SourceError(f"{name}: more members than limits.members = {most}") from None
    except ZIP_ERRORS as error:
        raise SourceError(f"{name}: not a whole zip archive ({error}); {advice(name, file)}") from error
    file.most = None
    if is_split(file, zipped):
        raise SourceError(f"{name}: {split_advice(name)}")
    return zipped


def check_totals(name: str, file: zipfile.ZipFile, limits: dict) -> None:
    """Raise SourceError if the archive has more members or bytes than `limits` (members, total_gb) allow."""
    check_limits(name, len(file.infolist()), sum(info.file_size for info in file.infolist()), limits)


def check_limits(name: str, members: int, total: int, limits: dict) -> None:
    """Raise SourceError if an archive of `members` files and `total` bytes is above `limits`."""
    advice = "; raise it if you trust the archive"
    if members > limits["members"]:
        raise SourceError(
            f"{name}: {members} members, more than limits.members = {limits['members']}{advice}"
        )
    if total > limits["total_gb"] * 1e9:
        found = f"unpacks to {total / 1e9:.6g} GB"
        raise SourceError(f"{name}: {found}, more than limits.total_gb = {limits['total_gb']}{advice}")


def list_members(file: zipfile.ZipFile, archive: str, limits: dict) -> list[Member]:
    """Return the files of a zip, sorted by path; refused ones have a reason. `archive` is its name."""
    infos = [info for info in file.infolist() if not info.filename.endswith("/")]
    paths = [info.filename for info in infos]
    overlapping = _overlapping(infos)
    same, alike = Counter(paths), Counter(path.casefold() for path in paths)
    members = [
        Member(
            archive,
            path,
            info.file_size,
            info.CRC,
            refusal(info, limits)
            or ("overlaps another member, as in a zip bomb" if info.header_offset in overlapping else "")
            or ("another member has the same name" if same[path] > 1 else "")
            or ("another member's name differs only in case" if alike[path.casefold()] > 1 else ""),
        )
        for info, path in zip(infos, paths, strict=True)
    ]
    return sorted(members, key=lambda m: m.path)


def refusal(info: zipfile.ZipInfo, limits: dict) -> str:
    """Return why a member can't be unpacked, by its own record; "" if it can."""
    path = info.filename
    mode = info.external_attr >> 16
    if not path:
        return "it has no name"
    if path.startswith("/") or ".." in path.split("/") or (len(path) > 1 and path[1] == ":"):
        return "its path leads outside the archive"
    if UNSAFE.search(info.orig_filename):
        return "its path holds a control character"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link or a device, not a file"
    if reason := why_unreadable(info):
        return reason
    if info.file_size > limits["member_gb"] * 1e9:
        return f"{info.file_size / 1e9:.6g} GB, more than limits.member_gb = {limits['member_gb']}"
    if info.file_size > limits["ratio"] * max(info.compress_size, 1):
        return f"unpacks to more than limits.ratio = {limits['ratio']} times its size"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Return the offsets of members with data that overlaps that of another, or that two records share."""
    found, end, holder = set(), -1, -1
    for info in sorted(infos, key=lambda i: (i.header_offset, i.compress_size)):
        start = info.header_offset
        if start < end or start == holder:
            found |= {holder, start}
        if start + info.compress_size >= end:
            end, holder = start + info.compress_size, start
    return found


def info_by_path(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return the records of a zip by path."""
    return {info.filename: info for info in file.infolist()}


def copy_member(file: zipfile.ZipFile, info: zipfile.ZipInfo, out: io.BufferedIOBase) -> int:
    """Unpack a member into `out`, and return its CRC-32. Raises MemberError if it is damaged."""
    crc = count = 0
    for chunk in _chunks(file, info):
        count += len(chunk)
        if count > info.file_size:
            raise MemberError(f"holds more than the {info.file_size} bytes that the archive says")
        crc = zlib.crc32(chunk, crc)
        out.write(chunk)
    if count != info.file_size:
        raise MemberError(f"{count} of {info.file_size} bytes in the archive")
    if crc != info.CRC:
        raise MemberError("damaged in the archive: its CRC-32 differs")
    return crc


def _chunks(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's bytes. Raises MemberError for errors in reading, so not for a full disk."""
    try:
        yield from unpacked_chunks(file, info)
    except ZIP_ERRORS as error:
        raise MemberError(f"damaged in the archive: {error}") from error


def contents_digest(path: str | Path) -> str:
    """Return a digest of the names, sizes and CRC-32s of a zip's members, independent of file times."""
    digest = hashlib.sha256()
    with open_regular(path) as raw, _open_directory(raw, str(path)) as file:
        for info in file.infolist():
            digest.update(
                f"{info.filename}\0{info.file_size}\0{info.CRC}\n".encode("utf-8", "surrogateescape")
            )
    return digest.hexdigest()


class _LimitedReader(io.BufferedReader):
    """An archive that raises _TooManyMembers if its central directory has more than `most` members.

    zipfile makes an object of every record before they can be counted, 10 times as large as the record.
    """

    def __init__(self, raw: io.RawIOBase, most: int | None):
        super().__init__(raw)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        # Shorter directories are counted later; a short read may be the archive's end, which has other data.
        if self.most is not None and len(data) > CHUNK and data.count(RECORD) > self.most:
            raise _TooManyMembers
        return data


class _Slice(io.RawIOBase):
    """A part of an open file, as a file."""

    def __init__(self, file: io.BufferedIOBase, start: int, size: int):
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if at < 0:
            raise OSError(errno.EINVAL, "before the start of the archive")
        self._at = at
        return at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
