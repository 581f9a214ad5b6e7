"""Shards: a split's images in random order, divided so that each part has a limited size in bytes."""

from pathlib import Path

import pandas as pd

from deepfake.dataset.read import image_size
from deepfake.hashing import seeded_hash
from deepfake.tables import SPLITS

MB = 1_000_000  # bytes


def shards_by_split(folder: Path, rows: pd.DataFrame, shard_mb: float) -> dict[str, list[pd.DataFrame]]:
    """Return the rows of each shard, for each split that has images.

    The order is random but depends on file names alone: classes, corpora and videos are mixed, so that a
    sequential reader gets balanced batches. A shard holds at most `shard_mb` MB of images, or one image that
    is larger. Raises InvalidDataset if an image is missing.
    """
    rows = rows.assign(order=[seeded_hash(0, "export", name) for name in rows["file_name"]])
    rows = rows.sort_values(["order", "file_name"], ignore_index=True).drop(columns="order")
    parts = {split: rows[rows["split"] == split] for split in SPLITS}
    return {split: _divide(folder, part, shard_mb * MB) for split, part in parts.items() if len(part)}


def _divide(folder: Path, rows: pd.DataFrame, most: float) -> list[pd.DataFrame]:
    starts, total = [0], 0
    for number, name in enumerate(rows["file_name"]):
        size = image_size(folder, name)
        if total and total + size > most:
            starts.append(number)
            total = 0
        total += size
    return [rows.iloc[start:end] for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]
