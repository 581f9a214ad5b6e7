"""TalkingHeadBench: portraits and the clips that drive them, by name; fakes only."""

import pytest
from made.layout_rows import read_one, values

from deepfake.layouts.entries import FAKE

NAMES = {
    "fake/LivePortrait/train/0198--abcDEF_0--LivePortrait.mp4":
        ("LivePortrait_0198--abcDEF_0--LivePortrait", FAKE, "LivePortrait", "0198", "abcDEF_0", "", "0198"),
    "x/fake/Hallo/val/00198---5be_UPkLRw_4--hallo.mp4":
        ("Hallo_00198---5be_UPkLRw_4--hallo", FAKE, "Hallo", "00198", "-5be_UPkLRw_4", "", "00198"),
    "fake/additional_dataset/Hallo3/7-abc_1.mp4":
        ("Hallo3_7-abc_1", FAKE, "Hallo3", "additional_7", "abc_1", "", "additional_7"),
    "fake/additional_dataset/MAGI-1/7.mp4":
        ("MAGI-1_7", FAKE, "MAGI-1", "additional_7", "", "", "additional_7"),
}  # fmt: skip


@pytest.mark.parametrize("path", NAMES)
def test_names(path):
    assert values(read_one("talkingheadbench", path)) == NAMES[path]


def test_splits_are_folders_and_the_additional_ones_are_test():
    assert [read_one("talkingheadbench", path).split for path in NAMES] == ["train", "val", "test", "test"]


@pytest.mark.parametrize(
    "path", ["fake/Sora/train/1--a--Sora.mp4", "fake/Hallo/1--a--Hallo.mp4", "fake/Hallo/train/1.mp4"]
)
def test_other_names_do_not_fit(path):
    assert read_one("talkingheadbench", path).problem.startswith("name does not fit")
