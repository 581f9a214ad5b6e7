"""DFD as Kaggle has it: a space in one folder's name, and another folder twice."""

from made.trees import Tree

REAL, FAKE = "DFD_original sequences", "DFD_manipulated_sequences/DFD_manipulated_sequences"

TREE = Tree(
    [f"{REAL}/0{i}__kitchen_pan.mp4" for i in range(1, 9)]
    + [f"{FAKE}/0{i}_0{(i - 1 ^ 1) + 1}__kitchen_pan__YVGY8LO{i}.mp4" for i in range(1, 9)],
    odd={f"{FAKE}/01_02.mp4": "name does not fit"},
)
