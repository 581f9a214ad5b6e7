"""Two flat folders `ai` and `real` of frames, as many scripts for DFD expect, and a report of them.

    {ai,real}/{category}_{video}_{8 hex digits}_frame_{number}.jpg    numbered from 01 in each video

The layout has no splits; extraction_report.json keeps each file's, so that nothing is lost.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pandas as pd

from deepfake.dataset.read import images, read_metadata
from deepfake.extraction.images import decode, encode, kind

CATEGORIES = ("real", "ai")  # by label
QUALITY = 95  # of jpg files made from others


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """A jpg's bytes stay as they are; anything else is encoded again. `cfg` has no keys."""
    table = _numbered(read_metadata(dataset))
    for category in CATEGORIES:
        (output / category).mkdir()
    files, formats, sizes, weights = {}, Counter(), Counter(), Counter()
    for _, row, data in images(dataset, [table], f"dfd of {dataset.name}"):
        pixels = decode(data)
        formats[kind(data) or "other"] += 1
        sizes[f"{pixels.shape[1]}x{pixels.shape[0]}"] += 1
        if kind(data) != "jpg":
            data = encode(pixels, "jpg", QUALITY)
        category, name = CATEGORIES[row["label"]], row["new_name"]
        (output / name).write_bytes(data)
        weights[category] += len(data)
        files[name] = {key: row[key] for key in ("file_name", "split", "corpus", "video", "frame")}
    report = {
        "dataset": dataset.name,
        "categories": {c: _facts(part, weights[c]) for c, part in table.groupby("category")},
        "splits": {s: part["category"].value_counts().to_dict() for s, part in table.groupby("split")},
        "total_files": len(files),
        "total_bytes": weights.total(),
        "formats_read": formats,
        "image_sizes": sizes,
        "files": files,
    }
    text = json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False)
    (output / "extraction_report.json").write_text(text + "\n", encoding="utf-8")


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """`table` by video and frame, with the columns `category` and `new_name`, a path in the export."""
    table = table.sort_values(["corpus", "video", "frame", "file_name"], ignore_index=True)
    clips = table.groupby(["corpus", "video"])
    number, count = clips.cumcount() + 1, clips["frame"].transform("size")
    table["category"] = [CATEGORIES[label] for label in table["label"]]
    table["new_name"] = [
        f"{category}/{category}_{video}_{_mark(corpus, video)}_frame_{place:0{max(2, len(str(of)))}d}.jpg"
        for category, corpus, video, place, of in zip(
            table["category"], table["corpus"], table["video"], number, count, strict=True
        )
    ]
    return table


def _mark(corpus: str, video: str) -> str:
    return hashlib.sha256(f"{corpus}\0{video}".encode()).hexdigest()[:8]


def _facts(part: pd.DataFrame, size: int) -> dict[str, int]:
    clips = part.groupby(["corpus", "video"]).ngroups
    return {"files": len(part), "videos": clips, "bytes": size}
