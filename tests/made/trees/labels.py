"""A classification task: a folder of images for each split, and lists of labels."""

from made.trees import Tree

IMAGES = {"train": range(0, 8), "validate": range(8, 14), "test": range(14, 20)}

TREE = Tree(
    [f"{split}/image{i:02d}.jpg" for split, numbers in IMAGES.items() for i in numbers],
    texts={
        f"{split}_label.txt": "".join(f"image{i:02d}.jpg {i % 2}\n" for i in numbers)
        for split, numbers in IMAGES.items()
    },
    odd={"train/unlisted.jpg": "in no label list"},
)
