"""A small dataset written by hand, good in every respect, for audits to judge once it is spoiled."""

import csv
import hashlib
import json
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np

from deepfake.dataset.metadata import METADATA
from deepfake.extraction import images

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/audit.py"
PROGRAM = runpy.run_path(str(SCRIPT))
CFG = {
    "policy": "identity",
    "duplicates": 3,
    "balance": "corpus",
    "size_mb": 1,
    "splits": {"train": 0.5, "val": 0.25, "test": 0.25},
    "test_only": ["two"],
    "stratify": ["sex"],
    "families": {"one": "fam", "two": "other"},
}
UNITS = [("one", "train")] * 4 + [("one", "val")] * 2 + [("one", "test")] * 2 + [("two", "test")] * 2
NEIGHBOUR = [1, 2, 3, 0, 5, 4, 7, 6, 9, 8]  # whose face a unit's fake wears: someone's of the same split

Rows = list[dict]


def texture(number: int) -> np.ndarray:
    """A smooth picture unlike any of another number; uint8 (64, 64, 3) BGR."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC)


def good_rows() -> Rows:
    """Ten people of two corpora: of each a real video and a fake with another's face, two frames a video.

    Written by hand, not by the planner, which the audit is to judge.
    """
    rows = []
    for unit, (corpus, split) in enumerate(UNITS):
        family = CFG["families"][corpus]
        for label, kind in enumerate(("real", "fake")):
            for frame in (0, 30):
                row = {"corpus": corpus, "video": f"{kind}_{unit}", "frame": frame, "label": str(label)}
                row |= {"split": split, "folder": f"{split}/{kind}", "method": "swap" if label else ""}
                row |= {"target": f"{family}/p{unit}", "original": f"{family}/real_{unit}"}
                row |= {"source": f"{family}/p{NEIGHBOUR[unit]}" if label else "", "sex": "fm"[unit % 2]}
                rows.append(row | {"group": f"{family}/g{unit}", "pixels": texture(len(rows))})
    return rows


def write(folder: Path, rows: Rows) -> Path:
    """A dataset of `rows`, in which every file, name and sum is right unless a row says otherwise."""
    folder.mkdir(parents=True)
    table = []
    for row in rows:
        data = images.encode(row["pixels"], "jpg", 95)
        name = f"{row['folder']}/{row['corpus']}__{row['video']}__{row['frame']:06d}.jpg"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        known = {"file_name": name, "sha256": hashlib.sha256(data).hexdigest()}
        table.append({**known, "phash": images.perceptual_hash(data), **row})
    with open(folder / "metadata.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*METADATA, "sex"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(table)
    (folder / "README.md").write_text("# A dataset\n")
    sign(folder)
    return folder


def sign(folder: Path) -> None:
    """SHA256SUMS of the plain files that are there."""
    files = sorted(
        p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and p.name != "SHA256SUMS"
    )
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def of(rows: Rows, **wanted: object) -> Rows:
    """The rows that have these values."""
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert found, wanted
    return found


def put(rows: Rows, change: dict, **wanted: object) -> None:
    for row in of(rows, **wanted):
        row.update(change)


def audit(folder: Path, cfg: dict | None = None, same: str = "", code: int = 0) -> dict:
    """What audit.json says of a folder, beside which it is written; the program must end with `code`."""
    outputs = [folder.parent / "audit.json", folder.parent / "audit.html"]
    command = ["audit.py", "--dataset", folder, "--config", json.dumps(CFG | (cfg or {}))]
    command += ["--output", outputs[0], "--output-page", outputs[1]]
    if same:
        (folder.parent / "same.csv").write_text(same)
        command += ["--same-identity", folder.parent / "same.csv"]
    with patch.object(sys, "argv", [str(word) for word in command]):
        assert PROGRAM["main"]() == code
    return json.loads(outputs[0].read_text())


def names(facts: dict, status: str) -> set[str]:
    return {check["name"] for check in facts["checks"] if check["status"] == status}


def found(facts: dict, name: str) -> dict:
    return next(check for check in facts["checks"] if check["name"] == name)
