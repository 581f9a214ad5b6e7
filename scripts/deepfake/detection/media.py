"""The media files to judge: videos and images in files, folders and zips, all of which is hostile input."""

import hashlib
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.corpora.archives import ARCHIVE_LIMITS, SourceError
from deepfake.corpora.sources import fingerprint, list_files, open_source
from deepfake.errors import UserError
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.layouts.entries import IMAGE_TYPES, VIDEO_TYPES, Entry

VIDEO, IMAGE = "video", "image"
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
LIMITS = ARCHIVE_LIMITS | MEDIA_LIMITS
"""The defaults of the config's `limits`: those of archives, and those of one media file."""

LINE_LENGTH = 1 << 16  # bytes of a line in a list; no path is as long
IMAGE_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")
"""The first bytes of JPEG, PNG and BMP files."""


@dataclass(frozen=True)
class MediaFile:
    """One video or image: `name` as people know it, `kind` VIDEO or IMAGE ("" if it is unknown).

    It is the file `path`, or `member` of `archive` (as sources.ZipSource names it) in the zip `path`.
    `limits` are those of the config. `reason` says why it can't be read; "" if no problem is known.
    """

    name: str
    kind: str
    path: str = ""
    archive: str = ""
    member: str = ""
    reason: str = ""
    limits: dict = field(default_factory=LIMITS.copy, compare=False, repr=False)


def find_media(paths: Sequence[str | Path], limits: dict) -> list[MediaFile]:
    """Return the media files at `paths`, which are files, folders (searched recursively) and zips.

    `limits` are those of the config, where they differ from LIMITS. The files are in the order of `paths`;
    those of a folder or zip in the order of their names. Each name occurs once. What can't be read has a
    `reason`. Files in folders and zips that are named like neither a video, an image nor an archive are
    ignored.
    """
    limits = LIMITS | limits
    found: dict[str, MediaFile] = {}
    for path in map(str, paths):
        for file in _at(path, limits):
            found.setdefault(file.name, file)
    return list(found.values())


def read_list(path: str | Path) -> list[str]:
    """Return the paths that a text file lists, one a line; relative paths are relative to its folder.

    Empty lines and lines that start with # are ignored. Raises OSError if the file can't be read,
    UserError if it is no list.
    """
    data = Path(path).read_bytes()
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no list in UTF-8: {error.reason} at byte {error.start}") from None
    if any(len(line) > LINE_LENGTH or "\0" in line for line in lines):
        raise UserError(f"{path} is no list of paths: write one path a line")
    names = [line.strip() for line in lines]
    folder = os.path.dirname(path)
    return [os.path.join(folder, name) for name in names if name and not name.startswith("#")]


def list_fingerprint(path: str | Path) -> str:
    """Return a digest that changes with a list of media and with the files, folders and zips that it names.

    For a file it covers size and time, for folders and zips what sources.fingerprint covers. Entries that
    don't exist count by their text. A list that can't be read has a digest too; reading it raises the
    error.
    """
    digest = hashlib.sha256()
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        return hashlib.sha256(type(error).__name__.encode()).hexdigest()
    digest.update(data)
    for line in filter(str.strip, data.decode("utf-8-sig", "surrogateescape").splitlines()):
        entry = os.path.join(os.path.dirname(path), line.strip())
        digest.update(f"{_entry_fingerprint(entry)}\n".encode())
    return digest.hexdigest()


def _entry_fingerprint(path: str) -> str:
    try:
        status = os.stat(path)
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        return type(error).__name__
    if os.path.isdir(path) or path.lower().endswith(".zip"):
        return fingerprint([path])
    return f"{status.st_size}\0{status.st_mtime_ns}"


def _at(path: str, limits: dict) -> Iterator[MediaFile]:
    if os.path.isdir(path):
        yield from _in_folder(path, limits)
    elif not os.path.exists(path):
        yield MediaFile(path, "", reason="there is no such file")
    elif not os.path.isfile(path):
        yield MediaFile(path, "", reason="can't be read: not a file")
    else:
        yield from _in_file(path, limits)


def _in_file(path: str, limits: dict) -> Iterator[MediaFile]:
    """Yield what a file holds, by its suffix or, where that is no known one, by its first bytes."""
    entry = Entry("", Path(path).name)
    if kind := _kind(entry):
        yield MediaFile(path, kind, path, limits=limits)
        return
    try:
        if entry.suffix == ".zip" or zipfile.is_zipfile(path):
            yield from _in_zip(path, limits)
            return
        with open(path, "rb") as file:
            head = file.read(16)
    except OSError as error:
        yield MediaFile(path, "", reason=f"can't be read: {error.strerror}")
        return
    is_image = head.startswith(IMAGE_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    yield MediaFile(path, IMAGE if is_image else VIDEO, path, limits=limits)


def _in_folder(folder: str, limits: dict) -> Iterator[MediaFile]:
    try:
        names = list_files(Path(folder))
    except SourceError as error:
        yield MediaFile(folder, "", reason=str(error))
        return
    is_empty = True
    for name in names:
        entry, path = Entry("", name), os.path.join(folder, name)
        if entry.is_fork:
            continue
        if kind := _kind(entry):
            yield MediaFile(path, kind, path, limits=limits)
        elif name.lower().endswith(ARCHIVES):
            yield MediaFile(path, "", reason="an archive in a folder; name it by itself, or unpack it")
        else:
            continue
        is_empty = False
    if is_empty:
        yield MediaFile(folder, "", reason="no video or image in this folder")


def _in_zip(path: str, limits: dict) -> Iterator[MediaFile]:
    try:
        with open_source([path], limits) as source:
            members = source.members()
    except SourceError as error:
        yield MediaFile(path, "", reason=str(error))
        return
    is_empty = True
    for member in members:
        entry = Entry(member.archive, member.path)
        if entry.is_fork:
            continue
        kind, reason = _kind(entry), member.reason
        if not kind and member.path.lower().endswith(ARCHIVES):
            reason = reason or "an archive in an archive; unpack it"
        if kind or reason:
            name = os.path.join(os.path.dirname(path), member.archive, member.path.lstrip("/"))
            yield MediaFile(name, kind, path, member.archive, member.path, reason, limits)
            is_empty = False
    if is_empty:
        yield MediaFile(path, "", reason="no video or image in this archive")


def _kind(entry: Entry) -> str:
    return VIDEO if entry.suffix in VIDEO_TYPES else IMAGE if entry.suffix in IMAGE_TYPES else ""
