"""The media that are to be judged: videos and stills in files, folders and zips, which are hostile input."""

import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.corpora.archives import SourceError
from deepfake.corpora.sources import open_source, walk
from deepfake.errors import UserError
from deepfake.layouts.entries import IMAGE_TYPES, VIDEO_TYPES, Entry

VIDEO, IMAGE = "video", "image"
PACKED = (".zip", ".tar", ".gz", ".tgz", ".7z", ".rar")
LIMITS = {"members": 2_000_000, "member_gb": 20, "total_gb": 2000, "ratio": 200}
"""Of archives, unless others are given; as the config's."""

LONGEST = 1 << 16  # bytes of a line in a list; no path is as long
STILLS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM")
"""What stills of JPEG, PNG and BMP begin with."""


@dataclass(frozen=True)
class MediaFile:
    """One video or still: `name` as people know it, `kind` VIDEO or IMAGE ("" where it can't be told).

    It is the file `path`, or `member` of `archive` (as sources.Zips names it) in the zip at `path`, which is
    read within `limits`. `reason` says why it can't be read, "" where nothing is known against it.
    """

    name: str
    kind: str
    path: str = ""
    archive: str = ""
    member: str = ""
    reason: str = ""
    limits: dict = field(default_factory=dict, compare=False, repr=False)


def find_media(paths: Sequence[str | Path], limits: dict) -> list[MediaFile]:
    """The media at `paths`: files, folders with all below, and zips; each name once.

    In the order of `paths`, and in that of their names below a folder or in a zip. What can't be read has a
    `reason`; of folders and zips, files that aren't named like videos, stills or archives are none.
    """
    found: dict[str, MediaFile] = {}
    for path in map(str, paths):
        for medium in _at(path, limits):
            found.setdefault(medium.name, medium)
    return list(found.values())


def read_list(path: str | Path) -> list[str]:
    """The paths that a text file lists, one a line; relative ones are below its folder.

    Empty lines and those that begin with # are none. Raises OSError where it can't be read, ValueError where
    it is no list.
    """
    data = Path(path).read_bytes()
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is no list in UTF-8: {error.reason} at byte {error.start}") from None
    if any(len(line) > LONGEST or "\0" in line for line in lines):
        raise UserError(f"{path} is no list of paths: write one path a line")
    named = [line.strip() for line in lines]
    folder = os.path.dirname(path)
    return [os.path.join(folder, name) for name in named if name and not name.startswith("#")]


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
    """What a file that was named is, by its ending, and where that says nothing by what it holds."""
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
    is_still = head.startswith(STILLS) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    yield MediaFile(path, IMAGE if is_still else VIDEO, path, limits=limits)


def _in_folder(folder: str, limits: dict) -> Iterator[MediaFile]:
    try:
        names = walk(Path(folder))
    except SourceError as error:
        yield MediaFile(folder, "", reason=str(error))
        return
    nothing = True
    for name in names:
        entry, path = Entry("", name), os.path.join(folder, name)
        if entry.is_fork:
            continue
        if kind := _kind(entry):
            yield MediaFile(path, kind, path, limits=limits)
        elif name.lower().endswith(PACKED):
            yield MediaFile(path, "", reason="an archive in a folder; name it by itself, or unpack it")
        else:
            continue
        nothing = False
    if nothing:
        yield MediaFile(folder, "", reason="no video or still in this folder")


def _in_zip(path: str, limits: dict) -> Iterator[MediaFile]:
    try:
        with open_source([path], limits) as source:
            members = source.members()
    except SourceError as error:
        yield MediaFile(path, "", reason=str(error))
        return
    nothing = True
    for member in members:
        entry = Entry(member.archive, member.path)
        if entry.is_fork:
            continue
        kind, reason = _kind(entry), member.reason
        if not kind and member.path.lower().endswith(PACKED):
            reason = reason or "an archive in an archive; unpack it"
        if kind or reason:
            name = os.path.join(os.path.dirname(path), member.archive, member.path.lstrip("/"))
            yield MediaFile(name, kind, path, member.archive, member.path, reason, limits)
            nothing = False
    if nothing:
        yield MediaFile(path, "", reason="no video or still in this archive")


def _kind(entry: Entry) -> str:
    return VIDEO if entry.suffix in VIDEO_TYPES else IMAGE if entry.suffix in IMAGE_TYPES else ""
