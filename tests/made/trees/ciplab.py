"""CIPLAB's photos, and faces composed by hand: the name says of which parts."""

from made.trees import Tree

TOP = "real_and_fake_face"
FAKES = ["easy_1_1110", "easy_37_111", "mid_2_0011", "mid_300_1111", "hard_3_1000", "hard_4_0001"]

TREE = Tree(
    [f"{TOP}/training_real/real_{number:05d}.jpg" for number in range(1, 9)]
    + [f"{TOP}/training_fake/{name}.jpg" for name in FAKES],
    odd={
        f"{TOP}/training_fake/real_00009.jpg": "two labels: its folder says training_fake",
        f"{TOP}/training_fake/easy_1_1120.jpg": "name does not fit",
        f"{TOP}/real_00010.jpg": "name does not fit",
    },
)
