"""Zip archives as hostile input: what may be taken out of them, and taking it out.

Nothing is ever written under a name that an archive chose: the caller names the file, so no member can land
outside its place. What an archive says of itself is checked before anything is unpacked, and counted again
while it streams.
"""

import hashlib
import io
import os
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

CHUNK = 1 << 20  # bytes
LOCAL_HEADER, NAME_LENGTHS = 30, 26  # bytes: its fixed part, and where in it the two variable lengths stand
METHODS = {zipfile.ZIP_STORED: "stored", zipfile.ZIP_DEFLATED: "deflated"}


class BadArchive(ValueError):
    """The archive can't be used at all; the message names it and says why."""


class BadMember(ValueError):
    """One member can't be used; the message says why."""


@dataclass(frozen=True)
class Member:
    """A file of a corpus: `archive` it lies in, `path` inside, size, CRC-32, and why it is refused ("" if not)."""

    archive: str
    path: str
    bytes: int
    crc32: int
    reason: str = ""


@contextmanager
def open_zip(path: str | Path, limits: dict) -> Iterator[zipfile.ZipFile]:
    """Open a zip; raises BadArchive when it is none, is cut short, or promises more than `limits` allow."""
    try:
        file = zipfile.ZipFile(path)
    except FileNotFoundError as error:
        raise BadArchive(f"{path}: there is no such archive") from error
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadArchive(f"{path}: not a whole zip archive ({error}); download it again") from error
    with file:
        check_totals(str(path), file, limits)
        yield file


@contextmanager
def open_inner_zip(outer: zipfile.ZipFile, path: str, limits: dict) -> Iterator[zipfile.ZipFile]:
    """Open a zip that lies stored inside another, in place. Raises BadArchive where that can't be done."""
    name = f"{outer.filename}/{path}"
    info = info_by_path(outer)[path]
    if info.compress_type != zipfile.ZIP_STORED:
        raise BadArchive(f"{name}: a compressed zip inside a zip; unpack it first and list it under archives")
    with open(outer.filename, "rb") as file:
        file.seek(info.header_offset + NAME_LENGTHS)
        start = info.header_offset + LOCAL_HEADER + sum(struct.unpack("<HH", file.read(4)))
        try:
            inner = zipfile.ZipFile(io.BufferedReader(_Slice(file, start, info.compress_size)))
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise BadArchive(f"{name}: not a whole zip archive ({error}); download it again") from error
        with inner:
            check_totals(name, inner, limits)
            yield inner


def check_totals(name: str, file: zipfile.ZipFile, limits: dict) -> None:
    """Raise BadArchive where the archive promises more members or bytes than `limits` (members, total_gb)."""
    members, total = len(file.infolist()), sum(info.file_size for info in file.infolist())
    if members > limits["members"]:
        raise BadArchive(f"{name}: {members} members, more than limits.members = {limits['members']}")
    if total > limits["total_gb"] * 1e9:
        raise BadArchive(f"{name}: unpacks to {total / 1e9:.1f} GB, more than limits.total_gb = {limits['total_gb']}")


def list_members(file: zipfile.ZipFile, archive: str, limits: dict) -> list[Member]:
    """Every file of the zip in order of its path, the refused ones with their reason."""
    infos = [info for info in file.infolist() if not info.is_dir()]
    paths = [decoded_path(info) for info in infos]
    overlapping = _overlapping(infos)
    same, alike = Counter(paths), Counter(path.casefold() for path in paths)
    members = [
        Member(
            archive,
            path,
            info.file_size,
            info.CRC,
            _refusal(info, path, limits)
            or ("overlaps another member, as in a zip bomb" if info.header_offset in overlapping else "")
            or ("another member has the same name" if same[path] > 1 else "")
            or ("another member's name differs only in case" if alike[path.casefold()] > 1 else ""),
        )
        for info, path in zip(infos, paths, strict=True)
    ]
    return sorted(members, key=lambda m: m.path)


def _refusal(info: zipfile.ZipInfo, path: str, limits: dict) -> str:
    mode = info.external_attr >> 16
    if path.startswith("/") or ".." in PurePosixPath(path).parts or (len(path) > 1 and path[1] == ":"):
        return "its path leads outside the archive"
    if any(ord(c) < 32 for c in path) or "\\" in info.orig_filename:
        return "its path holds a control character or a backslash"
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link or a device, not a file"
    if info.flag_bits & 0x1:
        return "encrypted"
    if info.compress_type not in METHODS:
        return f"compression method {info.compress_type}, not {' or '.join(METHODS.values())}"
    if info.file_size > limits["member_gb"] * 1e9:
        return f"{info.file_size / 1e9:.1f} GB, more than limits.member_gb = {limits['member_gb']}"
    if info.file_size > limits["ratio"] * max(info.compress_size, 1):
        return f"unpacks to more than limits.ratio = {limits['ratio']} times its size"
    return ""


def _overlapping(infos: list[zipfile.ZipInfo]) -> set[int]:
    """Where the members start whose data runs into the next one's, or that two records share."""
    spans = sorted((info.header_offset, info.header_offset + info.compress_size) for info in infos)
    return {
        start
        for (begin, end), (after, _) in zip(spans, spans[1:], strict=False)
        if end > after or begin == after
        for start in (begin, after)
    }


def decoded_path(info: zipfile.ZipInfo) -> str:
    """The member's path; UTF-8 that the archive didn't declare (as some zip programs write it) is recognised."""
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
    """Stream a member into `out`; returns its CRC-32. Raises BadMember for a bad CRC, bad data, or too many bytes."""
    crc = count = 0
    try:
        with file.open(info) as data:
            while chunk := data.read(CHUNK):
                count += len(chunk)
                if count > info.file_size:
                    raise BadMember(f"holds more than the {info.file_size} bytes that the archive says")
                crc = zlib.crc32(chunk, crc)
                out.write(chunk)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadMember(f"damaged in the archive: {error}") from error
    if count != info.file_size:
        raise BadMember(f"{count} of {info.file_size} bytes in the archive")
    return crc


def central_directory(path: str | Path) -> str:
    """A digest of every member's name, size and CRC-32: it changes with the contents, and not with the time."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(path) as file:
        for info in file.infolist():
            digest.update(f"{info.filename}\0{info.file_size}\0{info.CRC}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


class _Slice(io.RawIOBase):
    """A part of an open file, as a file of its own."""

    def __init__(self, file: io.BufferedReader, start: int, size: int):
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer) -> int:
        self._file.seek(self._start + self._at)
        data = self._file.read(max(0, min(len(buffer), self._size - self._at)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
