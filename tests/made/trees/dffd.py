"""DFFD: stills of real faces, of generated ones, and masks."""

from made.trees import Tree

SPLITS = ("train", "validation", "test")

TREE = Tree(
    [f"{split}/Real/ffhq/{i:05d}.png" for split in SPLITS for i in range(3)]
    + [f"{split}/Fake/stargan/{i:05d}.png" for split in SPLITS for i in range(3)],
    odd={"train/Mask/stargan/00000.png": "mask of a manipulation"},
)
