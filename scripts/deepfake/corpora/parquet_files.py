"""Parquet files of images as hostile input: which column holds the images, and reading it row group by row
group.

A file is a table with a row for each image, as on the Hugging Face Hub: the image's bytes in a column of
binary data, or in the field `bytes` of a column of structs {bytes, path}, beside columns of labels and names.
Its row groups are read one at a time, and of these a page at a time, which is 2 GB at most by the format. The
sizes that the file declares are checked before anything is read. Sources: the Parquet format
(github.com/apache/parquet-format, README.md), and the features of `datasets` (huggingface.co/docs/datasets).
"""

import csv
import io
import json
import os
import re
import struct
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from deepfake.corpora.archives import MemberError, SourceError, check_limits
from deepfake.files import open_regular
from deepfake.layouts.parquet_rows import MEMBER, ROWS
from deepfake.layouts.service_files import service_part

MAGIC = b"PAR1"
MAX_FOOTER = 1 << 24  # bytes; what it is read into takes twenty times as much memory
BATCH = 1  # rows that are decoded together: each value may be as large as a page, whatever the footer says
MAX_CELL = 256  # characters of a cell in the table of rows; names of classes, methods and splits are shorter
MAX_NAME = 1024  # characters
BUFFER = 1 << 20  # bytes that are read from the file at a time

IMAGE_COLUMNS = ("image", "image_data", "image_bytes", "img", "jpg", "jpeg", "png", "webp", "bytes")
NAME_COLUMNS = ("file_name", "filename", "image_path", "image_name", "path")
UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]|^/|^.:|(?:^|/)\.\.?(?:/|$)|//|/$|^row_[0-9]+(?:/|$)")
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
ERRORS = (pa.ArrowException, OSError, ValueError, KeyError, IndexError, TypeError, OverflowError)
"""All exceptions of pyarrow that were seen for damaged or crafted input."""


