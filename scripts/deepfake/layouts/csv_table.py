"""The layout `csv`: stills or videos anywhere, and a table of them whose columns the config names.

    info.csv    path,label,source      faces/000_003_frame007.jpg,fake,ff++

The table lies anywhere in the corpus, and may be one of several of its name. `path` is taken from the table's
folder; where nothing lies there, the file is the one whose path ends alike (see finder.py), which for a bare
name means the only one of that name. The columns `label` and `path` must be named; of the others, empty cells
say nothing, and so does a split that is none.

Name and original are paths from the table's folder, without their endings, as `faces_000_003_frame007`. An
original is found like any `path`; it may also be a stem, or the video that a frame's name calls its own.

Group: the column; else the video, in its folder, that a frame name such as `<video>_frame003` calls its own;
else the file itself. Besides, all that is made from one original is joined with it.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from deepfake.groups import connected_components
from deepfake.layouts.csv_columns import Columns, labels_of, lines_of, plain_label
from deepfake.layouts.entries import FAKE, IMAGE_TYPES, REAL, VIDEO_TYPES, Entry, Video
from deepfake.layouts.finder import Finder, folder_of, plain
from deepfake.layouts.listed_files import Line, settle
from deepfake.layouts.shared import FRAME, SPLITS, frame_group, in_order, sift, where

MEDIA_TYPES = VIDEO_TYPES | IMAGE_TYPES
Find = Callable[[Entry, str], list[Entry]]  # from a table, and a path in it, to the files that it may mean


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes], columns: dict) -> list[Video]:
    """The stills and videos of a corpus with a table, by `corpora.<corpus>.columns` of the config.

    ValueError where there is no such table, or it lacks a column, or a line of it can't be understood.
    """
    media, refused = sift(entries, stills=True)
    name, labels = columns["table"], labels_of(columns)
    tables = {e for e in entries if f"/{e.path}".endswith(f"/{name}") and not e.is_fork}
    if not tables:
        raise ValueError(f"no {name} in the corpus; write the table's name at columns.table")
    finder, confined = Finder(media), len(tables) > 1

    def find(table: Entry, path: str) -> list[Entry]:
        return finder.exact(table, path) or finder.ending(table, path, confined)

    lines, columns_of = [], {}
    for table in sorted(tables, key=lambda e: (e.archive, e.path)):
        found, numbered = lines_of(table, read_bytes, columns)
        columns_of[table] = found
        for number, cells in numbered:
            lines.append(_line(table, number, cells, found, find, labels))
    others = set(entries).difference(media)

    @cache
    def original(table: Entry, path: str) -> str:
        return _original(path, table, find)

    def describe(entry: Entry, line: Line) -> Video:
        columns = columns_of[line.table]
        return _row(entry, line, columns, original(line.table, columns.get(line.cells, "original")))

    rows = settle(media, others, lines, describe, f"not in {name}")
    return in_order([*refused, *(_join(rows) if columns.get("original") else rows)])


def _line(
    table: Entry, number: int, cells: list[str], columns: Columns, find: Find, labels: dict[str, int]
) -> Line:
    path, value = columns.get(cells, "path"), columns.get(cells, "label")
    if not path:
        raise ValueError(f"{where(table)}, line {number}: it names no file")
    label = labels.get(plain_label(value))
    problem = "" if label is not None else f"label is {value!r}, among neither real nor fake"
    split = SPLITS.get(columns.get(cells, "split").lower(), "")
    return Line(table, path, find(table, path), label, split, problem, cells)


def _row(entry: Entry, line: Line, columns: Columns, original: str) -> Video:
    cells, name = line.cells, _name(entry, line.table)
    return Video(
        entry,
        name=name,
        label=line.label,
        method=columns.get(cells, "method") if line.label == FAKE else "",
        target=columns.get(cells, "target"),
        source=columns.get(cells, "source"),
        original=name if line.label == REAL else original,
        group=columns.get(cells, "group") or frame_group(entry),
        split=line.split,
        attributes={key: cells[at].strip() for key, at in columns.attributes if cells[at].strip()},
    )


def _name(entry: Entry, table: Entry) -> str:
    folder = folder_of(table)
    inside = entry.archive == table.archive and entry.path.startswith(folder)
    return _as_name(entry.path[len(folder) :] if inside else entry.path)


def _original(path: str, table: Entry, find: Find) -> str:
    """The name of the file that `path` means; else `path` as a name, as it may be a stem or a video."""
    if not path:
        return ""
    found = find(table, path)
    return _name(found[0], table) if len(found) == 1 else _as_name(path)


def _as_name(path: str) -> str:
    """A path as a name, without the ending of a video or a still."""
    path = plain(path)
    stem, dot, ending = path.rpartition(".")
    return (stem if stem and dot + ending in MEDIA_TYPES else path).replace("/", "_")


def _called(row: Video) -> set[str]:
    """All the names by which an original may be called: its own, its stem, and those of a frame's video."""
    names = {row.name, _as_name(row.entry.name)}
    frames = [FRAME.fullmatch(name) for name in names] if row.entry.is_image else []
    return {row.original, *names, *(_as_name(found[1]) for found in frames if found)}


def _join(rows: list[Video]) -> list[Video]:
    """The rows, those of one original in one group, with the original by whichever name it is called."""
    wanted = {row.original for row in rows if row.label == FAKE and row.original}
    pairs = [(row.group, row.group) for row in rows if row.group]
    for row in rows:
        if row.group:
            pairs += [(row.group, name) for name in _called(row) & wanted]
    groups = connected_components(pairs)
    return [replace(row, group=groups[row.group]) if row.group else row for row in rows]
