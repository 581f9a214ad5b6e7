"""Which file of a corpus a line of a table means: tables are rarely written where their files lie now."""

import re
import unicodedata
from collections import defaultdict
from functools import cached_property
from posixpath import normpath

from deepfake.layouts.entries import Entry
from deepfake.layouts.shared import archive_stem

Places = dict[tuple[str, str], list[Entry]]
OUTSIDE = re.compile(r"^(?:/|\.\./)+")  # of a path in its plain form: what leads out of the folder


class Finder:
    """The media of a corpus by their paths. Its indexes are made at need: most tables need but the first."""

    def __init__(self, media: list[Entry]):
        self._media = media
        self._by_place = {(entry.archive, entry.path): entry for entry in media}
        self._several: dict[tuple[Entry, str], list[Entry]] = {}

    def exact(self, table: Entry, path: str) -> list[Entry]:
        """The files at `path` from the table's folder. Where none has just that path, letters that macOS has
        decomposed, backslashes and the case of the ending don't count; so there may be several.
        """
        place = folder_of(table) + path
        if found := self._by_place.get((table.archive, place)):
            return [found]
        return self._by_plain_place.get((table.archive, plain(place)), [])

    def ending(self, table: Entry, path: str, confined: bool) -> list[Entry]:
        """The files whose paths end with `path`, or that lie where `path` ends: it may start at a folder
        above the corpus, such as `/kaggle/input`, or below the table's. An archive counts as a folder.

        Those below the table's folder come before all others, which `confined` leaves out.
        """
        wanted = OUTSIDE.sub("", plain(path))
        near = self._by_tail.get(_tail(wanted), [])
        if len(near) < 2:
            return self._fitting(table, wanted, near, confined)
        # Kept, as the name of a numbered still may stand in a table once for each of thousands of videos.
        key = (table, wanted)
        if key not in self._several:
            self._several[key] = self._fitting(table, wanted, near, confined)
        return self._several[key]

    def _fitting(self, table: Entry, wanted: str, near: list[Entry], confined: bool) -> list[Entry]:
        folder = folder_of(table)
        inside, outside, is_top = [], [], not (table.archive or folder)
        for entry in near:
            is_inside = entry.archive == table.archive and entry.path.startswith(folder)
            if _agree(wanted, entry, folder if is_inside else ""):
                (inside if is_inside or is_top else outside).append(entry)
        return inside if inside or confined else outside

    @cached_property
    def _by_plain_place(self) -> Places:
        places: Places = defaultdict(list)
        for entry in self._media:
            places[entry.archive, plain(entry.path)].append(entry)
        return places

    @cached_property
    def _by_tail(self) -> dict[str, list[Entry]]:
        """By the last folder and the name, as numbered stills alone are many; and by the name."""
        tails: dict[str, list[Entry]] = defaultdict(list)
        for entry in self._media:
            whole = _whole(entry)
            tails[_tail(whole)].append(entry)
            if "/" in whole:
                tails[whole.rpartition("/")[2]].append(entry)
        return tails


def plain(path: str) -> str:
    """The form in which paths are compared."""
    path = normpath((path if path.isascii() else unicodedata.normalize("NFC", path)).replace("\\", "/"))
    stem, dot, ending = path.rpartition(".")
    return stem + dot + (ending.lower() if dot and "/" not in ending else ending)


def folder_of(table: Entry) -> str:
    """What the paths of all files below the table's folder begin with; "" at the top."""
    return table.path[: table.path.rfind("/") + 1]


def _whole(entry: Entry) -> str:
    path = plain(entry.path)
    return f"{plain(archive_stem(entry))}/{path}" if entry.archive else path


def _tail(path: str) -> str:
    return "/".join(path.rsplit("/", 2)[-2:])


def _agree(wanted: str, entry: Entry, folder: str) -> bool:
    """Whether one of two paths is the end of the other, where a file's may start below the table's folder.

    A file's bare name doesn't say enough: the 001.png of real.zip is not fake/001.png.
    """
    wanted, whole = f"/{wanted}", _whole(entry)
    if f"/{whole}".endswith(wanted) or ("/" in whole and wanted.endswith(f"/{whole}")):
        return True
    starts = {entry.path, entry.path[len(folder) :]} if entry.archive or folder else set()
    return any("/" in path and wanted.endswith(f"/{plain(path)}") for path in starts)
