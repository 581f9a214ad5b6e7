"""Which file of a corpus a line of a table means, though the files have been moved since it was written."""

import re
import unicodedata
from collections import defaultdict
from functools import cached_property
from posixpath import normpath

from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import IMAGE, VIDEO, kind_by_name
from deepfake.layouts.shared import archive_stem

OUTSIDE = re.compile(r"^(?:/|\.\./)+")  # the start of a normal path that leads out of its folder


class PathFinder:
    """Finds files among the media of a corpus by paths that a table has for them."""

    def __init__(self, media: list[Entry]):
        self._media = media
        self._by_path = {(entry.archive, entry.path): entry for entry in media}
        self._cache: dict[tuple[Entry, str], list[Entry]] = {}

    def exact(self, table: Entry, path: str) -> list[Entry]:
        """Return the files at `path`, relative to the table's folder.

        If no path is exactly equal, those with an equal normal form (see `normal_path`), which may be
        several.
        """
        whole = folder_prefix(table) + path
        if entry := self._by_path.get((table.archive, whole)):
            return [entry]
        return self._by_normal_path.get((table.archive, normal_path(whole)), [])

    def by_end(self, table: Entry, path: str, only_inside: bool) -> list[Entry]:
        """Return the files with a path that ends with `path`, or is an end of it.

        So `path` may start at a folder above the corpus, such as `/kaggle/input`, or at one below the
        table's. An archive counts as a folder. Files below the table's folder take precedence over all
        others, which `only_inside` leaves out.
        """
        wanted = OUTSIDE.sub("", normal_path(path))
        candidates = self._by_end.get(_end(wanted), [])
        if len(candidates) < 2:
            return self._matching(table, wanted, candidates, only_inside)
        # Cached, because a table may have the name of a numbered image once for each of thousands of videos.
        key = (table, wanted)
        if key not in self._cache:
            self._cache[key] = self._matching(table, wanted, candidates, only_inside)
        return self._cache[key]

    def by_stem(self, table: Entry, path: str, only_inside: bool) -> list[Entry]:
        """Return the files that `path`, which has no ending of an image or a video, names but for theirs.

        They are found as by `exact`, else as by `by_end`.
        """
        if kind_by_name(path) in (IMAGE, VIDEO):
            return []
        finder, by_stem = self._stems
        stems = finder.exact(table, path) or finder.by_end(table, path, only_inside)
        return [entry for stem in stems for entry in by_stem[stem]]

    def find(self, table: Entry, path: str, only_inside: bool) -> list[Entry]:
        """Return the files that `path` may mean: as by `exact`, else `by_end`, else `by_stem`."""
        return (
            self.exact(table, path)
            or self.by_end(table, path, only_inside)
            or self.by_stem(table, path, only_inside)
        )

    def _matching(self, table: Entry, wanted: str, candidates: list[Entry], only_inside: bool) -> list[Entry]:
        folder = folder_prefix(table)
        inside, outside, is_top = [], [], not (table.archive or folder)
        for entry in candidates:
            is_inside = entry.archive == table.archive and entry.path.startswith(folder)
            if _ends_match(wanted, entry, folder if is_inside else ""):
                (inside if is_inside or is_top else outside).append(entry)
        return inside if inside or only_inside else outside

    # The indexes are made when they are first needed: for most tables exact paths are enough.

    @cached_property
    def _by_normal_path(self) -> dict[tuple[str, str], list[Entry]]:
        paths: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        for entry in self._media:
            paths[entry.archive, normal_path(entry.path)].append(entry)
        return paths

    @cached_property
    def _stems(self) -> tuple["PathFinder", dict[Entry, list[Entry]]]:
        """A finder of the files' paths without their endings, and the files that each stands for."""
        by_stem: dict[Entry, list[Entry]] = defaultdict(list)
        for entry in self._media:
            by_stem[entry.sibling(entry.stem)].append(entry)
        return PathFinder(list(by_stem)), by_stem

    @cached_property
    def _by_end(self) -> dict[str, list[Entry]]:
        """Files by their last folder and name, because numbered images share names; and by name alone."""
        ends: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._media:
            whole = _whole_path(entry)
            ends[_end(whole)].append(entry)
            if "/" in whole:
                ends[whole.rpartition("/")[2]].append(entry)
        return ends


def normal_path(path: str) -> str:
    """Return the form in which paths are compared.

    Letters that macOS has decomposed are composed, backslashes are slashes, the suffix is in lower case.
    """
    path = normpath((path if path.isascii() else unicodedata.normalize("NFC", path)).replace("\\", "/"))
    stem, dot, suffix = path.rpartition(".")
    return stem + dot + (suffix.lower() if dot and "/" not in suffix else suffix)


def folder_prefix(table: Entry) -> str:
    """Return what the paths of all files below the table's folder begin with; "" at the top."""
    return table.path[: table.path.rfind("/") + 1]


def _whole_path(entry: Entry) -> str:
    path = normal_path(entry.path)
    return f"{normal_path(archive_stem(entry))}/{path}" if entry.archive else path


def _end(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[-2:])


def _ends_match(wanted: str, entry: Entry, folder: str) -> bool:
    """Whether one of two paths is the end of the other; a file's may also start below the table's folder.

    A file's name alone doesn't match a longer path: the 001.png of real.zip is not fake/001.png.
    """
    wanted, whole = f"/{wanted}", _whole_path(entry)
    if f"/{whole}".endswith(wanted) or ("/" in whole and wanted.endswith(f"/{whole}")):
        return True
    starts = {entry.path, entry.path[len(folder) :]} if entry.archive or folder else set()
    return any("/" in path and wanted.endswith(f"/{normal_path(path)}") for path in starts)
