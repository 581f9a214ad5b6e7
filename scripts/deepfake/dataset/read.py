"""A finished dataset as every export reads it: the rows of metadata.csv, and images that are still theirs."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from deepfake.console import progress
from deepfake.hashing import seeded_hash

SPLITS = ("train", "val", "test")
CHUNK = 1000  # rows that are held as dicts at a time; a table of text alone takes a fifth of the memory
MB = 1_000_000  # bytes


class ChangedDataset(ValueError):
    """The folder doesn't hold what its metadata.csv says; the message names the file and what to do."""


def read_metadata(folder: Path) -> pd.DataFrame:
    """metadata.csv with `label` and `frame` as numbers and all else as text, ordered by `file_name`."""
    try:
        table = pd.read_csv(folder / "metadata.csv", dtype=str, keep_default_na=False)
    except FileNotFoundError as error:
        raise ChangedDataset(f"{error.filename} is missing; make it by: snakemake {folder}") from error
    return table.astype({"label": "int64", "frame": "int64"}).sort_values("file_name", ignore_index=True)


def images(folder: Path, tables: list[pd.DataFrame], what: str) -> Iterator[tuple[int, dict, bytes]]:
    """Each image of each of `tables`, in order: the table's number, its row, and its bytes, checked."""
    total = range(sum(map(len, tables)))
    for _, (number, row) in zip(progress(total, what, "images"), _rows(tables), strict=True):
        yield number, row, _checked(folder, row)


def in_shards(folder: Path, table: pd.DataFrame, shard_mb: float) -> list[tuple[str, list[pd.DataFrame]]]:
    """For each split that has images, its rows in an order drawn from their names, cut into shards.

    In such an order classes, corpora and videos mix, so that whoever reads a shard on end gets fair batches.
    A shard holds at most `shard_mb` millions of bytes of images, or one that is larger.
    """
    table = table.assign(draw=[seeded_hash(0, "export", name) for name in table["file_name"]])
    table = table.sort_values(["draw", "file_name"], ignore_index=True).drop(columns="draw")
    parts = [(split, table[table["split"] == split]) for split in SPLITS]
    return [(split, _cut(folder, part, shard_mb * MB)) for split, part in parts if len(part)]


def _rows(tables: list[pd.DataFrame]) -> Iterator[tuple[int, dict]]:
    for number, table in enumerate(tables):
        for start in range(0, len(table), CHUNK):
            for row in table.iloc[start : start + CHUNK].to_dict("records"):
                yield number, row


def _cut(folder: Path, part: pd.DataFrame, cap: float) -> list[pd.DataFrame]:
    starts, held = [0], 0
    for place, name in enumerate(part["file_name"]):
        size = _size(folder, name)
        if held and held + size > cap:
            starts.append(place)
            held = 0
        held += size
    return [part.iloc[start:end] for start, end in zip(starts, [*starts[1:], len(part)], strict=True)]


def _size(folder: Path, name: str) -> int:
    try:
        return (folder / name).stat().st_size
    except OSError as error:
        raise _unreadable(folder, name, error) from error


def _checked(folder: Path, row: dict) -> bytes:
    try:
        data = (folder / row["file_name"]).read_bytes()
    except OSError as error:
        raise _unreadable(folder, row["file_name"], error) from error
    if hashlib.sha256(data).hexdigest() != row["sha256"]:
        raise ChangedDataset(
            f"{folder / row['file_name']} is not the image that metadata.csv tells of; delete {folder} and "
            "make it again"
        )
    return data


def _unreadable(folder: Path, name: str, error: OSError) -> ChangedDataset:
    return ChangedDataset(
        f"{folder / name} can't be read ({error.strerror}); delete {folder} and make it again"
    )
