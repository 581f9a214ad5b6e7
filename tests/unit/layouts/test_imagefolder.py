"""Folders of images, one for each class."""

import pytest
from made.layout_rows import read_one

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("path", "label", "split", "method", "group", "name"),
    [
        ("real/1.png", REAL, "", "", "real/1.png", "real_1"),
        ("Train/REAL/1.JPG", REAL, "train", "", "Train/REAL/1.JPG", "Train_REAL_1"),
        (
            "set/validate/1_fake/a b.webp",
            FAKE,
            "val",
            "",
            "set/validate/1_fake/a b.webp",
            "validate_1_fake_a b",
        ),
        ("valid/ai/x.jpg", FAKE, "val", "", "valid/ai/x.jpg", "valid_ai_x"),
        ("real/test/x.jpg", REAL, "test", "", "real/test/x.jpg", "real_test_x"),
        ("deepfake/train/real/x.jpg", REAL, "train", "", "deepfake/train/real/x.jpg", "train_real_x"),
        ("val/fake/abc/1.png", FAKE, "val", "", "val/fake/abc", "val_fake_abc_1"),
        ("fake/FaceSwap/abc/1.png", FAKE, "", "FaceSwap", "fake/FaceSwap/abc", "fake_FaceSwap_abc_1"),
        ("real/camera/abc/1.png", REAL, "", "", "real/camera/abc", "real_camera_abc_1"),
        ("fake/abc/v 1_frame003.jpg", FAKE, "", "", "v 1", "fake_abc_v 1_frame003"),
        ("train/real/ü_frame_03.jpg", REAL, "train", "", "ü", "train_real_ü_frame_03"),
        ("test/fake/000_003_f003.jpg", FAKE, "test", "", "000_003", "test_fake_000_003_f003"),
        ("real/real/1.png", REAL, "", "", "real/real/1.png", "real_1"),
        ("fake/v.mp4", FAKE, "", "", "fake/v.mp4", "fake_v"),
        ("train/fake/FaceSwap/v_f1.mp4", FAKE, "train", "FaceSwap", "train/fake/FaceSwap/v_f1.mp4", None),
    ],
)
def test_imagefolder_names(path, label, split, method, group, name):
    row = read_one("imagefolder", path)
    assert (row.label, row.split, row.method, row.group, row.problem) == (label, split, method, group, "")
    assert name is None or row.name == name
    assert row.original == (row.name if label == REAL else "")


def test_imagefolder_takes_the_class_from_the_archive():
    row = read_one("imagefolder", "x/1.png", archive="in/fake.zip")
    assert (row.label, row.group) == (FAKE, "fake.zip:x")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("1.png", "name does not fit {real,fake}/<still>"),
        ("Mask/1.png", "name does not fit {real,fake}/<still>"),
        ("training_real/1.png", "name does not fit {real,fake}/<still>"),
        ("fake/real/1.png", "two labels"),
    ],
)
def test_imagefolder_unusable_files(path, problem):
    row = read_one("imagefolder", path)
    assert row.problem.startswith(problem) and row.label is None
