"""The text of a CSV table, and the columns of it that the config names."""

import re
from collections.abc import Iterator

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry
from deepfake.text_files import find_column, normal_name, read_cells

MEDIA_NAME = re.compile(r"\.(?:mp4|avi|mov|mkv|webm|jpe?g|png|bmp|webp)$", re.IGNORECASE)
COLUMN_KEYS = ("path", "label", "split", "method", "target", "source", "original", "group", "segments")


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

    See `text_files` for encodings and delimiters. Raises UserError, naming the table, where a column is
    missing, and, as lines are read, where a line can't be understood.
    """
    wanted = [columns[key] for key in COLUMN_KEYS if columns.get(key)]
    lines = read_cells(corpus.text(table), str(table), wanted)
    _, header = next(lines, (0, []))
    return Columns(table, header, columns), _lines(table, lines, len(header))


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


def _position(table: Entry, header: list[str], name: str, key: str) -> int:
    position = find_column(header, name)
    if position is None:
        several = sum(normal_name(cell) == normal_name(name) for cell in header) > 1
        problem = f"several columns {name!r} in other cases" if several else f"no column {name!r}"
        shown = ", ".join(cell.strip() for cell in header)
        is_data = any(MEDIA_NAME.search(cell.strip()) for cell in header)
        advice = "; write a first line with the names of the columns above that one" if is_data else ""
        raise UserError(f"{table} has {problem}, which columns.{key} names; it has {shown}{advice}")
    return position


def _lines(
    table: Entry, lines: Iterator[tuple[int, list[str]]], width: int
) -> Iterator[tuple[int, list[str]]]:
    for number, cells in lines:
        if len(cells) != width:
            if any(cell.strip() for cell in cells[width:]):
                raise UserError(f"{table}, line {number}: {len(cells)} cells below a header of {width}")
            cells = (cells + [""] * width)[:width]
        yield number, cells
