"""FFIW-10K: source is real, target is fake, and masks belong to the fakes of their names."""

import pytest
from made.layout_rows import by_path, read, read_one, values

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("path", "archive"),
    [
        ("source/val/val_00000012.mp4", ""),
        ("FFIW10K-v1-release/source/val/videos/val_00000012.mp4", ""),
        ("val/val_00000012.mp4", "source.zip"),
        ("source/val/frames/val_00000012/0013.png", ""),
    ],
)
def test_source_is_real(path, archive):
    row = read_one("ffiw", path, archive)
    name = "source_val_00000012"
    assert values(row) == (name, REAL, "", "", "", name, "val_00000012")
    assert row.split == "val"


def test_target_is_fake_and_in_the_group_of_its_name():
    row = read_one("ffiw", "FFIW10K-v1-release-test/target/test/test_00000012.mp4")
    assert values(row) == ("target_test_00000012", FAKE, "FFIW", "", "", "", "test_00000012")
    assert row.split == "test"


def test_a_mask_belongs_to_the_fake_of_its_name():
    paths = [f"{side}/train/train_0000000{i}.mp4" for side in ("source", "target") for i in (1, 2)]
    mask = "target_mask/train/train_00000001.mp4"
    rows = by_path(read("ffiw", [*paths, mask]))
    assert {path: row.mask and row.mask.path for path, row in rows.items()} == {
        path: mask if path == paths[2] else None for path in rows
    }
    assert rows[mask].problem == "mask, not a video"


@pytest.mark.parametrize(
    "path",
    [
        "source/train/val_00000001.mp4",
        "source/train_00000001.mp4",
        "source/train/train_1.mp4",
        "other/train/train_00000001.mp4",
        "source/train/real/train_00000001.mp4",
        "train/source/train_00000001.mp4",
    ],
)
def test_other_names_are_not_used(path):
    row = read_one("ffiw", path)
    assert row.problem.startswith("name does not fit source/<split>") and row.label is None
