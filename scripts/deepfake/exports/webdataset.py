"""Tars of samples, as WebDataset streams them: <key>.jpg or .png, <key>.cls and <key>.json in turn.

Specification: Aizman, Maltzahn and Breuel, "High Performance I/O for Large Scale Deep Learning", 2019.
"""

import json
from itertools import groupby
from pathlib import Path, PurePosixPath

from deepfake.dataset.read import images, in_shards, read_metadata
from deepfake.extraction.tars import new_tar
from deepfake.names import slugify


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """`{train,val,test}-000000.tar` and so on in `output`, with sizes.json: how many samples each tar has.

    `cfg["shard_mb"]` is how many millions of bytes of images a tar has at the most. The class is "0" or "1",
    and the json the image's row of metadata.csv.
    """
    splits = in_shards(dataset, read_metadata(dataset), cfg["shard_mb"])
    shards = {
        f"{split}-{number:06d}.tar": table for split, tables in splits for number, table in enumerate(tables)
    }
    names = list(shards)
    samples = images(dataset, list(shards.values()), f"webdataset of {dataset.name}")
    for number, part in groupby(samples, key=lambda sample: sample[0]):
        with new_tar(output / names[number]) as add:
            for _, row, data in part:
                name = PurePosixPath(row["file_name"])
                key = slugify(name.stem)  # what comes after its first dot is the kind of a member
                add(f"{key}{name.suffix}", data)
                add(f"{key}.cls", str(row["label"]).encode())
                add(f"{key}.json", json.dumps(row, ensure_ascii=False).encode())
    sizes = {name: len(table) for name, table in shards.items()}
    (output / "sizes.json").write_text(json.dumps(sizes, indent=2) + "\n")
