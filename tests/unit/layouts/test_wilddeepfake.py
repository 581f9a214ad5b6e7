"""WildDeepfake: tars of images, unpacked tars, and numbers that start again in each folder."""

import pytest
from made.layout_rows import read, read_entries, read_one, values

from deepfake.layouts.entries import FAKE, REAL, Entry


@pytest.mark.parametrize(
    ("path", "archive", "label", "split", "name", "group"),
    [
        (
            "deepfake_in_the_wild/real_train/12.tar.gz", "",
            REAL, "train", "real_train_12", "real_train_12",
        ),
        ("Fake_Test/0.TAR.GZ", "", FAKE, "test", "fake_test_0", "fake_test_0"),
        ("fake_train/7.tgz", "", FAKE, "train", "fake_train_7", "fake_train_7"),
        ("7.tar", "in/fake_train.zip", FAKE, "train", "fake_train_7", "fake_train_7"),
        ("fake_train/7.tar", "in/fake_train.zip", FAKE, "train", "fake_train_7", "fake_train_7"),
        ("real_train/12/7.png", "", REAL, "train", "real_train_12_7", "real_train_12"),
        ("real_train/12/real/103/7.png", "", REAL, "train", "real_train_12_real_103_7", "real_train_12"),
        ("real_test/real/103/7.PNG", "w.zip", REAL, "test", "real_test_real_103_7", "real_test_103"),
        ("12/fake/1/ü 1.png", "fake_test.zip", FAKE, "test", "fake_test_12_fake_1_ü 1", "fake_test_12"),
    ],
)  # fmt: skip
def test_wilddeepfake_names(path, archive, label, split, name, group):
    row = read_one("wilddeepfake", path, archive)
    assert values(row) == (name, label, "", "", "", name if label == REAL else "", group)
    assert (row.split, row.problem) == (split, "")


def test_wilddeepfake_numbers_start_again_in_each_folder():
    paths = [f"{label}_{split}/1.tar.gz" for label in ("real", "fake") for split in ("train", "test")]
    rows = read("wilddeepfake", paths)
    assert len({row.group for row in rows}) == len({row.name for row in rows}) == 4


def test_wilddeepfake_packed_or_not_is_one_group():
    media = [
        Entry("", "real_train/12.tar.gz"), Entry("", "real_train/12/real/103/7.png"),
        Entry("", "real_train/12/real/104/7.png"), Entry("real_train.zip", "12/7.png"),
    ]  # fmt: skip
    rows = read_entries("wilddeepfake", media, {})
    assert {row.group for row in rows} == {"real_train_12"}
    assert len({row.name for row in rows}) == 4


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("real_train/a.tar.gz", "name does not fit {real,fake}_{train,test}/<number>.tar.gz"),
        ("real_train/12/13.tar.gz", "name does not fit {real,fake}_{train,test}/<number>.tar.gz"),
        ("real_train/7.png", "name does not fit {real,fake}_{train,test}/<number>.tar.gz"),
        ("real_train/real/a/7.png", "name does not fit {real,fake}_{train,test}/<number>.tar.gz"),
        ("real_train/٣/7.png", "name does not fit"),
        ("real_val/12.tar.gz", "name does not fit"),
        ("my_real_train/12.tar.gz", "name does not fit"),
        ("12.tar.gz", "name does not fit"),
        ("real_train/12/7.mp4", "name does not fit"),
        ("real_train/12.mp4", "name does not fit"),
    ],
)
def test_wilddeepfake_unusable_files(path, problem):
    row = read_one("wilddeepfake", path)
    assert row.problem.startswith(problem)
    assert row.label is None and not row.group


def test_wilddeepfake_ignores_other_files_and_other_layouts_ignore_tars():
    assert read("wilddeepfake", ["real_train/12.zip", "real_train/12.txt", "12.gz"]) == []
    assert read("imagefolder", ["real/12.tar.gz"]) == []
