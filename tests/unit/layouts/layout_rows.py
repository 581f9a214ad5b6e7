"""What the tests of all layouts share: reading a corpus from a list of paths, and the rows by their parts."""

from deepfake.entries import Entry, Video
from deepfake.layouts import LAYOUTS

MIRROR = "FaceForensics++_C23"
DFD_REAL, DFD_FAKE = "DFD_original sequences", "DFD_manipulated_sequences/DFD_manipulated_sequences"
TEST_LIST = "List_of_testing_videos.txt"


def read(
    layout: str, paths: list[str], files: dict[str, str] | None = None, archive: str = ""
) -> list[Video]:
    """The rows of a corpus with these paths; `files` are small files and their text."""
    files = {Entry(archive, path): content for path, content in (files or {}).items()}
    entries = [*files, *(Entry(archive, path) for path in paths)]
    return LAYOUTS[layout](entries, lambda entry: files[entry].encode())


def one(layout: str, path: str, archive: str = "") -> Video:
    (row,) = read(layout, [path], archive=archive)
    return row


def said(row: Video) -> tuple:
    return row.name, row.label, row.method, row.target, row.source, row.original, row.group


def by_path(rows: list[Video]) -> dict[str, Video]:
    return {row.entry.path: row for row in rows}
