"""Label lists: small square images with anonymous names, and a list of labels for each phase.

    {train,validate,test}/<32 hexadecimal digits>.jpg
    {train,validate,test}_label.txt                     lines `<name>.jpg 0` (real) or 1 (fake)

The layout `labels` reads this format.
"""

import csv
import hashlib
from pathlib import Path

import cv2

from deepfake.console import progress_bar
from deepfake.dataset.read import iterate_images, read_metadata
from deepfake.extraction.images import decode, encode
from deepfake.extraction.limits import MEDIA_LIMITS

PHASES = {"train": "train", "val": "validate", "test": "test"}
QUALITY = 95  # of the jpg


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Write images of `cfg["size"]` by `cfg["size"]` pixels, a list for each split, and names.csv.

    Images that aren't square are squeezed, since cropping could lose the face. The new names say nothing of
    the class; names.csv gives the `file_name` of each.
    """
    size = (cfg["size"], cfg["size"])
    rows = read_metadata(dataset, integers=("label", "frame"))
    lists = {split: [] for split in rows["split"].unique()}
    names = []
    for split in lists:
        (output / PHASES[split]).mkdir()
    with progress_bar(len(rows), f"labels of {dataset.name}", "images") as advance:
        for row, data in iterate_images(dataset, rows):
            name = _anonymous_name(row)
            pixels = cv2.resize(decode(data, limits=MEDIA_LIMITS), size, interpolation=cv2.INTER_AREA)
            (output / PHASES[row["split"]] / name).write_bytes(encode(pixels, "jpg", QUALITY))
            lists[row["split"]].append(f"{name} {row['label']}\n")
            names.append((name, row["file_name"]))
            advance(1)
    for split, lines in lists.items():
        (output / f"{PHASES[split]}_label.txt").write_text("".join(sorted(lines)))
    with open(output / "names.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "file_name"), *sorted(names)])


def _anonymous_name(row: dict) -> str:
    """Return a digest of the image's bytes and name: a dataset may hold the same bytes twice."""
    return hashlib.sha256(f"{row['sha256']}\0{row['file_name']}".encode()).hexdigest()[:32] + ".jpg"
