"""Small Parquet files of images, as on the Hugging Face Hub."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(number: int) -> bytes:
    """Return a PNG of 8 × 8 pixels, another one for each number."""
    image = np.random.default_rng(number).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.imencode(".png", image)[1].tobytes()


def structs(paths: Sequence[str | None]) -> pa.Array:
    """Return a column of images in the form of `datasets`: the numbers of `png` are those of the rows."""
    return pa.array([{"bytes": png(n), "path": path} for n, path in enumerate(paths)], STRUCT)


def write_parquet(path: Path, columns: dict, classes: dict[str, list[str]] | None = None, **options) -> Path:
    """Write columns (lists or arrays). `classes` are the names of the numbers in columns of classes."""
    table = pa.table(columns)
    if classes:
        features = {name: {"_type": "ClassLabel", "names": names} for name, names in classes.items()}
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path
