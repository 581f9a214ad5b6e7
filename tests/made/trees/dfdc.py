"""DFDC as its authors have it: names without meaning, and a label file beside the videos of each set."""

import json

from made.trees import Tree

PARTS = ("train/dfdc_train_part_0", "train/dfdc_train_part_1")
LABELS = {f"real{letter}.mp4": {"label": "REAL", "split": "train"} for letter in "abcdefgh"}
LABELS |= {
    f"fake{letter}.mp4": {"label": "FAKE", "split": "train", "original": f"real{letter}.mp4"}
    for letter in "abcdefgh"
}
OF_PART = [
    {name: record for name, record in LABELS.items() if (name[4] < "e") == (part == PARTS[0])}
    for part in PARTS
]
OF_VALIDATION = {"vala.mp4": 0, "valb.mp4": 1, "valc.mp4": 1}
OF_TEST = {"testa.mp4": 0, "testb.mp4": 0, "testc.mp4": 1}

TREE = Tree(
    [f"{part}/{name}" for part, labels in zip(PARTS, OF_PART, strict=True) for name in labels]
    + [f"validation/{name}" for name in OF_VALIDATION]
    + [f"test/{name}" for name in OF_TEST],
    texts={
        f"{PARTS[0]}/metadata.json": json.dumps(OF_PART[0]),
        f"{PARTS[1]}/metadata.json": json.dumps(OF_PART[1]),
        "validation/labels.csv": "".join(
            ["filename,label\n", *(f"{name},{label}\n" for name, label in OF_VALIDATION.items())]
        ),
        "test/metadata.json": json.dumps(
            {name: {"is_fake": label, "augmentations": {}} for name, label in OF_TEST.items()}
        ),
    },
    odd={f"{PARTS[0]}/unknown.mp4": "no label", "test_videos/unknown.mp4": "no label: no metadata.json"},
)
