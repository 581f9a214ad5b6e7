"""FFIW-10K: reals and fakes with the same names, in folders of their splits, and masks."""

from made.trees import Tree

NAMES = [
    f"{split}/{split}_0000000{number}.mp4"
    for split, count in (("train", 4), ("val", 2), ("test", 2))
    for number in range(count)
]

TREE = Tree(
    [f"{side}/{name}" for side in ("source", "target") for name in NAMES],
    odd={
        f"target_mask/{NAMES[0]}": "mask",
        "source/train/val_00000009.mp4": "does not fit",
        "target/train/9.mp4": "does not fit",
    },
)
