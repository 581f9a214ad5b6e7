"""Two flat folders `ai` and `real` of frames, as many scripts for DFD expect, and a report on them.

    {ai,real}/{category}_{video}_{8 hex digits}_frame_{number}.jpg    numbered from 01 in each video

This format has no splits; extraction_report.json has the split of each file, so that nothing is lost.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path

import pandas as pd

from deepfake.console import progress_bar
from deepfake.dataset.read import iterate_images, read_metadata
from deepfake.extraction.images import decode, encode, image_format
from deepfake.extraction.limits import MEDIA_LIMITS

CATEGORIES = ("real", "ai")  # by label
QUALITY = 95  # of a jpg made from another format


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Write jpg files as they are and encode other images as jpg; `cfg` has no keys."""
    rows = _add_names(read_metadata(dataset, integers=("label", "frame")))
    for category in CATEGORIES:
        (output / category).mkdir()
    files, formats, sizes, bytes_written = {}, Counter(), Counter(), Counter()
    with progress_bar(len(rows), f"dfd of {dataset.name}", "images") as advance:
        for row, data in iterate_images(dataset, rows):
            pixels = decode(data, limits=MEDIA_LIMITS)
            formats[image_format(data) or "other"] += 1
            sizes[f"{pixels.shape[1]}x{pixels.shape[0]}"] += 1
            if image_format(data) != "jpg":
                data = encode(pixels, "jpg", QUALITY)
            (output / row["new_name"]).write_bytes(data)
            bytes_written[row["category"]] += len(data)
            files[row["new_name"]] = {
                key: row[key] for key in ("file_name", "split", "corpus", "video", "frame")
            }
            advance(1)
    report = {
        "dataset": dataset.name,
        "categories": {
            category: _counts(part, bytes_written[category]) for category, part in rows.groupby("category")
        },
        "splits": {split: part["category"].value_counts().to_dict() for split, part in rows.groupby("split")},
        "total_files": len(files),
        "total_bytes": bytes_written.total(),
        "formats_read": formats,
        "image_sizes": sizes,
        "files": files,
    }
    text = json.dumps(report, indent=2, sort_keys=True, ensure_ascii=False)
    (output / "extraction_report.json").write_text(text + "\n", encoding="utf-8")


def _add_names(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` ordered by video and frame, with the columns `category` and `new_name` (a path)."""
    rows = rows.sort_values(["corpus", "video", "frame", "file_name"], ignore_index=True)
    videos = rows.groupby(["corpus", "video"])
    rows["category"] = [CATEGORIES[label] for label in rows["label"]]
    rows["new_name"] = [
        f"{category}/{category}_{video}_{_digits(corpus, video)}_frame_{_padded(number, count)}.jpg"
        for category, corpus, video, number, count in zip(
            rows["category"],
            rows["corpus"],
            rows["video"],
            videos.cumcount() + 1,
            videos["frame"].transform("size"),
            strict=True,
        )
    ]
    return rows


def _padded(number: int, count: int) -> str:
    return f"{number:0{max(2, len(str(count)))}d}"


def _digits(corpus: str, video: str) -> str:
    """Return 8 hexadecimal digits that tell apart videos of the same name in different corpora."""
    return hashlib.sha256(f"{corpus}\0{video}".encode()).hexdigest()[:8]


def _counts(rows: pd.DataFrame, size: int) -> dict[str, int]:
    return {"files": len(rows), "videos": rows.groupby(["corpus", "video"]).ngroups, "bytes": size}
