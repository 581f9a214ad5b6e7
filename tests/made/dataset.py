"""A small dataset without any fault, for tests that damage it and then audit it."""

import csv
import hashlib
import json
from pathlib import Path

import cv2
import numpy as np
from made.programs import run_program

from deepfake.extraction import images
from deepfake.tables import METADATA

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/audit.py"
CFG = {
    "policy": "identity",
    "people": {"by": "names"},
    "duplicates": 3,
    "balance": "corpus",
    "size_mb": 1,
    "splits": {"train": 0.5, "val": 0.25, "test": 0.25},
    "test_only": ["two"],
    "stratify": ["sex"],
    "families": {"one": "fam", "two": "other"},
}
PEOPLE = [("one", "train")] * 4 + [("one", "val")] * 2 + [("one", "test")] * 2 + [("two", "test")] * 2
"""The corpus and split of each person, who has one real and one fake video."""
SOURCES = [1, 2, 3, 0, 5, 4, 7, 6, 9, 8]  # the face in each person's fake: someone's of the same split

Rows = list[dict]


def texture(number: int) -> np.ndarray:
    """Return a smooth image unlike that of any other number, uint8 (64, 64, 3) BGR."""
    coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (64, 64), interpolation=cv2.INTER_CUBIC)


def good_rows() -> Rows:
    """Return rows of ten people of two corpora: a real video and a fake of each, two frames a video.

    They are written by hand, since the audit is to check the planner.
    """
    rows = []
    for person, (corpus, split) in enumerate(PEOPLE):
        family = CFG["families"][corpus]
        for label, kind in enumerate(("real", "fake")):
            for frame in (0, 30):
                row = {"corpus": corpus, "video": f"{kind}_{person}", "frame": frame, "label": str(label)}
                row |= {"split": split, "folder": f"{split}/{kind}", "method": "swap" if label else ""}
                row |= {"target": f"{family}/p{person}", "original": f"{family}/real_{person}"}
                row |= {"source": f"{family}/p{SOURCES[person]}" if label else "", "sex": "fm"[person % 2]}
                rows.append(row | {"group": f"{family}/g{person}", "pixels": texture(len(rows))})
    return rows


def write(folder: Path, rows: Rows) -> Path:
    """Write a dataset in which every file, name and checksum is right, unless a row itself has another."""
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
    write_checksums(folder)
    return folder


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS of the regular files that are there."""
    files = sorted(
        p for p in folder.rglob("*") if p.is_file() and not p.is_symlink() and p.name != "SHA256SUMS"
    )
    lines = [
        f"{hashlib.sha256(p.read_bytes()).hexdigest()}  {p.relative_to(folder).as_posix()}\n" for p in files
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def select(rows: Rows, **values: object) -> Rows:
    """Return the rows that have these values."""
    selected = [row for row in rows if all(row[key] == value for key, value in values.items())]
    assert selected, values
    return selected


def update(rows: Rows, change: dict, **values: object) -> None:
    """Change the rows that have these values."""
    for row in select(rows, **values):
        row.update(change)


def audit(
    folder: Path, cfg: dict | None = None, same_identity: str = "", code: int = 0, threads: int = 1
) -> dict:
    """Return audit.json of a dataset, written beside its folder; the program must end with `code`."""
    outputs = [folder.parent / "audit.json", folder.parent / "audit.html"]
    arguments = ["--dataset", folder, "--config", json.dumps(CFG | (cfg or {}))]
    arguments += ["--output", outputs[0], "--output-page", outputs[1], "--threads", threads]
    if same_identity:
        (folder.parent / "same.csv").write_text(same_identity)
        arguments += ["--same-identity", folder.parent / "same.csv"]
    assert run_program("audit.py", *arguments) == code
    return json.loads(outputs[0].read_text())


def names(report: dict, status: str) -> set[str]:
    """Return the names of the checks with this status."""
    return {check["name"] for check in report["checks"] if check["status"] == status}


def result(report: dict, name: str) -> dict:
    """Return the result of the check of this name."""
    return next(check for check in report["checks"] if check["name"] == name)
