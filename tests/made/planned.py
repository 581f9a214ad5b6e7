"""Two small planned corpora, and a run of dataset.py that writes them as a dataset."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.extraction import images
from deepfake.extraction.tars import new_tar

ROOT = Path(__file__).resolve().parents[2]
CFG = {
    "corpora": ["a", "b"],
    "images": "faces",
    "size_mb": None,
    "splits": {"train": 0.7, "val": 0.3},
    "policy": "identity",
    "tolerance": 0.05,
    "stratify": ["method"],
    "test_only": [],
    "same_identity": None,
    "duplicates": 3,
    "balance": "none",
    "families": {"a": "ffpp", "b": "b"},
    "seed": 3,
}
STEPS = {
    "a": {
        "frames": {"strategy": "interval", "every": 15, "max": 40, "format": "jpg", "quality": 91},
        "faces": {"detector": "dlib", "max_faces": 2, "margin": 1.3, "size": 224, "format": "png"},
    }
}
ATTRIBUTES = [json.dumps({"sex": "f", "age": str(3 * video), "split": "odd"}) for video in range(12)]
ATTRIBUTES[5], ATTRIBUTES[6] = '{"hair colour": "grün", "age": null}', ""


def random_image(number: int) -> np.ndarray:
    """Return a random image, uint8 (24, 32, 3)."""
    return cv2.resize(np.random.default_rng(number).integers(0, 256, (4, 4, 3), dtype=np.uint8), (32, 24))


def make_tree(results: Path, formats: dict[str, str] | None = None) -> pd.DataFrame:
    """Write tars of two corpora, and return their plan.

    Each has six groups of a real and a fake video with two images each. Two groups are in val. The second
    image of the first real video in val, and of that in train, is left out.
    """
    rows = []
    for corpus, format in (formats or {"a": "jpg", "b": "png"}).items():
        for shard in ("0", "1"):
            with new_tar(results / "faces" / corpus / f"{shard}.tar") as add:
                for video in range(int(shard), 12, 2):
                    known = {
                        "corpus": corpus,
                        "video": f"v_{video}é",
                        "label": str(video % 2),
                        "shard": shard,
                        "group": f"{corpus}/{video // 2}",
                        "target": f"{corpus}/{video // 2}",
                        "method": 'a|b, "c"' if video % 2 else "",
                        "attributes": ATTRIBUTES[video] if corpus == "b" else "",
                    }
                    for frame in (0, 30):
                        data = images.encode(random_image(len(rows)), format, 90)
                        name = f"{known['video']}/{frame:06d}.{format}"
                        add(name, data)
                        columns = images.image_columns(data)
                        planned = {"split": "val" if video < 4 else "train", "file_name": ""}
                        if video not in (0, 4) or not frame:
                            folder = f"{planned['split']}/{'fake' if video % 2 else 'real'}"
                            planned["file_name"] = (
                                f"{folder}/{corpus}__{known['video']}__{frame:06d}.{format}"
                            )
                        rows.append({**known, **planned, "frame": frame, "image": name, **columns})
    plan = pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("").sample(frac=1, random_state=0)
    plan.loc[plan["file_name"] == "", ["split", "step", "reason"]] = ["", "plan", "over size_mb"]
    (results / "plans").mkdir()
    plan.to_csv(results / "plans" / "d.csv", index=False)
    return plan


def write_dataset(results: Path, output: Path | None = None) -> subprocess.CompletedProcess:
    """Run dataset.py on the plan of make_tree; the dataset is `output`, or `results`/d."""
    (results / "plans/d.json").write_text(json.dumps({"steps": STEPS}))
    command = [sys.executable, ROOT / "scripts/dataset.py", "--plan", results / "plans/d.csv"]
    command += ["--results", results, "--output", output or results / "d", "--config", json.dumps(CFG)]
    command += ["--plan-summary", results / "plans/d.json"]
    return subprocess.run(command, capture_output=True, text=True)


def make_dataset(results: Path) -> tuple[Path, pd.DataFrame]:
    """Make the tree and write its dataset; return the dataset's folder and its plan."""
    plan = make_tree(results)
    done = write_dataset(results)
    assert done.returncode == 0, done.stderr
    return results / "d", plan