class ImageTable:
    """An open Parquet file of images; `archive` is its name in the corpus."""

    def __init__(self, path: str | Path, archive: str, limits: dict):
        """Open a file. Raises SourceError if it is none, has no images, or declares more than `limits`."""
        self.path, self.archive = str(path), archive
        try:
            self._raw = open_regular(path)
            _check_footer(self._raw, self.path)
            self._file = pq.ParquetFile(self._raw, buffer_size=BUFFER, pre_buffer=False)
            self._schema = self._file.schema_arrow
            self._image, self._bytes, self._path = self._find_image()
            self._groups = self._row_groups(limits)
        except SourceError:
            raise
        except ERRORS as error:
            raise SourceError(f"{path}: {_why(error)}; download it again") from error

    def close(self) -> None:
        self._file.close()
        self._raw.close()

    @cached_property
    def groups(self) -> list[range]:
        """The rows of each row group."""
        return [rows for rows, _ in self._groups]

    @cached_property
    def _starts(self) -> list[int]:
        return [rows.start for rows in self.groups]

    def group_of(self, row: int) -> int:
        """Return the number of the row group that holds a row."""
        return bisect_right(self._starts, row) - 1

    def mean_bytes(self, group: int) -> int:
        """Return the mean size of an image in a row group, as the file declares it."""
        rows, size = self._groups[group]
        return size // max(len(rows), 1)

    @cached_property
    def names(self) -> list[str]:
        """A unique path for each row: its own name where that is safe and unique, else `row_<number>/<name>`.

        The name is in one of NAME_COLUMNS, or in the field `path` of the image; a row behind damage has none.
        """
        known = {name.lower(): name for name in self._schema.names if _is_text(self._schema.field(name).type)}
        column = next((known[name] for name in NAME_COLUMNS if name in known), self._path)
        given = [""] * sum(map(len, self.groups))
        with suppress(MemberError):
            for row, name in zip(range(len(given)), self._texts(column) if column else (), strict=False):
                given[row] = name.replace("\\", "/")
        alike = Counter(name.casefold() for name in given)
        taken = {ROWS.casefold()}
        return [
            name
            if _is_safe(name) and alike[name.casefold()] == 1 and name.casefold() not in taken
            else _row_name(row, name)
            for row, name in enumerate(given)
        ]

    def images(self, group: int) -> Iterator[pa.Buffer | None]:
        """Yield the bytes of each row's image in a row group, not copied; None where the row has none.

        Raises MemberError if the group is damaged; it may end early then.
        """
        try:
            for batch in self._file.iter_batches(BATCH, [group], [self._bytes], use_threads=False):
                column = batch.column(0)
                column = column.field("bytes") if pa.types.is_struct(column.type) else column
                for value in column:
                    yield value.as_buffer()
        except ERRORS as error:
            raise MemberError(f"damaged in the archive: {_why(error)}") from error

    def rows_csv(self, most: int) -> bytes:
        """Return the table of rows, see layouts/parquet_rows.py. Raises MemberError if over `most` bytes.

        Numbers of classes become their names, where the file has those. Cells are cut at MAX_CELL characters.
        """
        columns = [name for name in self._schema.names if _is_scalar(self._schema.field(name).type)]
        classes, header = self._class_names(), [MEMBER]
        for name in columns:
            header.append(name if name not in header else f"{name}_of_{self._image}")
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(header)
        texts = [self._texts(name, classes.get(name, {})) for name in columns]
        for cells in zip(self.names, *texts, strict=not columns):
            writer.writerow([cells[0], *(CONTROL.sub(" ", cell[:MAX_CELL]) for cell in cells[1:])])
            if out.tell() > most:
                raise MemberError(f"its columns without the images take more than {most >> 20} MB of text")
        return out.getvalue().encode("utf-8", "replace")

    def _texts(self, column: str, classes: dict[int, str] | None = None) -> Iterator[str]:
        """Yield the cells of a column of text or numbers as text, "" for none. Raises MemberError."""
        parts = column.rsplit(".", 1) if column == self._path else [column]
        try:
            for batch in self._file.iter_batches(BATCH, columns=[column], use_threads=False):
                values = batch.column(0).field(parts[1]) if len(parts) > 1 else batch.column(0)
                if pa.types.is_dictionary(values.type):
                    values = values.dictionary_decode()
                if _is_text(values.type):  # as bytes: text in a Parquet file may be no valid UTF-8
                    values = values.cast(pa.large_binary())
                for value in values.to_pylist():
                    yield _text(classes.get(value, value) if classes else value)
        except ERRORS as error:
            raise MemberError(f"damaged in the archive: {_why(error)}") from error

    def _find_image(self) -> tuple[str, str, str]:
        """Return the column of images, that of their bytes, and that of their paths ("" for none)."""
        found = {}
        for field in self._schema:
            fields = (
                {inner.name: inner.type for inner in field.type} if pa.types.is_struct(field.type) else {}
            )
            if _is_binary(field.type):
                found[field.name.lower()] = (field.name, field.name, "")
            elif "bytes" in fields and _is_binary(fields["bytes"]):
                path = f"{field.name}.path" if "path" in fields and _is_text(fields["path"]) else ""
                found[field.name.lower()] = (field.name, f"{field.name}.bytes", path)
        names = [name for name in IMAGE_COLUMNS if name in found] or list(found)
        if not names or (len(names) > 1 and names[0] not in IMAGE_COLUMNS):
            problem = f"several columns of bytes: {', '.join(names)}" if names else "no column of images"
            raise SourceError(
                f"{self.path}: {problem} (columns: {', '.join(self._schema.names)[:500]}); expected `image`, "
                "as bytes or as a struct of `bytes` and `path`"
            )
        return found[names[0]]

    def _row_groups(self, limits: dict) -> list[tuple[range, int]]:
        """Return the rows of each row group, and its bytes, unpacked, as the file declares them.

        The columns' own sizes are not asked for: pyarrow ends the process where those are crafted.
        """
        groups, at, total = [], 0, 0
        for number in range(self._file.metadata.num_row_groups):
            group = self._file.metadata.row_group(number)
            count, size = group.num_rows, group.total_byte_size
            if count < 0 or size < 0:
                raise ValueError("a row group of negative size")
            groups.append((range(at, at + count), size))
            at, total = at + count, total + size
        check_limits(self.path, at, total, limits)
        if total > limits["ratio"] * self._raw.seek(0, os.SEEK_END):
            raise SourceError(
                f"{self.path}: unpacks to more than limits.ratio = {limits['ratio']} times its size"
            )
        return groups

    def _class_names(self) -> dict[str, dict[int, str]]:
        """Return the names of the numbers in each column of classes, which `datasets` writes into a file."""
        try:
            info = json.loads((self._schema.metadata or {}).get(b"huggingface", b"{}"))
            features = info.get("info", {}).get("features", {})
            return {
                column: dict(enumerate(map(str, feature["names"])))
                for column, feature in features.items()
                if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
            }
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError):
            return {}


def _check_footer(raw: io.FileIO, path: str) -> None:
    """Raise SourceError unless a file begins and ends as Parquet does, with a footer of a possible size."""
    size = raw.seek(0, os.SEEK_END)
    raw.seek(0)
    head = raw.read(len(MAGIC))
    raw.seek(max(size - 8, 0))
    tail = raw.read(8)
    raw.seek(0)
    if head != MAGIC:
        raise SourceError(f"{path}: not a Parquet file; download it again")
    if len(tail) < 8 or tail[4:] != MAGIC:
        raise SourceError(f"{path}: cut off, or encrypted; download it again")
    (footer,) = struct.unpack("<I", tail[:4])
    if footer > min(size, MAX_FOOTER):
        raise SourceError(f"{path}: a footer of {footer} bytes, more than the file can have")


def _is_binary(type_: pa.DataType) -> bool:
    return pa.types.is_binary(type_) or pa.types.is_large_binary(type_)


def _is_text(type_: pa.DataType) -> bool:
    return pa.types.is_string(type_) or pa.types.is_large_string(type_)


def _is_scalar(type_: pa.DataType) -> bool:
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    numbers = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating)
    return _is_text(type_) or any(is_number(type_) for is_number in numbers)


def _is_safe(name: str) -> bool:
    return bool(name) and len(name) <= MAX_NAME and not UNSAFE.search(name) and not service_part(name)


def _row_name(row: int, name: str) -> str:
    last = name.rpartition("/")[2]
    return f"row_{row:07d}/{last}" if _is_safe(last) else f"row_{row:07d}"


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return "" if value is None else str(value)


def _why(error: Exception) -> str:
    """Return the first line of an error of pyarrow, which may have a stack of them."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
