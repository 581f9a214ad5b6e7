"""Where a corpus comes from, a folder or zip archives, with the same methods for both.

parquet_source.py has those for Parquet files, and corpus_source.py opens all three.

with open_source(["part_00.zip", "part_01.zip"], limits) as source:
    for member in source.members():
        data = source.read(member.archive, member.path)
"""

import io
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deepfake.corpora import archives
from deepfake.corpora.archives import Member, MemberError, SourceError
from deepfake.corpora.checksums import crc32_of_file
from deepfake.corpora.contents import content_of, head_of_file, head_of_member, why_unreadable
from deepfake.corpora.frame_folders import stills_by_folder
from deepfake.files import read_regular
from deepfake.layouts.entries import Entry
from deepfake.layouts.parquet_rows import SUFFIX
from deepfake.layouts.service_files import service_part

MAX_READ = 1 << 28  # bytes that `read` returns at most; label files and images are far smaller
TOO_LARGE = f"more than {MAX_READ >> 20} MB, too large for a label file or a still"


class FolderSource:
    """A corpus in a folder. Its videos are linked, not copied. `crc32` computes the CRC-32 of a file."""

    def __init__(self, root: str | Path, limits: dict, crc32: Callable[[Path], int] = crc32_of_file):
        self.limits = limits
        self._root = Path(root)
        self._crc32 = crc32

    def members(self, needs_crc32: Callable[[Entry], bool] = lambda entry: True) -> list[Member]:
        """Return all files, sorted by path; CRC-32 is 0 unless `needs_crc32(entry)`.

        Of a hidden or service folder there is the folder alone, without what is in it.
        """
        return self._members(list_files(self._root), needs_crc32)

    def _members(self, paths: Iterable[str], needs_crc32: Callable[[Entry], bool]) -> list[Member]:
        members = []
        for path in paths:
            if service_part(path):
                members.append(Member("", path, 0, 0))
                continue
            file = self._root / path
            try:
                content = content_of(path, partial(head_of_file, file))
                crc = self._crc32(file) if needs_crc32(Entry("", path, content)) else 0
                members.append(Member("", path, file.stat().st_size, crc, content=content))
            except OSError as error:
                members.append(Member("", path, 0, 0, why_unreadable(file, error)))
        return members

    def frames(self, archive: str, folder: str) -> list[Member]:
        """Return the usable stills in a folder, not those below it, in natural order.

        Raises MemberError if the folder can't be read.
        """
        try:
            paths = [f"{folder}/{name}" for name in os.listdir(self._root / folder)]
        except OSError as error:
            raise MemberError(why_unreadable(self._root / folder, error)) from error
        files = [path for path in paths if not os.path.isdir(self._root / path)]
        return stills_by_folder(self._members(files, lambda entry: entry.is_image)).get(Entry("", folder), [])

    def read(self, archive: str, path: str) -> bytes:
        """Return the bytes of a file. Raises MemberError if it is above MAX_READ or can't be read."""
        file = self._root / path
        try:
            if file.stat().st_size > MAX_READ:
                raise MemberError(TOO_LARGE)
            return read_regular(file)
        except OSError as error:
            raise MemberError(why_unreadable(file, error)) from error

    def extract(self, archive: str, path: str, target: Path) -> int:
        """Make `target` a link to the file, and return the file's current CRC-32. Raises MemberError."""
        file = (self._root / path).absolute()
        try:
            crc = crc32_of_file(file)
        except OSError as error:
            raise MemberError(why_unreadable(file, error)) from error
        target.symlink_to(file)
        return crc


