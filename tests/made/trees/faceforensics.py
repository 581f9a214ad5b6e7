"""FaceForensics++ from its authors' script, with official splits."""

import json

from made.trees import Tree

PAIRS = [(f"{i:03d}", f"{i + 1:03d}") for i in range(0, 12, 2)]
FAKES = [("Deepfakes", *pair) for pair in PAIRS] + [("FaceSwap", *pair[::-1]) for pair in PAIRS]

TREE = Tree(
    [f"original_sequences/youtube/c23/videos/{name}.mp4" for pair in PAIRS for name in pair]
    + [
        f"manipulated_sequences/{method}/c23/videos/{target}_{source}.mp4" for method, target, source in FAKES
    ],
    texts={
        "train.json": json.dumps(PAIRS[:4]),
        "val.json": json.dumps(PAIRS[4:5]),
        "test.json": json.dumps(PAIRS[5:]),
    },
    odd={"manipulated_sequences/Deepfakes/masks/videos/000_001.mp4": "mask"},
)
