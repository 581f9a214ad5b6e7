"""Where a corpus comes from, a folder or zip archives, behind one set of functions.

with open_source(["part_00.zip", "part_01.zip"], limits) as source:
    for member in source.members(): ...
    source.read(member), source.extract(member, "clip.mp4")
"""

import errno
import hashlib
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deepfake.corpora import archives
from deepfake.corpora.archives import Member, MemberError, SourceError
from deepfake.layouts.entries import Entry

SMALL = 1 << 28  # bytes; labels and stills are far smaller
TOO_LARGE = f"more than {SMALL >> 20} MB, too large for a label file or a still"


class Folder:
    """A corpus in a folder. Its videos are linked, not copied; `crc32` takes their CRC-32s."""

    def __init__(self, root: str | Path, limits: dict, crc32: Callable[[Path], int] | None = None):
        self.limits = limits
        self._root = Path(root)
        self._crc32 = crc32 or crc32_of_file

    def members(self, wanted: Callable[[str], bool] = lambda path: True) -> list[Member]:
        """The files of the folder in order of their path, those with `wanted(path)` with their CRC-32."""
        found = []
        for path in walk(self._root):
            file = self._root / path
            try:
                crc = self._crc32(file) if wanted(path) else 0
                found.append(Member("", path, file.stat().st_size, crc))
            except OSError as error:
                found.append(Member("", path, 0, 0, f"can't be read: {error.strerror}"))
        return found

    def read(self, archive: str, path: str) -> bytes:
        """The bytes of a small file. Raises MemberError for one that isn't small or can't be read."""
        file = self._root / path
        try:
            status = file.stat()
            if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for
                raise MemberError("can't be read: not a file")
            if status.st_size > SMALL:
                raise MemberError(TOO_LARGE)
            return file.read_bytes()
        except OSError as error:
            raise MemberError(f"can't be read: {error.strerror}") from error

    def extract(self, archive: str, path: str, target: Path) -> int:
        """Make `target` a link to the file; returns the file's CRC-32 as it is now. Raises MemberError."""
        file = (self._root / path).absolute()
        try:
            crc = crc32_of_file(file)
        except OSError as error:
            raise MemberError(f"can't be read: {error.strerror}") from error
        target.symlink_to(file)
        return crc


class Zips:
    """A corpus in zips, also in zips stored inside them. Each goes by its path below their common folder."""

    def __init__(self, paths: list[str], limits: dict, stack: ExitStack):
        top = os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in paths])
        self.limits = limits
        self._files: dict[str, zipfile.ZipFile] = {}
        for path in sorted(paths):
            name = Path(os.path.relpath(path, top)).as_posix()
            self._files[name] = outer = stack.enter_context(archives.open_zip(path, limits))
            self._open_inner(path, name, outer, stack)
        self._infos: dict[str, dict[str, zipfile.ZipInfo]] = {}

    def _open_inner(self, path: str, name: str, outer: zipfile.ZipFile, stack: ExitStack) -> None:
        """Open the zips inside one; together, too, they may not hold more than one archive may."""
        if not any(info.filename.lower().endswith(".zip") for info in outer.infolist()):
            return
        infos, count, total = archives.info_by_path(outer), len(outer.infolist()), 0
        for member in archives.list_members(outer, name, self.limits):
            if not member.path.lower().endswith(".zip") or Entry(name, member.path).is_fork:
                continue
            if member.reason:
                raise SourceError(f"{path}/{member.path}: {member.reason}; unpack it yourself, or remove it")
            inner = stack.enter_context(archives.open_inner_zip(outer, path, infos[member.path], self.limits))
            self._files[f"{name}/{member.path}"] = inner
            count += len(inner.infolist())
            total += sum(info.file_size for info in inner.infolist())
            archives.check_limits(path, count, total, self.limits)

    def members(self, wanted: Callable[[str], bool] = lambda path: True) -> list[Member]:
        """The files of all archives, in order of archive and path; the refused ones with their reason."""
        return [
            member
            for name, file in self._files.items()
            for member in archives.list_members(file, name, self.limits)
            if f"{name}/{member.path}" not in self._files
        ]

    def read(self, archive: str, path: str) -> bytes:
        """The bytes of a small file. Raises MemberError for one that isn't small or is damaged."""
        out = io.BytesIO()
        info = self._info(archive, path)
        if info.file_size > SMALL:
            raise MemberError(TOO_LARGE)
        archives.copy_member(self._files[archive], info, out)
        return out.getvalue()

    def extract(self, archive: str, path: str, target: Path) -> int:
        """Unpack a member to `target`; returns its CRC-32. Raises MemberError, and leaves no file then."""
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
        if reason := archives.refusal(info, self.limits):  # also where another archive lies there by now
            raise MemberError(reason)
        return info


