"""Parquet files with the images in them, and a README.md by which Hugging Face's `datasets` reads them.

    data/{train,validation,test}-00000-of-00003.parquet

Specification: the features in the schema's metadata, as `datasets` writes them itself, and the Hub's dataset
cards (huggingface.co/docs/hub/datasets-cards).
"""

import json
from itertools import groupby
from pathlib import Path, PurePosixPath

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from deepfake.dataset.read import MB, images, in_shards, read_metadata
from deepfake.tables import CLASSES

NAMES = {"train": "train", "val": "validation", "test": "test"}
GROUP = 32 * MB  # bytes of images in a row group, which is what a writer and most readers hold in memory
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
NUMBERS = ("label", "frame")


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Rows in an order drawn from names; of `cfg["shard_mb"]` millions of bytes of images a file at most."""
    table = read_metadata(dataset)
    splits = in_shards(dataset, table, cfg["shard_mb"])
    shards = {
        f"{NAMES[split]}-{number:05d}-of-{len(tables):05d}.parquet": part
        for split, tables in splits
        for number, part in enumerate(tables)
    }
    schema = _schema(table)
    (output / "data").mkdir()
    names = list(shards)
    samples = images(dataset, list(shards.values()), f"parquet of {dataset.name}")
    for number, part in groupby(samples, key=lambda sample: sample[0]):
        _write(output / "data" / names[number], schema, ((row, data) for _, row, data in part))
    card = (dataset / "README.md").read_text(encoding="utf-8")
    (output / "README.md").write_text(_readme(card, table, [split for split, _ in splits]), encoding="utf-8")


def _schema(table: pd.DataFrame) -> pa.Schema:
    """An `image`, and the columns of metadata.csv: numbers as such, the label a class, the rest as text."""
    kinds = {name: pa.int64() if name in NUMBERS else pa.string() for name in table.columns}
    features = {
        "image": {"_type": "Image"},
        **{name: {"dtype": str(kind), "_type": "Value"} for name, kind in kinds.items()},
        "label": {"names": list(CLASSES.values()), "_type": "ClassLabel"},
    }
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([("image", IMAGE), *kinds.items()], metadata)


def _write(path: Path, schema: pa.Schema, samples) -> None:
    texts = [field.name for field in schema if field.name != "image"]  # of images both would be a burden
    with pq.ParquetWriter(path, schema, use_dictionary=texts, write_statistics=texts) as writer:
        rows, held = [], 0
        for row, data in samples:
            rows.append({"image": {"bytes": data, "path": PurePosixPath(row["file_name"]).name}, **row})
            held += len(data)
            if held >= GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows, held = [], 0
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema))


def _readme(card: str, table: pd.DataFrame, splits: list[str]) -> str:
    """The dataset's card, with what the Hub has to know of the files added to the head of it."""
    head, _, body = card.partition("\n---\n")
    lines = [head, "configs:", "- config_name: default", "  data_files:"]
    for split in splits:
        lines += [f"  - split: {NAMES[split]}", f"    path: data/{NAMES[split]}-*"]
    lines += ["dataset_info:", "  features:", "  - name: image", "    dtype: image"]
    for name in table.columns:
        lines += [f"  - name: {json.dumps(name)}"]
        if name == "label":
            lines += ["    dtype:", "      class_label:", "        names:"]
            lines += [f'          "{label}": {word}' for label, word in CLASSES.items()]
        else:
            lines += [f"    dtype: {'int64' if name in NUMBERS else 'string'}"]
    note = "Its images and its metadata.csv as parquet; what follows tells of the folder that they come from."
    return "\n".join(lines) + f"\n---\n\n{note}\n{body}"
