"""Parquet files that hold the images, and a README.md by which Hugging Face's `datasets` reads them.

    data/{train,validation,test}-00000-of-00003.parquet

Specification: the features in the schema's metadata, as `datasets` writes them itself, and the Hub's dataset
cards (huggingface.co/docs/hub/datasets-cards).
"""

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from deepfake.console import progress_bar
from deepfake.dataset.read import iterate_images, read_metadata
from deepfake.exports.shards import MB, shards_by_split
from deepfake.tables import CLASSES

SPLIT_NAMES = {"train": "train", "val": "validation", "test": "test"}
ROW_GROUP = 32 * MB  # bytes of images in a row group, which the writer and most readers hold in memory
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
INTEGERS = ("label", "frame")


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Write rows in random order, in files of at most `cfg["shard_mb"]` MB of images each."""
    rows = read_metadata(dataset, INTEGERS)
    splits = shards_by_split(dataset, rows, cfg["shard_mb"])
    schema = _schema(rows)
    (output / "data").mkdir()
    with progress_bar(len(rows), f"parquet of {dataset.name}", "images") as advance:
        for split, shards in splits.items():
            for number, shard in enumerate(shards):
                name = f"{SPLIT_NAMES[split]}-{number:05d}-of-{len(shards):05d}.parquet"
                _write_file(output / "data" / name, schema, iterate_images(dataset, shard))
                advance(len(shard))
    card = (dataset / "README.md").read_text(encoding="utf-8")
    (output / "README.md").write_text(_readme(card, rows, list(splits)), encoding="utf-8")


def _schema(rows: pd.DataFrame) -> pa.Schema:
    """Return an `image` and the columns of metadata.csv: `label` as a class, others as integers or text."""
    types = {name: pa.int64() if name in INTEGERS else pa.string() for name in rows.columns}
    features = {
        "image": {"_type": "Image"},
        **{name: {"dtype": str(type_), "_type": "Value"} for name, type_ in types.items()},
        "label": {"names": list(CLASSES.values()), "_type": "ClassLabel"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([("image", IMAGE), *types.items()], metadata)


def _write_file(path: Path, schema: pa.Schema, samples: Iterable[tuple[dict, bytes]]) -> None:
    columns = [
        field.name for field in schema if field.name != "image"
    ]  # images gain nothing by either option
    with pq.ParquetWriter(path, schema, use_dictionary=columns, write_statistics=columns) as writer:
        rows, size = [], 0
        for row, data in samples:
            rows.append({"image": {"bytes": data, "path": PurePosixPath(row["file_name"]).name}, **row})
            size += len(data)
            if size >= ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows, size = [], 0
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _readme(card: str, rows: pd.DataFrame, splits: list[str]) -> str:
    """Return the dataset's card, with what the Hub needs to know of the files added to its YAML head."""
    head, _, body = card.partition("\n---\n")
    lines = [head, "configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {SPLIT_NAMES[split]}", f"    path: data/{SPLIT_NAMES[split]}-*"]
    lines += ["dataset_info:", "  features:", "  - name: image", "    dtype: image"]
    for name in rows.columns:
        lines += [f"  - name: {json.dumps(name)}"]
        if name == "label":
            lines += ["    dtype:", "      class_label:", "        names:"]
            lines += [f'          "{label}": {class_name}' for label, class_name in CLASSES.items()]
        else:
            lines += [f"    dtype: {'int64' if name in INTEGERS else 'string'}"]
    note = "Its images and its metadata.csv as parquet; what follows tells of the folder that they come from."
    return "\n".join(lines) + f"\n---\n\n{note}\n{body}"
