"""What a finished dataset holds: its metadata and checksums, and every file read anew, never by a row's word.

Files are found by walking the folder, and a row's `file_name` is only compared with what was found. So no
name, however hostile, leads out of the folder; links are not followed.
"""

import csv
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from deepfake.dataset.metadata import METADATA
from deepfake.extraction import images

ABOUT = {"metadata.csv", "SHA256SUMS", "README.md", "contact_sheet.png", "croissant.json"}
"""Files that describe a dataset and have no row."""

STAMP = ".snakemake_timestamp"
"""An empty file that Snakemake lays in every folder that it makes."""

LARGEST = 256_000_000  # bytes; a larger file is no image of a face or frame, and is not decoded
SUM_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
SHOWN = 2000  # characters of a line; no honest one is longer


class BadDataset(ValueError):
    """The folder is no finished dataset; the message says what is missing or can't be understood."""


class File(NamedTuple):
    """A file as it was read: its size in bytes, its SHA-256, and for an image its hash or what is wrong."""

    bytes: int
    sha256: str
    phash: str = ""
    trouble: str = ""


def shown(text: str) -> str:
    """`text` for a log or a page: what can't be printed is escaped, and what is very long is cut."""
    safe = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:SHOWN])
    return safe + ("…" if len(text) > SHOWN else "")


def read_metadata(folder: Path) -> pd.DataFrame:
    """metadata.csv, every value a string. Raises BadDataset where it is no table with all of METADATA."""
    path = folder / "metadata.csv"
    _check_plain(path, "a finished dataset has one; make the dataset first")
    try:
        with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
            lines = csv.reader(file)
            header = next(lines, [])
            missing = [name for name in METADATA if header.count(name) != 1]
            if missing or len(set(header)) < len(header):
                wrong = f"not once there: {', '.join(missing)}" if missing else "a column stands there twice"
                raise BadDataset(f"{path}: {wrong}; its columns are {shown(', '.join(header))}")
            rows = []
            for row in lines:
                if len(row) != len(header):
                    raise BadDataset(
                        f"{path}, line {lines.line_num}: {len(row)} values for {len(header)} columns"
                    )
                rows.append(row)
    except (csv.Error, OSError) as error:
        raise BadDataset(f"{path}: can't be read as a table: {error}") from None
    if not rows:
        raise BadDataset(f"{path}: holds no row; an empty dataset can't be audited")
    return pd.DataFrame(rows, columns=header, dtype=str)


def read_sums(folder: Path) -> tuple[list[tuple[str, str]], list[str]]:
    """The (name, SHA-256) of each line of SHA256SUMS, and what is wrong with the file itself."""
    path = folder / "SHA256SUMS"
    try:
        _check_plain(path, "without it nobody can tell a changed file")
    except BadDataset as error:
        return [], [str(error)]
    sums, wrong = [], []
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").split("\n")
    for number, line in enumerate(lines, start=1):
        if found := SUM_LINE.fullmatch(line):
            sums.append((found[2], found[1]))
        elif line:
            wrong.append(f"SHA256SUMS, line {number}: not a sum and a name: {shown(line)}")
    return sums, wrong


def list_files(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The plain files under `folder`, in order, as paths from it; and what else is there, with what it is."""
    plain, odd = [], {}

    def refuse(error: OSError) -> None:
        odd[Path(error.filename).relative_to(folder).as_posix()] = f"can't be listed: {error.strerror}"

    for top, folders, files in os.walk(folder, onerror=refuse):
        for name in folders + files:
            path = Path(top, name)
            place, mode = path.relative_to(folder).as_posix(), path.lstat().st_mode
            if stat.S_ISLNK(mode):
                odd[place] = "a link, which is not followed"
            elif stat.S_ISREG(mode):
                plain += [place] if place != STAMP or path.stat().st_size else []
            elif not stat.S_ISDIR(mode):
                odd[place] = "neither a file nor a folder"
    return sorted(plain), odd


def read_files(folder: Path, names: Iterable[str], is_image: Callable[[str], bool]) -> dict[str, File]:
    """Each of `names` read whole, one at a time; those that `is_image` names are decoded too."""
    return {name: _read(folder / name, is_image(name)) for name in names}


def _read(path: Path, is_image: bool) -> File:
    try:
        size = path.stat().st_size
        if not is_image or size > LARGEST:
            with open(path, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            return File(size, digest, trouble=f"{size} bytes are too many for an image" if is_image else "")
        data = path.read_bytes()
    except OSError as error:
        return File(0, "", trouble=f"can't be read: {error.strerror}")
    digest = hashlib.sha256(data).hexdigest()
    try:
        return File(len(data), digest, images.perceptual_hash(data))
    except images.UnreadableImage as error:
        return File(len(data), digest, trouble=str(error))


def _check_plain(path: Path, why: str) -> None:
    """Raise BadDataset unless `path` is a file and no link, which could lead anywhere."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise BadDataset(f"{path}: {error.strerror}; {why}") from None
    if not stat.S_ISREG(mode):
        raise BadDataset(f"{path}: {'a link' if stat.S_ISLNK(mode) else 'not a file'}; {why}")
