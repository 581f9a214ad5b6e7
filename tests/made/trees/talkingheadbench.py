"""TalkingHeadBench: portraits moved by other people's motion; fakes only."""

from made.trees import Tree

SPLITS = ["train"] * 4 + ["val"] * 2 + ["test"] * 3
FAKE = [
    f"fake/{generator}/{split}/{number:05d}--Abc{number}_0--{generator}.mp4"
    for generator in ("LivePortrait", "Hallo2")
    for number, split in enumerate(SPLITS)
]
ADDITIONAL = ["fake/additional_dataset/Hallo3/7-Abc7_0.mp4", "fake/additional_dataset/MAGI-1/8.mp4"]

TREE = Tree(
    [*FAKE, *ADDITIONAL],
    texts={"real/real_dataset_split.json": "{}"},
    odd={"fake/LivePortrait/00001--Abc1_0--LivePortrait.mp4": "name does not fit"},
)