class ZipSource:
    """A corpus in zips, and in zips stored inside them. An archive's name is its path below their folder."""

    def __init__(self, paths: list[str], limits: dict, stack: ExitStack):
        top = os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in paths])
        self.limits = limits
        self._files: dict[str, zipfile.ZipFile] = {}
        for path in sorted(paths):
            name = Path(os.path.relpath(path, top)).as_posix()
            self._files[name] = outer = stack.enter_context(archives.open_zip(path, limits))
            self._open_inner(path, name, outer, stack)
        self._infos: dict[str, dict[str, zipfile.ZipInfo]] = {}
        self._stills: dict[Entry, list[Member]] | None = None

    def _open_inner(self, path: str, name: str, outer: zipfile.ZipFile, stack: ExitStack) -> None:
        """Open the zips inside a zip; all together may hold no more than the limits of one archive."""
        if not any(info.filename.lower().endswith(".zip") for info in outer.infolist()):
            return
        infos, count, total = archives.info_by_path(outer), len(outer.infolist()), 0
        for member in archives.list_members(outer, name, self.limits):
            if not member.path.lower().endswith(".zip") or member.entry.is_service:
                continue
            if member.reason:
                raise SourceError(f"{path}/{member.path}: {member.reason}; unpack it yourself, or remove it")
            inner = stack.enter_context(archives.open_inner_zip(outer, path, infos[member.path], self.limits))
            self._files[f"{name}/{member.path}"] = inner
            count += len(inner.infolist())
            total += sum(info.file_size for info in inner.infolist())
            archives.check_limits(path, count, total, self.limits)

    def members(
        self, needs_crc32: Callable[[Entry], bool] = lambda entry: True, believe_names: bool = True
    ) -> list[Member]:
        """Return the files of all archives, sorted by archive and path; refused ones have a reason.

        Unless `believe_names`, the first bytes of all images and videos are read, see contents.content_of.
        """
        return [
            self._with_content(member, believe_names)
            for name, file in self._files.items()
            for member in archives.list_members(file, name, self.limits)
            if f"{name}/{member.path}" not in self._files
        ]

    def _with_content(self, member: Member, believe_names: bool) -> Member:
        """Return a member with what it is by its first bytes, if its name doesn't tell."""
        if member.reason or (believe_names and member.entry.kind) or member.entry.is_service:
            return member

        def read_head(size: int) -> bytes:
            return head_of_member(self._files[member.archive], self._info(member.archive, member.path), size)

        try:
            return replace(member, content=content_of(member.path, read_head, believe_names))
        except MemberError as error:
            return replace(member, reason=str(error))

    def frames(self, archive: str, folder: str) -> list[Member]:
        """Return the usable stills in a folder, not those below it, in natural order; none if it is gone."""
        if self._stills is None:
            self._stills = stills_by_folder(self.members())
        return self._stills.get(Entry(archive, folder), [])

    def read(self, archive: str, path: str) -> bytes:
        """Return the bytes of a file. Raises MemberError if it is above MAX_READ or is damaged."""
        out = io.BytesIO()
        info = self._info(archive, path)
        if info.file_size > MAX_READ:
            raise MemberError(TOO_LARGE)
        archives.copy_member(self._files[archive], info, out)
        return out.getvalue()

    def extract(self, archive: str, path: str, target: Path) -> int:
        """Unpack a file to `target`, and return its CRC-32. Raises MemberError, and then leaves no file."""
        info = self._info(archive, path)
        try:
            with open(target, "xb") as out:
                return archives.copy_member(self._files[archive], info, out)
        except MemberError:
            target.unlink()
            raise

    def _info(self, archive: str, path: str) -> zipfile.ZipInfo:
        if archive not in self._files:
            raise MemberError(f"the archive {archive} is not there any more")
        if archive not in self._infos:
            self._infos[archive] = archives.info_by_path(self._files[archive])
        if path not in self._infos[archive]:
            raise MemberError("not in the archive any more")
        info = self._infos[archive][path]
        if reason := archives.refusal(info, self.limits):  # the archive may have been replaced since
            raise MemberError(reason)
        return info


class Source(Protocol):
    """What a corpus is read from: FolderSource, ZipSource or parquet_source.ParquetSource."""

    limits: dict

    def members(self, needs_crc32: Callable[[Entry], bool] = ...) -> list[Member]: ...
    def frames(self, archive: str, folder: str) -> list[Member]: ...
    def read(self, archive: str, path: str) -> bytes: ...
    def extract(self, archive: str, path: str, target: Path) -> int: ...


@contextmanager
def open_source(
    paths: list[str], limits: dict, crc32: Callable[[Path], int] = crc32_of_file
) -> Iterator[Source]:
    """Open one folder, or any number of zip archives. Raises SourceError with what is wrong.

    `limits` is the section of the config. `crc32` computes the CRC-32 of a folder's files.
    """
    if not paths:
        raise SourceError("no archive fits the patterns under `archives`")
    folder = only_folder(paths)
    with ExitStack() as stack:
        yield FolderSource(folder, limits, crc32) if folder else ZipSource(paths, limits, stack)


def only_folder(paths: list[str]) -> str:
    """Return the folder among `paths`, "" if there is none. Raises SourceError for one beside other paths."""
    folder = next((path for path in paths if os.path.isdir(path)), "")
    if folder and len(paths) > 1:
        raise SourceError(f"{folder}: a folder among archives; give `folder` or `archives`, not both")
    return folder


def is_parquet(path: str) -> bool:
    """Whether a path is named like a Parquet file, and is no folder."""
    return path.lower().endswith(SUFFIX) and not os.path.isdir(path)


def check_crc32(crc32: int, video: dict[str, str]) -> None:
    """Raise MemberError unless `crc32` is that of `video`, a row of the index's tables."""
    if f"{crc32:08x}" != video["crc32"]:
        raise MemberError(f"CRC-32 {crc32:08x}, not {video['crc32']} as in the index")


def list_files(root: Path) -> list[str]:
    """Return the paths of all files below `root`, with `/` between folders, sorted.

    Each folder is read once, even if links lead to it; a path without a link takes precedence. Hidden and
    service folders (see layouts/service_files.py) stand for what is in them, and are not read. Raises
    SourceError if `root` is no folder, or a folder can't be read.
    """
    if not root.is_dir():
        raise SourceError(f"{root}: there is no such folder")
    files, folders, links, seen = [], [""], [], set()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        whole = os.path.join(root, folder)
        try:
            status = os.stat(whole)
            if (identity := (status.st_dev, status.st_ino)) in seen:
                continue
            seen.add(identity)
            names = sorted(os.listdir(whole))
        except OSError as error:
            raise SourceError(f"{whole}: the folder can't be read: {error.strerror}") from error
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if service_part(path) or not os.path.isdir(os.path.join(root, path)):
                files.append(path)
            elif os.path.islink(os.path.join(root, path)):
                links.append(path)
            else:
                folders.append(path)
    return sorted(files)
