"""DFDC as Kaggle has it: names without meaning, and metadata.json beside the videos."""

import json

from made.trees import Tree

FOLDER = "train_sample_videos"
LABELS = {f"real{letter}.mp4": {"label": "REAL", "split": "train"} for letter in "abcdefgh"}
LABELS |= {
    f"fake{letter}.mp4": {"label": "FAKE", "split": "train", "original": f"real{letter}.mp4"}
    for letter in "abcdefgh"
}

TREE = Tree(
    [f"{FOLDER}/{name}" for name in LABELS],
    texts={f"{FOLDER}/metadata.json": json.dumps(LABELS)},
    odd={f"{FOLDER}/unknown.mp4": "no label"},
)
