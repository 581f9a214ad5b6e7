"""The media files to judge: videos and images in files, folders and zips, all of which is hostile input."""

import hashlib
import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deepfake.console import log, printable
from deepfake.corpora.archive_advice import is_archive_name
from deepfake.corpora.archives import ARCHIVE_LIMITS, SourceError
from deepfake.corpora.contents import EMPTY, NO_ENDING, content_of, head_of_file, why_unreadable
from deepfake.corpora.fingerprints import fingerprint
from deepfake.corpora.sources import list_files, open_source
from deepfake.errors import UserError
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.files import read_regular
from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import IMAGE, OTHER, VIDEO, ending_of, kind_by_name, other_line
from deepfake.layouts.service_files import service_line, service_part
from deepfake.layouts.shared import not_read
from deepfake.networks.limits import MODEL_LIMITS
from deepfake.text_files import decode_text

LIMITS = ARCHIVE_LIMITS | MEDIA_LIMITS | MODEL_LIMITS
"""The defaults of the config's `limits`: those of archives, of one media file, and of models."""

LINE_LENGTH = 1 << 16  # bytes of a line in a list; no path is as long


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


def find_media(paths: Sequence[str | Path], limits: dict, notes: list[str] | None = None) -> list[MediaFile]:
    """Return the media files at `paths`, which are files, folders (searched recursively) and zips.

    `limits` are those of the config, where they differ from LIMITS. The files are in the order of `paths`;
    those of a folder or zip in the order of their names. Each name occurs once. What is a video or an image
    is decided by content, else by name. What can't be read has a `reason`. Other files in folders and zips,
    and hidden and service files, are counted in lines that are added to `notes`, or logged.
    """
    lines: list[str] = [] if notes is None else notes
    limits = LIMITS | limits
    found: dict[str, MediaFile] = {}
    for path in map(str, paths):
        for file in _at(path, limits, lines):
            found.setdefault(file.name, file)
    if notes is None:
        for line in lines:
            log.warning("%s", printable(line))
    return list(found.values())


def read_list(path: str | Path) -> list[str]:
    """Return the paths that a text file lists, one a line; relative paths are relative to its folder.

    Empty lines and lines that start with # are ignored. Raises OSError if the file can't be read,
    UserError if it is no list.
    """
    lines = decode_text(read_regular(path), str(path)).splitlines()
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
        data = read_regular(path)
    except OSError as error:
        return hashlib.sha256(type(error).__name__.encode()).hexdigest()
    digest.update(data)
    try:
        text = decode_text(data, str(path))
    except (UserError, ImportError):  # Snakemake may run without what guesses encodings
        text = data.decode("utf-8-sig", "surrogateescape")
    for line in filter(str.strip, text.splitlines()):
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


def _at(path: str, limits: dict, notes: list[str]) -> Iterator[MediaFile]:
    if os.path.isdir(path):
        yield from _in_folder(path, limits, notes)
    elif not os.path.exists(path):
        broken = f"a broken link to {os.readlink(path)}" if "\0" not in path and os.path.islink(path) else ""
        yield MediaFile(path, "", reason=broken or "there is no such file")
    elif not os.path.isfile(path):
        yield MediaFile(path, "", reason="can't be read: not a file")
    else:
        yield from _in_file(path, limits, notes)


def _in_file(path: str, limits: dict, notes: list[str]) -> Iterator[MediaFile]:
    """Yield what a file that was named by itself holds; one that nothing is known of counts as a video."""
    kind, reason = _kind_and_reason(path, "" if kind_by_name(path) == OTHER else path)
    if not kind and not reason:
        if is_archive_name(path) or zipfile.is_zipfile(path):
            yield from _in_zip(path, limits, notes)
            return
        kind = VIDEO
    yield MediaFile(path, kind, path, reason=reason, limits=limits)


def _in_folder(folder: str, limits: dict, notes: list[str]) -> Iterator[MediaFile]:
    try:
        names = list_files(Path(folder))
    except SourceError as error:
        yield MediaFile(folder, "", reason=str(error))
        return
    others, is_empty = Counter[str](), True
    for name in names:
        if service_part(name):
            continue
        path = os.path.join(folder, name)
        kind, reason = _kind_and_reason(path, name)
        if not kind and is_archive_name(name):
            reason = "an archive in a folder; name it by itself, or unpack it"
        if kind or reason:
            is_empty = False
            yield MediaFile(path, kind, path, reason=reason, limits=limits)
        else:
            others[ending_of(name) or NO_ENDING] += 1
    if is_empty:
        yield MediaFile(folder, "", reason="no video or image in this folder")
    notes += _notes(folder, others, map(service_part, names))


def _in_zip(path: str, limits: dict, notes: list[str]) -> Iterator[MediaFile]:
    try:
        with open_source([path], limits) as source:
            members = source.members(believe_names=False)
    except SourceError as error:
        yield MediaFile(path, "", reason=str(error))
        return
    others, service, is_empty = Counter[str](), [], True
    for member in members:
        if part := service_part(member.path):
            service.append(f"{member.archive}/{part}")
            continue
        kind, reason = _checked(member.entry, member.bytes)
        if not kind and is_archive_name(member.path):
            reason = "an archive in an archive; unpack it"
        reason = member.reason or reason
        if kind or reason:
            is_empty = False
            name = os.path.join(os.path.dirname(path), member.archive, member.path.lstrip("/"))
            yield MediaFile(name, kind, path, member.archive, member.path, reason, limits)
        else:
            others[ending_of(member.path) or NO_ENDING] += 1
    if is_empty:
        yield MediaFile(path, "", reason="no video or image in this archive")
    notes += _notes(path, others, service)


def _kind_and_reason(path: str, name: str) -> tuple[str, str]:
    """Return the kind of a file ("" if it is unknown), and why it can't be read ("" if that isn't known).

    It is decided by content, and by `name` where that is unknown.
    """
    try:
        content = content_of(name, partial(head_of_file, path), believe_name=False)
        return _checked(Entry("", path, content), os.path.getsize(path))
    except OSError as error:
        kind = kind_by_name(path)
        return kind if kind in (VIDEO, IMAGE) else "", why_unreadable(path, error)


def _checked(entry: Entry, size: int) -> tuple[str, str]:
    """Return the kind of a file of `size` bytes, and why it can't be read, as `_kind_and_reason` does."""
    if entry.is_unread:
        return "", not_read(entry)
    kind = entry.kind if entry.is_video or entry.is_image else ""
    return kind, EMPTY if kind and not size else ""


def _notes(place: str, others: Counter[str], service: Iterable[str]) -> list[str]:
    return [f"{place}: {line}" for line in (other_line(others), service_line(service)) if line]
