"""DFFD: classes or collections as folders, splits at any level, masks, and the method of an image."""

import pytest
from made.layout_rows import read, read_one

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("path", "label", "split", "method", "name"),
    [
        ("DFFD/train/Real/1.png", REAL, "train", "", "train_Real_1"),
        ("train/Fake/stargan/00012.png", FAKE, "train", "stargan", "train_Fake_stargan_00012"),
        ("VALIDATION/FAKE/My Method/a b.JPG", FAKE, "val", "My Method", "VALIDATION_FAKE_My Method_a b"),
        ("Fake/stargan/test/7.png", FAKE, "test", "stargan", "Fake_stargan_test_7"),
        ("Real/ffhq/7.png", REAL, "", "", "Real_ffhq_7"),
        ("stargan/train/00012.png", FAKE, "train", "stargan", "stargan_train_00012"),
        ("Deepfakes/test1/ü.png", FAKE, "test", "Deepfakes", "Deepfakes_test1_ü"),
        ("ffhq/validation/1.png", REAL, "val", "", "ffhq_validation_1"),
        ("CelebA-HQ/1.png", REAL, "", "", "CelebA-HQ_1"),
        ("stargan/train/Fake/1.png", FAKE, "train", "stargan", "train_Fake_1"),
        ("train/Fake/stargan_00012.png", FAKE, "train", "stargan", "train_Fake_stargan_00012"),
        ("train/Fake/pggan_v1-7.png", FAKE, "train", "pggan_v1", "train_Fake_pggan_v1-7"),
        ("train/Fake/other_00012.png", FAKE, "train", "", "train_Fake_other_00012"),
        ("train/Fake/stargan.png", FAKE, "train", "", "train_Fake_stargan"),
        # Below Fake any folder may be named like a collection of reals.
        ("train/Fake/ffhq/1.png", FAKE, "train", "ffhq", "train_Fake_ffhq_1"),
        ("faceapp/train/1.png", FAKE, "train", "faceapp", "faceapp_train_1"),
    ],
)
def test_dffd_names(path, label, split, method, name):
    row = read_one("dffd", path)
    assert (row.label, row.split, row.method, row.name, row.problem) == (label, split, method, name, "")
    assert row.original == (name if label == REAL else "")
    assert row.group == path


@pytest.mark.parametrize(
    ("path", "archive", "label", "split", "method", "group"),
    [
        ("1.png", "in/stargan.zip", FAKE, "", "stargan", "stargan.zip:1.png"),
        ("train/1.png", "in/FFHQ.zip", REAL, "train", "", "FFHQ.zip:train/1.png"),
        ("Fake/stargan/1.png", "train.zip", FAKE, "train", "stargan", "train.zip:Fake/stargan/1.png"),
    ],
)
def test_dffd_folders_may_be_zips(path, archive, label, split, method, group):
    row = read_one("dffd", path, archive)
    assert (row.label, row.split, row.method, row.group, row.problem) == (label, split, method, group, "")


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("train/Fake/deepfakes/000_003_frame007.png", "000_003"),
        ("youtube/test/000_f1.png", "000"),
        ("train/Fake/deepfakes/000_003/7.png", "train/Fake/deepfakes/000_003"),
        ("train/Real/youtube/7.png", "train/Real/youtube/7.png"),
        ("train/Real/youtube/000/7.png", "train/Real/youtube/000"),
        ("stargan/train/7.png", "stargan/train/7.png"),
        ("stargan/train/000/7.png", "stargan/train/000"),
    ],
)
def test_dffd_groups(path, group):
    assert read_one("dffd", path).group == group


@pytest.mark.parametrize(
    ("path", "archive", "problem"),
    [
        ("train/Mask/stargan/1.png", "", "mask of a manipulation"),
        ("stargan/train_mask/1.png", "", "mask of a manipulation"),
        ("train/Fake/masks/1.png", "", "mask of a manipulation"),
        ("train/1.png", "MASK.zip", "mask of a manipulation"),
        ("train/Fake/1.mp4", "", "video, not a still image"),
        ("train/1.png", "", "name does not fit <split>/{Real,Fake}/<still> or <collection>/<split>/<still>"),
        ("stargan.png", "", "name does not fit"),
        ("train/Real/Fake/1.png", "", "two labels: it lies in folders of both classes"),
        ("ffhq/stargan/1.png", "", "two labels: it lies in folders of both classes"),
    ],
)
def test_dffd_unusable_files(path, archive, problem):
    row = read_one("dffd", path, archive)
    assert row.problem.startswith(problem)
    assert row.label is None and not row.group


def test_dffd_a_name_that_only_begins_like_a_mask_is_no_mask():
    assert not read_one("dffd", "train/Fake/masked_swap/1.png").problem


def test_dffd_ignores_other_files():
    assert read("dffd", ["train/Fake/readme.txt", "imgs.csv", "stargan.tar.gz"]) == []
