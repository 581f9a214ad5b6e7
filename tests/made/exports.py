"""A small finished dataset for the tests of exports, and a run of export.py."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.dataset.card import card
from deepfake.dataset.write import write_metadata
from deepfake.extraction import images

ROOT = Path(__file__).resolve().parents[2]
CFG = {"corpora": ["a", "b"], "images": "faces", "size_mb": None, "splits": {"train": 0.6, "val": 0.4}}
CFG |= {"policy": "group", "tolerance": 0.05, "stratify": [], "test_only": [], "same_identity": None}
CFG |= {"duplicates": 3, "balance": "corpus", "families": {"a": "a", "b": "b"}, "seed": 3}
SETTINGS = {
    "webdataset": {"shard_mb": 0.01},
    "parquet": {"shard_mb": 0.01},
    "labels": {"size": 112},
    "dfd": {},
    "deepfakebench": {},
}


def make_dataset(folder: Path, splits: tuple[str, ...] = ("train", "val", "test")) -> pd.DataFrame:
    """Write 24 videos of one to four images, and return their rows.

    Corpus a has jpg files and b png files; one image is there twice.
    """
    rows = []
    for number in range(24):
        corpus, label, split = "ab"[number % 4 == 3], number % 2, splits[number // 2 % len(splits)]
        ending = "png" if corpus == "b" else "jpg"
        for frame in range(0, 10 * (number % 4) + 1, 10):
            coarse = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
            pixels = cv2.resize(coarse, (40, 30 + frame), interpolation=cv2.INTER_CUBIC)
            data = images.encode(pixels, ending, 90)
            video = f"выдео-{number:02d}"
            name = f"{split}/{('real', 'fake')[label]}/{corpus}__{video}__{frame:06d}.{ending}"
            for copy in (
                (name, name.replace("__000000", "__000003")) if number == 5 and not frame else (name,)
            ):
                (folder / copy).parent.mkdir(parents=True, exist_ok=True)
                (folder / copy).write_bytes(data)
                known = {
                    "file_name": copy,
                    "corpus": corpus,
                    "video": video,
                    "label": str(label),
                    "split": split,
                }
                known |= {"frame": int(copy.split("__")[-1][:6]), "group": f"{corpus}/{number // 2}"}
                known |= {
                    "method": "ü|m" if label else "",
                    "attributes": '{"sex": "f"}' if number % 3 else "",
                }
                rows.append(known | images.image_columns(data))
    kept = pd.DataFrame(rows).reindex(columns=tables.PLAN).fillna("")
    write_metadata(folder, folder.name, kept, CFG, {})
    (folder / "README.md").write_text(card(folder.name, kept, CFG, {}), encoding="utf-8")
    return kept


def export(dataset: Path, form: str, output: Path, **settings) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/export.py", "--dataset", dataset, "--form", form]
    command += ["--config", json.dumps(SETTINGS.get(form, {}) | settings), "--output", output]
    return subprocess.run(command, capture_output=True, text=True)
