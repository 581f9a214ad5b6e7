"""The layout `csv`: images or videos in any folders, and a table of them with columns that the config names.

    info.csv    path,label,source      faces/000_003_frame007.jpg,fake,ff++

The table may be in any folder, and there may be several of its name. `path` is relative to the table's
folder; if there is no such file, the one with a path that ends alike is taken (see path_finder.py), which for
a name alone means the only file of that name. A path may lack its ending, if only one file fits. The columns
`label` and `path` are required. Empty cells of others mean that nothing is known, and so does a split with an
unknown name.

Name and original are paths from the table's folder, without suffix and with `_` for `/`, such as
`faces_000_003_frame007`. An original is found like any `path`; it may also be a stem, or the video that a
frame's name names.

Group: the column; else the video, in its folder, that a frame's name such as `<video>_frame003` names; else
the file itself. All fakes of one original, and the original, are one group too.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from deepfake.errors import UserError
from deepfake.groups import connected_components
from deepfake.layouts.csv_columns import Columns, labels_by_value, normal_value, read_table
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.listings import Line, videos_of_lines
from deepfake.layouts.media_types import IMAGE_TYPES, OPEN_TYPES, VIDEO_TYPES
from deepfake.layouts.path_finder import PathFinder, folder_prefix, normal_path
from deepfake.layouts.segments import parse_segments
from deepfake.layouts.shared import FRAME, SPLITS, group_by_frame_name

MEDIA_TYPES = VIDEO_TYPES | IMAGE_TYPES | OPEN_TYPES
Find = Callable[[Entry, str], list[Entry]]
"""Returns the files that a path in a table may mean."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images and videos, by the settings `corpora.<corpus>.columns`.

    Raises UserError if there is no such table, it lacks a column, or a line of it can't be understood.
    """
    settings = corpus.columns
    name, labels = settings["table"], labels_by_value(settings)
    tables = corpus.label_files(lambda entry: f"/{entry.path}".endswith(f"/{name}"))
    if not tables:
        raise UserError(f"no {name} in the corpus; write the table's name at columns.table")
    finder, only_inside = PathFinder(corpus.media), len(tables) > 1

    def find(table: Entry, path: str) -> list[Entry]:
        return finder.find(table, path, only_inside)

    lines, columns_of = [], {}
    for table in tables:
        columns_of[table], rows = read_table(corpus, table, settings)
        for number, cells in rows:
            lines.append(_line(table, number, cells, columns_of[table], find, labels))

    @cache
    def original_name(table: Entry, path: str) -> str:
        return _original_name(path, table, find)

    def describe(entry: Entry, line: Line) -> Video:
        columns = columns_of[line.table]
        return _video(entry, line, columns, original_name(line.table, columns.get(line.cells, "original")))

    videos = videos_of_lines(corpus, lines, describe, f"not in {name}")
    return _group_by_original(videos) if settings.get("original") else videos


def _line(
    table: Entry, number: int, cells: list[str], columns: Columns, find: Find, labels: dict[str, int]
) -> Line:
    path, value = columns.get(cells, "path"), columns.get(cells, "label")
    if not path:
        raise UserError(f"{table}, line {number}: it names no file")
    if "\n" in path or "\r" in path:
        first = path.splitlines()[0][:100]
        raise UserError(
            f"{table}, line {number}: the name that begins with {first!r} goes over several lines; a "
            "quotation mark is missing or too many"
        )
    label = labels.get(normal_value(value))
    problem = "" if label is not None else f"label is {value!r}, among neither real nor fake"
    try:
        parse_segments(columns.get(cells, "segments"))
    except ValueError as error:
        problem = problem or f"its segments: {error}"
    split = SPLITS.get(columns.get(cells, "split").lower(), "")
    return Line(table, path, find(table, path), label, split, problem, cells)


def _video(entry: Entry, line: Line, columns: Columns, original: str) -> Video:
    cells, name = line.cells, _name(entry, line.table)
    return Video(
        entry,
        name=name,
        label=line.label,
        method=columns.get(cells, "method") if line.label == FAKE else "",
        target=columns.get(cells, "target"),
        source=columns.get(cells, "source"),
        original=name if line.label == REAL else original,
        group=columns.get(cells, "group") or group_by_frame_name(entry),
        split=line.split,
        attributes=columns.attributes(cells),
        segments=parse_segments(columns.get(cells, "segments")) if not line.problem else (),
    )


def _name(entry: Entry, table: Entry) -> str:
    folder = folder_prefix(table)
    is_inside = entry.archive == table.archive and entry.path.startswith(folder)
    return _path_to_name(entry.path[len(folder) :] if is_inside else entry.path)


def _original_name(path: str, table: Entry, find: Find) -> str:
    """Return the name of the file at `path`, or else `path` itself as a name (a stem, or a video)."""
    if not path:
        return ""
    matches = find(table, path)
    return _name(matches[0], table) if len(matches) == 1 else _path_to_name(path)


def _path_to_name(path: str) -> str:
    """Return a path as a name: without the suffix of a video or an image, and with `_` for `/`."""
    path = normal_path(path)
    stem, dot, suffix = path.rpartition(".")
    return (stem if stem and dot + suffix in MEDIA_TYPES else path).replace("/", "_")


def _possible_names(row: Video) -> set[str]:
    """Return all names that a table may have for a file or its original."""
    names = {row.name, _path_to_name(row.entry.name)}
    matches = [FRAME.fullmatch(name) for name in names] if row.entry.is_image else []
    return {row.original, *names, *(_path_to_name(match[1]) for match in matches if match)}


def _group_by_original(rows: list[Video]) -> list[Video]:
    """Return the rows with the groups of each original, and of all fakes made from it, merged into one."""
    originals = {row.original for row in rows if row.label == FAKE and row.original}
    pairs = [(row.group, row.group) for row in rows if row.group]
    for row in rows:
        if row.group:
            pairs += [(row.group, name) for name in _possible_names(row) & originals]
    groups = connected_components(pairs)
    return [replace(row, group=groups[row.group]) if row.group else row for row in rows]
