"""Corpora as lists of paths, read by a layout; and parts of the rows, to compare."""

from deepfake.layouts.entries import Entry, Video
from deepfake.layouts.registry import read_corpus

MIRROR = "FaceForensics++_C23"
DFD_REAL, DFD_FAKE = "DFD_original sequences", "DFD_manipulated_sequences/DFD_manipulated_sequences"
TEST_LIST = "List_of_testing_videos.txt"
MISSING = "labelled, but the file is missing"  # written out, because plans contain it
TABLE = Entry("", "info.csv")
COLUMNS = {
    "table": "info.csv", "path": "path", "label": "label", "attributes": [],
    "real": [0, "real", "original"], "fake": [1, "fake", "deepfake"],
}  # fmt: skip


def read(
    layout: str,
    paths: list[str],
    files: dict[str, str] | None = None,
    archive: str = "",
    columns: dict | None = None,
) -> list[Video]:
    """Return the rows of a corpus with these paths; `files` are label files and their text."""
    media = [Entry(archive, path) for path in paths]
    texts = {Entry(archive, path): content for path, content in (files or {}).items()}
    return read_entries(layout, media, texts, columns)


def read_entries(
    layout: str, media: list[Entry], files: dict[Entry, str], columns: dict | None = None
) -> list[Video]:
    """Return the rows of a corpus, perhaps in several archives; `columns` are for layouts csv and labels."""
    if layout == "csv":
        columns = COLUMNS | (columns or {})
    elif layout != "labels" or "real" not in (columns or {}):
        columns = None
    return read_corpus(layout, [*files, *media], lambda entry: files[entry].encode(), columns)


def read_one(layout: str, path: str, archive: str = "") -> Video:
    """Return the row of a corpus of one file."""
    (row,) = read(layout, [path], archive=archive)
    return row


def values(row: Video) -> tuple:
    """Return what a row says of the video, its split apart."""
    return row.name, row.label, row.method, row.target, row.source, row.original, row.group


def by_path(rows: list[Video]) -> dict[str, Video]:
    return {row.entry.path: row for row in rows}


def summarise(rows: list[Video]) -> list[tuple]:
    """Return path, label and problem of each row."""
    return [(row.entry.path, row.label, row.problem) for row in rows]


def table(*lines: str, header: str = "path,label") -> str:
    """Return the text of a CSV table with these lines."""
    return "\n".join([header, *lines, ""])
