"""The file names that a competition lists, read as hostile input."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deepfake.errors import UserError
from deepfake.files import open_regular
from deepfake.layouts.entries import Entry
from deepfake.text_files import decode_text, find_column, read_cells

LARGEST = 1 << 28  # bytes; the lists of Kaggle and of coursework have a few million
LONGEST = 4096  # characters of a line; no file system has longer paths
LABELS = ("0", "1")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True)
class Names:
    """Listed names in order, each once; `duplicates` has the number of times of those listed more often."""

    names: list[str]
    duplicates: dict[str, int]


def read_names(path: str | Path) -> Names:
    """Return the names in a list with lines `name` or `name label`. Names may contain spaces.

    A last word 0 or 1 is a label, and is dropped unused. Empty lines are ignored. Raises UserError, with
    the file and the line, where the list can't be used.
    """
    found = []
    for number, line in enumerate(_lines(path), start=1):
        if line:
            found.append(_checked(_without_label(line, path, number), path, number))
    return _unique(found, path)


def read_sample(path: str | Path) -> Names:
    """Return the names in the column `filename` of a table such as Kaggle's sample_submission.csv.

    Raises UserError, with the file and the line, where the table can't be used.
    """
    lines = read_cells("\n".join(_lines(path)), str(path), ["filename"])
    _, header = next(lines, (0, []))
    column = find_column(header, "filename")
    if column is None or [cell.strip() for cell in header].count("filename") > 1:
        shown = ", ".join(cell.strip() for cell in header)[:200] or "none"
        raise UserError(f"{path}, line 1: one column `filename` is needed, and the columns are: {shown}")
    found = []
    for number, cells in lines:
        if len(cells) != len(header):
            raise UserError(f"{path}, line {number}: {len(cells)} cells below a header of {len(header)}")
        found.append(_checked(cells[column].strip(), path, number))
    return _unique(found, path)


def unsafe(name: str) -> str:
    """Return why a listed name must not be looked up below a folder; "" if it may be."""
    parts = re.split(r"[/\\]", name)
    if not parts[0] or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "the name leads out of the folder"
    return ""


def _lines(path: str | Path) -> list[str]:
    """Return the lines of a text file, stripped."""
    try:
        with open_regular(path) as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UserError(f"{path}: the list can't be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise UserError(f"{path}: more than {LARGEST >> 20} MB, too large for a list of names")
    lines = decode_text(data, str(path)).split("\n")
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST:
            raise UserError(f"{path}, line {number}: {len(line)} characters, more than {LONGEST}")
    return [line.strip() for line in lines]


def _without_label(line: str, path: str | Path, number: int) -> str:
    cells = line.rsplit(maxsplit=1)
    if len(cells) == 2 and cells[1] in LABELS:
        return cells[0]
    if len(cells) == 2 and Entry("", cells[0]).is_image and not Entry("", line).is_image:
        raise UserError(
            f"{path}, line {number}: expected `name.jpg`, or `name.jpg 1` with 1 for fake or 0 for real, "
            f"got {line[:200]!r}"
        )
    return line


def _checked(name: str, path: str | Path, number: int) -> str:
    if not name:
        raise UserError(f"{path}, line {number}: it names no file")
    if CONTROL.search(name):
        raise UserError(
            f"{path}, line {number}: a control character in {name[:200]!r}; that is no list of names"
        )
    return name


def _unique(found: Iterable[str], path: str | Path) -> Names:
    counts = Counter(found)
    if not counts:
        raise UserError(f"{path} lists nothing; one name a line is needed")
    return Names(list(counts), {name: count for name, count in counts.items() if count > 1})
