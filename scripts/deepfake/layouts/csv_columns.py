"""A table of lines of cells, and which of its columns, named by the config, says what of a file."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO

from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.shared import text, where

DELIMITERS = ",;\t"
SINGLE = ("path", "label", "split", "method", "target", "source", "original", "group")


class Columns:
    """Where in a line the columns are that `corpora.<corpus>.columns` of the config names."""

    def __init__(self, table: Entry, header: list[str], columns: dict):
        self._at = {}
        for key in SINGLE:
            if columns.get(key):
                self._at[key] = _position(table, header, columns[key], key)
        self.attributes = [
            (name, _position(table, header, name, "attributes")) for name in columns.get("attributes") or []
        ]

    def __contains__(self, key: str) -> bool:
        return key in self._at

    def get(self, cells: list[str], key: str) -> str:
        """What the line says of `key`; "" where the config names no column for it."""
        return cells[self._at[key]].strip() if key in self._at else ""


def lines_of(
    table: Entry, read_bytes: Callable[[Entry], bytes], columns: dict
) -> tuple[Columns, Iterator[tuple[int, list[str]]]]:
    """The table's columns, and its lines below the header with their numbers, each as wide as the header.

    Cells are parted by commas, semicolons or tabs: by what parts the header so that `path` is among them.
    Lines of empty cells, as spreadsheets leave them at the end, are passed over.
    ValueError, naming the table, where a column is not there, and later where a line is no line of it.
    """
    content = text(table, read_bytes)
    headers = [_header(table, content, delimiter) for delimiter in DELIMITERS]
    fitting = [header for header in headers if columns["path"] in header] or [max(headers, key=len)]
    delimiter = DELIMITERS[headers.index(fitting[0])]
    found = Columns(table, fitting[0], columns)
    return found, _lines(table, content, delimiter, len(fitting[0]))


def labels_of(columns: dict) -> dict[str, int]:
    """Each value of the label column that means real or fake, as lower-case text.

    So 1, "1" and true stand for `1`, `1` and `true`. A table that has 1.0 needs that among the values.
    ValueError for one that means both.
    """
    labels: dict[str, int] = {}
    for key, label in (("real", REAL), ("fake", FAKE)):
        for value in columns[key]:
            if labels.setdefault(plain_label(value), label) != label:
                raise ValueError(f"columns: {value!r} is among both real and fake; keep one")
    return labels


def plain_label(value: object) -> str:
    return str(value).strip().lower()


def _header(table: Entry, content: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(StringIO(content, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise ValueError(f"{where(table)}, line 1: {error}") from None
    return [cell.strip() for cell in first]


def _position(table: Entry, header: list[str], name: str, key: str) -> int:
    if name not in header:
        raise ValueError(
            f"{where(table)} has no column {name!r}, which columns.{key} names; it has {', '.join(header)}"
        )
    return header.index(name)


def _lines(table: Entry, content: str, delimiter: str, width: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(StringIO(content, newline=""), delimiter=delimiter)
    try:
        next(reader, None)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != width:
                if any(cell.strip() for cell in cells[width:]):
                    place = f"{where(table)}, line {reader.line_num}"
                    raise ValueError(f"{place}: {len(cells)} cells below a header of {width}")
                cells = (cells + [""] * width)[:width]
            yield reader.line_num, cells
    except csv.Error as error:
        raise ValueError(f"{where(table)}, line {reader.line_num}: {error}") from None
