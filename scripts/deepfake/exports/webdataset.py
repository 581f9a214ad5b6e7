"""WebDataset: tars of samples, each of which is <key>.jpg or .png, <key>.cls and <key>.json.

Specification: Aizman, Maltzahn and Breuel, "High Performance I/O for Large Scale Deep Learning", 2019.
"""

import json
from pathlib import Path, PurePosixPath

from deepfake.console import progress_bar
from deepfake.dataset.read import iterate_images, read_metadata
from deepfake.exports.shards import shards_by_split
from deepfake.extraction.tars import new_tar
from deepfake.names import slugify


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Write `{train,val,test}-000000.tar` and so on, and sizes.json, the number of samples in each tar.

    `cfg["shard_mb"]` is how many MB of images a tar has at most. The `cls` is "0" (real) or "1" (fake), the
    `json` the image's row of metadata.csv.
    """
    rows = read_metadata(dataset, integers=("label", "frame"))
    splits = shards_by_split(dataset, rows, cfg["shard_mb"])
    shards = {
        f"{split}-{number:06d}.tar": shard
        for split, parts in splits.items()
        for number, shard in enumerate(parts)
    }
    with progress_bar(len(rows), f"webdataset of {dataset.name}", "images") as advance:
        for tar_name, shard in shards.items():
            with new_tar(output / tar_name) as add:
                for row, data in iterate_images(dataset, shard):
                    name = PurePosixPath(row["file_name"])
                    key = slugify(name.stem)  # without dots: a key ends at the first one
                    add(f"{key}{name.suffix}", data)
                    add(f"{key}.cls", str(row["label"]).encode())
                    add(f"{key}.json", json.dumps(row, ensure_ascii=False).encode())
                    advance(1)
    sizes = {name: len(shard) for name, shard in shards.items()}
    (output / "sizes.json").write_text(json.dumps(sizes, indent=2) + "\n")
