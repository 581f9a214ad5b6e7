"""The text of a CSV table, and the columns of it that the config names."""

import csv
from collections.abc import Iterator
from io import StringIO

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry

DELIMITERS = ",;\t"
COLUMN_KEYS = ("path", "label", "split", "method", "target", "source", "original", "group")


class Columns:
    """The positions in a line of the columns that `corpora.<corpus>.columns` of the config names."""

    def __init__(self, table: Entry, header: list[str], columns: dict):
        self._positions = {
            key: _position(table, header, columns[key], key) for key in COLUMN_KEYS if columns.get(key)
        }
        self._attributes = [
            (name, _position(table, header, name, "attributes")) for name in columns.get("attributes") or []
        ]

    def get(self, cells: list[str], key: str) -> str:
        """Return the cell of a line in the column of `key`; "" if the config names no such column."""
        return cells[self._positions[key]].strip() if key in self._positions else ""

    def attributes(self, cells: list[str]) -> dict[str, str]:
        """Return the cells of a line in the `attributes` columns, without empty ones."""
        return {name: cells[at].strip() for name, at in self._attributes if cells[at].strip()}


def read_table(
    corpus: Corpus, table: Entry, columns: dict
) -> tuple[Columns, Iterator[tuple[int, list[str]]]]:
    """Return the table's columns, and its lines below the header: number and cells, as many as the header
    has.

    The delimiter is a comma, semicolon or tab: the one that gives a header with the column of `path`. Lines
    of only empty cells, as spreadsheets leave at the end, are skipped. Raises UserError, naming the table,
    where a column is missing, and, as lines are read, where a line can't be understood.
    """
    content = corpus.text(table)
    headers = [_header(table, content, delimiter) for delimiter in DELIMITERS]
    fitting = [header for header in headers if columns["path"] in header] or [max(headers, key=len)]
    delimiter = DELIMITERS[headers.index(fitting[0])]
    return Columns(table, fitting[0], columns), _lines(table, content, delimiter, len(fitting[0]))


def labels_by_value(columns: dict) -> dict[str, int]:
    """Return the label of each value, in its normal form, of the lists `real` and `fake` of the config.

    In the normal form (see `normal_value`) YAML's 1, "1" and true stand for `1`, `1` and `true` in a table. A
    table that has 1.0 needs 1.0 in the list. Raises UserError for a value that means both.
    """
    labels: dict[str, int] = {}
    for key, label in (("real", REAL), ("fake", FAKE)):
        for value in columns[key]:
            if labels.setdefault(normal_value(value), label) != label:
                raise UserError(f"columns: {value!r} is among both real and fake; keep one")
    return labels


def normal_value(value: object) -> str:
    return str(value).strip().lower()


def _header(table: Entry, content: str, delimiter: str) -> list[str]:
    try:
        first = next(csv.reader(StringIO(content, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        raise UserError(f"{table}, line 1: {error}") from None
    return [cell.strip() for cell in first]


def _position(table: Entry, header: list[str], name: str, key: str) -> int:
    if name not in header:
        raise UserError(
            f"{table} has no column {name!r}, which columns.{key} names; it has {', '.join(header)}"
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
                    line = f"{table}, line {reader.line_num}"
                    raise UserError(f"{line}: {len(cells)} cells below a header of {width}")
                cells = (cells + [""] * width)[:width]
            yield reader.line_num, cells
    except csv.Error as error:
        raise UserError(f"{table}, line {reader.line_num}: {error}") from None
