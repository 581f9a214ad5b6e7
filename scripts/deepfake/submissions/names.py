"""The names that a competition lists, read as hostile input: each once, in the list's order."""

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from deepfake.layouts.entries import Entry

LARGEST = 1 << 28  # bytes; Kaggle's and classification tasks' lists have a few million
LONGEST = 4096  # characters of a line; no file system takes longer paths
LABELS = ("0", "1")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadNames(ValueError):
    """The list can't be used; the message names the file, the line, and what is expected."""


@dataclass(frozen=True)
class Names:
    """`names` in order, each once; `again` has those listed more than once, and how often."""

    names: list[str]
    again: dict[str, int]


def read_list(path: str | Path) -> Names:
    """The names of a list with lines `name` or `name label`; names may hold spaces. Raises BadNames.

    A last word 0 or 1 is a label, and is dropped unseen. Lines that hold nothing are passed over.
    """
    found = []
    for number, line in enumerate(_lines(path), start=1):
        if line:
            found.append(_checked(_without_label(line, path, number), path, number))
    return _once(found, path)


def read_sample(path: str | Path) -> Names:
    """The column `filename` of a table such as Kaggle's sample_submission.csv; the others are not read.

    Raises BadNames.
    """
    reader = csv.reader(StringIO("\n".join(_lines(path))))
    try:
        header = [cell.strip() for cell in next(reader, [])]
        if header.count("filename") != 1:
            shown = ", ".join(header)[:200] or "nothing"
            raise BadNames(f"{path}, line 1: one column `filename` is needed, and there are: {shown}")
        at, found = header.index("filename"), []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise BadNames(
                    f"{path}, line {reader.line_num}: {len(cells)} cells below a header of {len(header)}"
                )
            found.append(_checked(cells[at].strip(), path, reader.line_num))
    except csv.Error as error:
        raise BadNames(f"{path}, line {reader.line_num}: {error}") from None
    return _once(found, path)


def unsafe(name: str) -> str:
    """Why a listed name may not be looked for below a folder; "" where it may be."""
    parts = re.split(r"[/\\]", name)
    if not parts[0] or ".." in parts or re.match(r"[A-Za-z]:", name):
        return "the name leads out of the folder"
    return ""


def _lines(path: str | Path) -> list[str]:
    """The lines of a text file, without blanks at their ends."""
    try:
        with open(path, "rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadNames(f"{path}: the list can't be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise BadNames(f"{path}: more than {LARGEST >> 20} MB, too large for a list of names")
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise BadNames(f"{path} is not UTF-8 text ({error}); save it as UTF-8") from None
    for number, line in enumerate(lines, start=1):
        if len(line) > LONGEST:
            raise BadNames(f"{path}, line {number}: {len(line)} characters, more than {LONGEST}")
    return [line.strip() for line in lines]


def _without_label(line: str, path: str | Path, number: int) -> str:
    cells = line.rsplit(maxsplit=1)
    if len(cells) == 2 and cells[1] in LABELS:
        return cells[0]
    if len(cells) == 2 and Entry("", cells[0]).is_image and not Entry("", line).is_image:
        raise BadNames(
            f"{path}, line {number}: expected `name.jpg`, or `name.jpg 1` with 1 for fake or 0 for real, "
            f"got {line[:200]!r}"
        )
    return line


def _checked(name: str, path: str | Path, number: int) -> str:
    if not name:
        raise BadNames(f"{path}, line {number}: it names no file")
    if CONTROL.search(name):
        raise BadNames(
            f"{path}, line {number}: a control character in {name[:200]!r}; that is no list of names"
        )
    return name


def _once(found: Iterable[str], path: str | Path) -> Names:
    counts = Counter(found)
    if not counts:
        raise BadNames(f"{path} lists nothing; one name a line is needed")
    return Names(list(counts), {name: count for name, count in counts.items() if count > 1})
