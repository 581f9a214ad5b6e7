"""Where a corpus comes from, a folder or zip archives, behind one set of functions.

    with open_source(["part_00.zip", "part_01.zip"], limits) as source:
        for member in source.members(): ...
        source.read(member), source.place(member, "clip.mp4")
"""

import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from deepfake import archives
from deepfake.archives import BadArchive, BadMember, Member

SMALL = 1 << 28  # bytes; labels and metadata are far smaller


class Folder:
    """A corpus in a folder. Its videos are linked, not copied; CRC-32s are taken by `crc32` (size, time kept)."""

    def __init__(self, root: str | Path, crc32: Callable[[Path], int] | None = None):
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
        """The bytes of a small file. Raises BadMember for one that isn't small."""
        if (self._root / path).stat().st_size > SMALL:
            raise BadMember(f"{path}: too large for a table of labels")
        return (self._root / path).read_bytes()

    def place(self, archive: str, path: str, target: Path) -> int:
        """Make `target` a link to the file; returns the file's CRC-32 as it is now. Raises BadMember."""
        file = (self._root / path).absolute()
        try:
            crc = crc32_of_file(file)
        except OSError as error:
            raise BadMember(f"can't be read: {error.strerror}") from error
        target.symlink_to(file)
        return crc


class Zips:
    """A corpus in zip archives, also in zips stored inside them. Archives go by their path below their common folder."""

    def __init__(self, paths: list[str], limits: dict, stack: ExitStack):
        top = os.path.commonpath([os.path.dirname(os.path.abspath(p)) for p in paths])
        self._limits = limits
        self._files: dict[str, zipfile.ZipFile] = {}
        for path in sorted(paths):
            name = Path(os.path.relpath(path, top)).as_posix()
            self._files[name] = outer = stack.enter_context(archives.open_zip(path, limits))
            for info in sorted(outer.infolist(), key=lambda i: i.filename):
                if info.filename.lower().endswith(".zip") and not info.is_dir():
                    inner = archives.decoded_path(info)
                    self._files[f"{name}/{inner}"] = stack.enter_context(
                        archives.open_inner_zip(outer, inner, limits)
                    )
        self._infos: dict[str, dict[str, zipfile.ZipInfo]] = {}

    def members(self, wanted: Callable[[str], bool] = lambda path: True) -> list[Member]:
        """The files of all archives, in order of archive and path; the refused ones with their reason."""
        return [
            member
            for name, file in self._files.items()
            for member in archives.list_members(file, name, self._limits)
            if f"{name}/{member.path}" not in self._files
        ]

    def read(self, archive: str, path: str) -> bytes:
        """The bytes of a small file. Raises BadMember for one that isn't small or is damaged."""
        info = self._info(archive, path)
        if info.file_size > SMALL:
            raise BadMember(f"{archive}/{path}: too large for a table of labels")
        out = io.BytesIO()
        archives.copy_member(self._files[archive], info, out)
        return out.getvalue()

    def place(self, archive: str, path: str, target: Path) -> int:
        """Unpack a member to `target`; returns its CRC-32. Raises BadMember, and leaves no file then."""
        info = self._info(archive, path)
        try:
            with open(target, "xb") as out:
                return archives.copy_member(self._files[archive], info, out)
        except BadMember:
            target.unlink()
            raise

    def _info(self, archive: str, path: str) -> zipfile.ZipInfo:
        if archive not in self._files:
            raise BadMember(f"the archive {archive} is not there any more")
        if archive not in self._infos:
            self._infos[archive] = archives.info_by_path(self._files[archive])
        if path not in self._infos[archive]:
            raise BadMember("not in the archive any more")
        return self._infos[archive][path]


@contextmanager
def open_source(
    paths: list[str], limits: dict, crc32: Callable[[Path], int] | None = None
) -> Iterator[Folder | Zips]:
    """One folder, or any number of zip archives. Raises BadArchive with what is wrong."""
    folders = [p for p in paths if os.path.isdir(p)]
    if not paths:
        raise BadArchive("no archive fits the patterns under `archives`")
    if folders and len(paths) > 1:
        raise BadArchive(f"{folders[0]}: a folder among archives; give `folder` or `archives`, not both")
    with ExitStack() as stack:
        yield Folder(folders[0], crc32) if folders else Zips(paths, limits, stack)


def walk(root: Path) -> Iterator[str]:
    """The paths of all files below `root` with `/` between folders, in order; links to folders are followed once."""
    seen = set()

    def below(folder: str) -> Iterator[str]:
        real = os.path.realpath(root / folder)
        if real in seen:
            return
        seen.add(real)
        with os.scandir(root / folder) as entries:
            names = sorted((e.name, e.is_dir()) for e in entries)
        for name, is_folder in names:
            path = f"{folder}/{name}" if folder else name
            if is_folder:
                yield from below(path)
            else:
                yield path

    if not root.is_dir():
        raise BadArchive(f"{root}: there is no such folder")
    yield from sorted(below(""))


def crc32_of_file(path: Path) -> int:
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
        digest.update(f"{path}\0".encode())
        try:
            if os.path.isdir(path):
                for name in walk(Path(path)):
                    status = os.stat(os.path.join(path, name))
                    digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
            else:
                digest.update(archives.central_directory(path).encode())
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            digest.update(type(error).__name__.encode())
    return digest.hexdigest()
