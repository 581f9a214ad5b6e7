"""Zip archives as hostile input: what may be taken out of them, and taking it out.

Nothing is ever written under a name that an archive chose: the caller names the file, so no member can land
outside its place. What an archive says of itself is checked before anything is unpacked, and counted again
while it streams.
"""

import errno
import hashlib
import io
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
from pathlib import Path

from deepfake.errors import UserError

CHUNK = 1 << 20  # bytes
LOCAL_HEADER, NAME_LENGTHS = 30, 26  # bytes: its fixed part, and where in it the two variable lengths stand
UNSAFE = re.compile(r"[\x00-\x1f\x7f\\]")
RECORD = b"PK\1\2"  # opens each member's record in the list of contents
METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}
UNREADABLE = (  # all that zipfile was seen to raise for damaged or crafted input
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError),
    *(NotImplementedError, RuntimeError, OverflowError, MemoryError),
)


class SourceError(UserError):
    """The archive can't be used at all; the message names it and says why."""


class MemberError(UserError):
    """One member can't be used; the message says why."""


class TooMany(Exception):
    """The list of contents is longer than is allowed."""


@dataclass(frozen=True)
class Member:
    """A file of a corpus: `archive` it lies in, `path` inside, size, CRC-32, and why it is refused, or ""."""

    archive: str
    path: str
    bytes: int
    crc32: int
    reason: str = ""


@contextmanager
def open_zip(path: str | Path, limits: dict) -> Iterator[zipfile.ZipFile]:
    """Open a zip; raises SourceError when it is none, is cut short, or promises more than `limits` allow."""
    try:
        raw = io.FileIO(path)
    except OSError as error:
        raise SourceError(f"{path}: the archive can't be opened: {error.strerror}") from error
    with raw, _read_contents(raw, str(path), limits["members"]) as file:
        check_totals(str(path), file, limits)
        yield file


@contextmanager
def open_inner_zip(
    outer: zipfile.ZipFile, path: str | Path, info: zipfile.ZipInfo, limits: dict
) -> Iterator[zipfile.ZipFile]:
    """Open the zip `info` that lies stored inside the zip at `path`, in place; raises SourceError."""
    name = f"{path}/{decoded_path(info)}"
    if info.compress_type != zipfile.ZIP_STORED:
        raise SourceError(
            f"{name}: a compressed zip inside a zip; unpack it first and list it under `archives`"
        )
    try:
        with outer.open(info):  # checks the local header
            pass
    except UNREADABLE as error:
        raise SourceError(f"{name}: damaged in the archive ({error}); download {path} again") from error
    file = outer.fp
    file.seek(info.header_offset + NAME_LENGTHS)
    start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
    with _read_contents(_Slice(file, start, info.compress_size), name, limits["members"]) as inner:
        check_totals(name, inner, limits)
        yield inner


def _read_contents(raw: io.RawIOBase, name: str, most: int | None = None) -> zipfile.ZipFile:
    try:
        file = _Contents(raw, most)
        zipped = zipfile.ZipFile(file)
    except TooMany:
        raise SourceError(f"{name}: more members than limits.members = {most}") from None
    except UNREADABLE as error:
        raise SourceError(f"{name}: not a whole zip archive ({error}); {_advice(name)}") from error
    file.most = None
    return zipped


def _advice(name: str) -> str:
    if name.lower().endswith(".zip"):
        return "download it again"
    return "unpack archives of other kinds yourself, and give the `folder`"


def check_totals(name: str, file: zipfile.ZipFile, limits: dict) -> None:
    """Raise SourceError if the archive has more members or bytes than `limits` (members, total_gb) allow."""
    check_limits(name, len(file.infolist()), sum(info.file_size for info in file.infolist()), limits)


def check_limits(name: str, members: int, total: int, limits: dict) -> None:
    """Raise SourceError where an archive of so many `members` and `total` bytes goes over `limits`."""
    advice = "; raise it if you trust the archive"
    if members > limits["members"]:
        raise SourceError(
            f"{name}: {members} members, more than limits.members = {limits['members']}{advice}"
        )
    if total > limits["total_gb"] * 1e9:
        found = f"unpacks to {total / 1e9:.6g} GB"
        raise SourceError(f"{name}: {found}, more than limits.total_gb = {limits['total_gb']}{advice}")


