"""UADFV: a fake by its folder and its name."""

import pytest
from made.layout_rows import read_one, values

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("path", "archive"),
    [
        ("real/0007.mp4", ""),
        ("UADFV/real/videos/0007.MP4", ""),
        ("0007.mp4", "real.zip"),
        ("UADFV/real/frames/0007/000.png", ""),
    ],
)
def test_a_real(path, archive):
    row = read_one("uadfv", path, archive)
    assert values(row) == ("0007", REAL, "", "", "", "0007", "0007")


@pytest.mark.parametrize("path", ["fake/0007_fake.mp4", "UADFV/fake/frames/0007_fake/000.png"])
def test_a_fake_is_with_its_original(path):
    assert values(read_one("uadfv", path)) == ("0007_fake", FAKE, "FakeApp", "", "", "0007", "0007")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("real/0007_fake.mp4", "two labels: its folder says real, its name fake"),
        ("fake/0007.mp4", "two labels: its folder says fake, its name real"),
        ("real/7.mp4", "name does not fit real/<number>"),
        ("fake/0007-fake.mp4", "name does not fit real/<number>"),
        ("0007.mp4", "name does not fit real/<number>"),
        ("train/real/0007.mp4", "name does not fit real/<number>"),
        ("real/other/0007.mp4", "name does not fit real/<number>"),
    ],
)
def test_unusable_files(path, problem):
    row = read_one("uadfv", path)
    assert row.problem.startswith(problem) and row.label is None