@contextmanager
def open_source(
    paths: list[str], limits: dict, crc32: Callable[[Path], int] | None = None
) -> Iterator[Folder | Zips]:
    """One folder, or any number of zip archives. Raises SourceError with what is wrong."""
    folders = [p for p in paths if os.path.isdir(p)]
    if not paths:
        raise SourceError("no archive fits the patterns under `archives`")
    if folders and len(paths) > 1:
        raise SourceError(f"{folders[0]}: a folder among archives; give `folder` or `archives`, not both")
    with ExitStack() as stack:
        yield Folder(folders[0], limits, crc32) if folders else Zips(paths, limits, stack)


@contextmanager
def open_indexed(found: str | Path) -> Iterator[Folder | Zips]:
    """What a corpus's index was made from, as its sources.json `found` says. Raises SourceError."""
    listed = json.loads(Path(found).read_text(encoding="utf-8", errors="surrogateescape"))
    with open_source(listed["sources"], listed["limits"]) as source:
        yield source


def check_crc32(crc32: int, video: dict[str, str]) -> None:
    """Raise MemberError unless `crc32` is that of the `video` in the index's tables."""
    if f"{crc32:08x}" != video["crc32"]:
        raise MemberError(f"CRC-32 {crc32:08x}, not {video['crc32']} as in the index")


def walk(root: Path) -> list[str]:
    """The paths of all files below `root` with `/` between folders, in order.

    Each folder is read once, also where links lead to it; then the path without a link counts.
    Raises SourceError where `root` is no folder, or a folder in it can't be read.
    """
    if not root.is_dir():
        raise SourceError(f"{root}: there is no such folder")
    files, folders, links, seen = [], [""], [], set()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        place = os.path.join(root, folder)
        try:
            status = os.stat(place)
            if (identity := (status.st_dev, status.st_ino)) in seen:
                continue
            seen.add(identity)
            names = sorted(os.listdir(place))
        except OSError as error:
            raise SourceError(f"{place}: the folder can't be read: {error.strerror}") from error
        for name in names:
            path = f"{folder}/{name}" if folder else name
            if not os.path.isdir(os.path.join(root, path)):
                files.append(path)
            elif os.path.islink(os.path.join(root, path)):
                links.append(path)
            else:
                folders.append(path)
    return sorted(files)


def crc32_of_file(path: Path) -> int:
    """The CRC-32 of a file's bytes. Raises OSError, also for what is no file, such as a pipe."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "not a file", str(path))
    crc = 0
    with open(path, "rb") as file:
        while chunk := file.read(archives.CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc


def fingerprint(paths: list[str]) -> str:
    """A digest that changes when what a corpus is read from changes: an archive's contents, a folder's files.

    Of a zip only the list of its contents is read, of a folder only names, sizes and times. Something that
    isn't there or can't be read gives a digest too; the step that needs it then reports the error.
    """
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path}\0".encode("utf-8", "surrogateescape"))
        try:
            if os.path.isdir(path):
                for name in walk(Path(path)):
                    digest.update(
                        f"{name}\0{_version(os.path.join(path, name))}\n".encode("utf-8", "surrogateescape")
                    )
            else:
                digest.update(archives.central_directory(path).encode())
        except (OSError, SourceError) as error:
            digest.update(type(error).__name__.encode())
    return digest.hexdigest()


def _version(file: str) -> str:
    try:
        status = os.stat(file)
    except OSError as error:
        return type(error).__name__
    return f"{status.st_size}\0{status.st_mtime_ns}"
