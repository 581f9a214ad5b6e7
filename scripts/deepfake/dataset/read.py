"""Read a finished dataset: its metadata.csv, its SHA256SUMS, and its images, checked against their rows.

A dataset may have been changed by anybody. Its files are found by walking the folder, links are not followed,
and no name in metadata.csv is opened if it leads out of the folder.
"""

import csv
import hashlib
import os
import re
import stat
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from deepfake.console import printable
from deepfake.errors import UserError
from deepfake.tables import METADATA

DESCRIPTIONS = {"metadata.csv", "SHA256SUMS", "README.md", "contact_sheet.png", "croissant.json"}
"""Files that describe a dataset and have no row in metadata.csv."""

TIMESTAMP = ".snakemake_timestamp"
"""An empty file that Snakemake writes into every folder that is an output."""

CHUNK = 10_000  # rows held as lists or dicts, which take five times the memory of a table
CHECKSUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")


class InvalidDataset(UserError):
    """A folder is not what its metadata.csv says, or has none; the message names the file and what to do."""


def read_metadata(folder: Path, integers: Collection[str] = ()) -> pd.DataFrame:
    """Return metadata.csv, ordered by `file_name`.

    All values are strings, but the columns `integers` are int64. Raises InvalidDataset if the file is
    missing or a link, is no UTF-8 table with each of METADATA once, or has no rows. It is also raised where
    one of `integers` has another value than a whole number, or `label`, if it is among them, than 0 and 1.
    """
    path = folder / "metadata.csv"
    _check_regular(path, f"make the dataset first: snakemake {folder}")
    try:
        with open(path, newline="", encoding="utf-8") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            _check_header(path, header)
            rows = _rows_of_equal_length(path, lines, len(header))
            chunks = []
            while chunk := list(islice(rows, CHUNK)):
                chunks.append(pd.DataFrame(chunk, columns=header, dtype=str))
    except (csv.Error, OSError, UnicodeError) as error:
        raise InvalidDataset(f"{path}: can't be read as a table: {error}; make the dataset again") from None
    if not chunks:
        raise InvalidDataset(f"{path}: has no rows; a dataset has at least one image")
    table = pd.concat(chunks, ignore_index=True)
    try:
        table = table.astype(dict.fromkeys(integers, "int64"))
    except (ValueError, OverflowError) as error:
        raise InvalidDataset(
            f"{path}: {' and '.join(integers)} must be whole numbers: {error}; make the dataset again"
        ) from None
    if "label" in integers and not table["label"].isin([0, 1]).all():
        raise InvalidDataset(f"{path}: label must be 0 (real) or 1 (fake); make the dataset again")
    return table.sort_values("file_name", kind="stable", ignore_index=True)


def _check_regular(path: Path, advice: str) -> None:
    """Raise InvalidDataset unless `path` is a regular file; a link could lead anywhere."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise InvalidDataset(f"{path}: {error.strerror}; {advice}") from None
    if not stat.S_ISREG(mode):
        raise InvalidDataset(f"{path}: {'a link' if stat.S_ISLNK(mode) else 'not a file'}; {advice}")


def _check_header(path: Path, header: list[str]) -> None:
    missing = [name for name in METADATA if header.count(name) != 1]
    if missing or len(set(header)) < len(header):
        wrong = f"not exactly once there: {', '.join(missing)}" if missing else "a column is there twice"
        raise InvalidDataset(f"{path}: {wrong}; its columns are {printable(', '.join(header))}")


def _rows_of_equal_length(path: Path, lines, length: int) -> Iterator[list[str]]:
    for row in lines:
        if len(row) != length:
            raise InvalidDataset(f"{path}, line {lines.line_num}: {len(row)} values for {length} columns")
        yield row


def read_checksums(folder: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the (name, SHA-256) of each line of SHA256SUMS, and what is wrong with the file."""
    path = folder / "SHA256SUMS"
    try:
        _check_regular(path, "without it a changed file goes unnoticed")
    except InvalidDataset as error:
        return [], [str(error)]
    checksums, problems = [], []
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    for number, line in enumerate(lines, start=1):
        if found := CHECKSUM_LINE.fullmatch(line):
            checksums.append((found[2], found[1]))
        elif line:
            problems.append(f"SHA256SUMS, line {number}: not a checksum and a name: {printable(line)}")
    return checksums, problems


def list_files(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Return the regular files below `folder`, sorted, and everything else there with what it is.

    Both are named by their paths from `folder`. Folders are neither.
    """
    regular, others = [], {}

    def note(error: OSError) -> None:
        others[Path(error.filename).relative_to(folder).as_posix()] = f"can't be listed: {error.strerror}"

    for top, folders, files in os.walk(folder, onerror=note):
        for name in folders + files:
            path = Path(top, name)
            relative, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
            if stat.S_ISLNK(mode):
                others[relative] = "a link, which is not followed"
            elif stat.S_ISREG(mode):
                regular += [relative] if relative != TIMESTAMP or path.stat().st_size else []
            elif not stat.S_ISDIR(mode):
                others[relative] = "neither a file nor a folder"
    return sorted(regular), others


def checksum_problem(actual: str, expected: str, source: str) -> str:
    """Return what is wrong with a file of SHA-256 `actual`, for which `source` says `expected`, or ""."""
    return "" if actual == expected else f"its SHA-256 is not that of {source}"


def leads_outside(name: str) -> bool:
    """Return whether a file name of metadata.csv can't name a file in the dataset's folder."""
    return name.startswith("/") or ".." in name.split("/") or "\0" in name


def read_image(folder: Path, name: str, sha256: str) -> bytes:
    """Return the bytes of an image; `name` and `sha256` are its file_name and sha256 in metadata.csv.

    Raises InvalidDataset if it can't be read, or has another SHA-256.
    """
    if leads_outside(name):
        raise InvalidDataset(f"{folder / 'metadata.csv'}: {printable(name)} leads out of the folder")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise _damaged(folder, name, f"can't be read ({error.strerror})") from None
    if problem := checksum_problem(hashlib.sha256(data).hexdigest(), sha256, "metadata.csv"):
        raise _damaged(folder, name, problem)
    return data


def image_size(folder: Path, name: str) -> int:
    """Return the size of an image in bytes. Raises InvalidDataset if it is missing."""
    try:
        return (folder / name).stat().st_size
    except OSError as error:
        raise _damaged(folder, name, f"can't be read ({error.strerror})") from None


def _damaged(folder: Path, name: str, problem: str) -> InvalidDataset:
    return InvalidDataset(f"{folder / name}: {problem}; delete {folder} and make it again")


def iterate_images(folder: Path, rows: pd.DataFrame) -> Iterator[tuple[dict, bytes]]:
    """Yield each of `rows` of read_metadata as a dict, with the bytes of its image, checked by read_image."""
    for start in range(0, len(rows), CHUNK):
        for row in rows.iloc[start : start + CHUNK].to_dict("records"):
            yield row, read_image(folder, row["file_name"], row["sha256"])
