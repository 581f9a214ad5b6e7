"""A plan's table of people, with the crops of its videos, for people whose faces are noise."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepfake import tables
from deepfake.extraction.images import encode
from deepfake.extraction.tars import new_tar

CFG = {"people": {"by": "both", "link": 0.36, "guard": 0.33}}


@dataclass
class Planned:
    """The folder of results with the crops, the plan, and the table of people."""

    results: Path
    plan: Path
    people: Path


def video(corpus: str, number: int, person: str, **others) -> dict:
    """Return a row of tables.PEOPLE of a real video of train, and what it has instead."""
    row = {"corpus": corpus, "video": f"v{number:03}", "label": "0", "split": "train", "person": person}
    return row | {"half": "1" if person else ""} | others


def write_people(folder: Path, rows: list[dict], side: int = 24, frames: int = 2) -> Planned:
    """Write the tables, and `frames` crops of noise of each video."""
    random, planned = np.random.default_rng(3), []
    for corpus in sorted({row["corpus"] for row in rows}):
        (folder / "faces" / corpus).mkdir(parents=True)
        with new_tar(folder / "faces" / corpus / "all.tar") as add:
            for row in rows:
                if row["corpus"] != corpus:
                    continue
                for frame in range(frames):
                    pixels = random.integers(0, 256, (side, side, 3), np.uint8)
                    data, image = encode(pixels, "png", 0), f"{row['video']}/{frame:06d}.png"
                    add(image, data)
                    known = {"corpus": corpus, "video": row["video"], "frame": frame, "shard": "all"}
                    known |= {"image": image, "sha256": hashlib.sha256(data).hexdigest()}
                    planned.append(known)
    tables.write_rows(folder / "plan.csv", tables.PLAN, planned)
    tables.write_rows(folder / "people.csv", tables.PEOPLE, rows)
    return Planned(folder, folder / "plan.csv", folder / "people.csv")
