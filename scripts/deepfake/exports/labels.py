"""The task of label lists: small square images under names that tell nothing, and a list for each phase.

    {train,validate,test}/<32 hexadecimal digits>.jpg
    {train,validate,test}_label.txt                     lines `<name>.jpg 0` (real) or 1 (fake)

The layout `labels` reads it back.
"""

import csv
import hashlib
from pathlib import Path

import cv2

from deepfake.dataset.read import images, read_metadata
from deepfake.extraction.images import decode, encode

PHASES = {"train": "train", "val": "validate", "test": "test"}
QUALITY = 95  # of the jpg


def export(dataset: Path, output: Path, cfg: dict) -> None:
    """Images of `cfg["size"]` by `cfg["size"]` pixels, a list for each split there is, and names.csv.

    What isn't square is squeezed: a cut could lose the face. names.csv leads from the new names back to
    `file_name`, since those may not tell the class.
    """
    side = (cfg["size"], cfg["size"])
    table = read_metadata(dataset)
    lists = {split: [] for split in table["split"].unique()}
    names = []
    for split in lists:
        (output / PHASES[split]).mkdir()
    for _, row, data in images(dataset, [table], f"labels of {dataset.name}"):
        name = _name(row)
        pixels = cv2.resize(decode(data), side, interpolation=cv2.INTER_AREA)
        (output / PHASES[row["split"]] / name).write_bytes(encode(pixels, "jpg", QUALITY))
        lists[row["split"]].append(f"{name} {row['label']}\n")
        names.append((name, row["file_name"]))
    for split, lines in lists.items():
        (output / f"{PHASES[split]}_label.txt").write_text("".join(sorted(lines)))
    with open(output / "names.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([("name", "file_name"), *sorted(names)])


def _name(row: dict) -> str:
    """Of the image's bytes and of its name too: a dataset may hold one image twice."""
    return hashlib.sha256(f"{row['sha256']}\0{row['file_name']}".encode()).hexdigest()[:32] + ".jpg"