def list_members(file: zipfile.ZipFile, archive: str, limits: dict) -> list[Member]:
    """Every file of the zip in order of its path, the refused ones with their reason."""
    infos = [info for info in file.infolist() if not info.filename.endswith("/")]
    paths = [decoded_path(info) for info in infos]
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
    """Why a member isn't taken, judged by its own record; "" where it may be."""
    path = decoded_path(info)
    mode = info.external_attr >> 16
    if not path:
        return "it has no name"
    if path.startswith("/") or ".." in path.split("/") or (len(path) > 1 and path[1] == ":"):
        return "its path leads outside the archive"
    if UNSAFE.search(info.orig_filename):
        return "its path holds a control character or a backslash"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link or a device, not a file"
    if info.flag_bits & 0x1:
        return "encrypted"
    if info.compress_type not in METHODS:
        return f"compression method {info.compress_type}, not {' or '.join(METHODS.values())}"
    if info.file_size > limits["member_gb"] * 1e9:
        return f"{info.file_size / 1e9:.6g} GB, more than limits.member_gb = {limits['member_gb']}"
    if info.file_size > limits["ratio"] * max(info.compress_size, 1):
        return f"unpacks to more than limits.ratio = {limits['ratio']} times its size"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Where the members start whose data runs into that of another, or that two records share."""
    found, end, holder = set(), -1, -1
    for info in sorted(infos, key=lambda i: (i.header_offset, i.compress_size)):
        start = info.header_offset
        if start < end or start == holder:
            found |= {holder, start}
        if start + info.compress_size >= end:
            end, holder = start + info.compress_size, start
    return found


def decoded_path(info: zipfile.ZipInfo) -> str:
    """The member's path; UTF-8 that the archive doesn't declare, as some programs write it, is recognised."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return info.filename


def info_by_path(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """The zip's records by decoded path."""
    return {decoded_path(info): info for info in file.infolist()}


def copy_member(file: zipfile.ZipFile, info: zipfile.ZipInfo, out: io.BufferedIOBase) -> int:
    """Stream a member into `out`; returns its CRC-32. Raises MemberError for bad data or too many bytes."""
    crc = count = 0
    for chunk in _chunks(file, info):
        count += len(chunk)
        if count > info.file_size:
            raise MemberError(f"holds more than the {info.file_size} bytes that the archive says")
        crc = zlib.crc32(chunk, crc)
        out.write(chunk)
    if count != info.file_size:
        raise MemberError(f"{count} of {info.file_size} bytes in the archive")
    return crc


def _chunks(file: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    """The member's bytes. What goes wrong in reading them is its own fault; a full disk, say, is not."""
    try:
        with file.open(info) as data:
            while chunk := data.read(CHUNK):
                yield chunk
    except UNREADABLE as error:
        raise MemberError(f"damaged in the archive: {error}") from error


def central_directory(path: str | Path) -> str:
    """A digest of every member's name, size and CRC-32: changes with the contents, and not with the time."""
    digest = hashlib.sha256()
    with io.FileIO(path) as raw, _read_contents(raw, str(path)) as file:
        for info in file.infolist():
            digest.update(
                f"{info.filename}\0{info.file_size}\0{info.CRC}\n".encode("utf-8", "surrogateescape")
            )
    return digest.hexdigest()


class _Contents(io.BufferedReader):
    """An archive whose list of contents may hold at most `most` members, if that isn't None.

    zipfile makes objects of the whole list before anyone can count them, 10 times larger than their records.
    """

    def __init__(self, raw: io.RawIOBase, most: int | None):
        super().__init__(raw)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        # A shorter list is counted once it is read; a short read may be the archive's end, with other data.
        if self.most is not None and len(data) > CHUNK and data.count(RECORD) > self.most:
            raise TooMany
        return data


class _Slice(io.RawIOBase):
    """A part of an open file, as a file of its own."""

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
