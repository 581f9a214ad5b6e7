"""DeepFakeDetection: the Kaggle copy with its spaces, and the tree of FaceForensics++."""

import random
import time
from collections import Counter

import pytest
from made.layout_rows import DFD_FAKE, DFD_REAL, read, read_one, values

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("path", "archive", "expected"),
    [
        (
            f"{DFD_REAL}/01__exit_phone_room.mp4", "dfd.zip",
            ("01__exit_phone_room", REAL, "", "01", "", "01__exit_phone_room", "01__exit_phone_room"),
        ),
        (
            f"{DFD_FAKE}/28_16__walking_down_street_outside_angry__6DWLCU6T.mp4", "",
            (
                "28_16__walking_down_street_outside_angry__6DWLCU6T", FAKE, "DeepFakeDetection", "28", "16",
                "28__walking_down_street_outside_angry", "28__walking_down_street_outside_angry",
            ),
        ),
        (
            "DFD_manipulated sequences/01_02__podium__YVGY8LOK.mp4", "",
            ("01_02__podium__YVGY8LOK", FAKE, "DeepFakeDetection", "01", "02", "01__podium", "01__podium"),
        ),
        (
            "04__podium.mp4", "in/DFD_original sequences.zip",
            ("04__podium", REAL, "", "04", "", "04__podium", "04__podium"),
        ),
        (
            "x/original_sequences/actors/c23/videos/04__podium.mp4", "",
            ("c23_04__podium", REAL, "", "04", "", "c23_04__podium", "04__podium"),
        ),
        (
            "manipulated_sequences/DeepFakeDetection/c40/videos/04_05__podium__ABCDEFG1.mp4", "",
            (
                "c40_04_05__podium__ABCDEFG1", FAKE, "DeepFakeDetection", "04", "05",
                "c40_04__podium", "04__podium",
            ),
        ),
    ],
)  # fmt: skip
def test_dfd_names(path, archive, expected):
    row = read_one("dfd", path, archive)
    assert values(row) == expected
    assert not row.problem


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (f"{DFD_FAKE}/01__exit.mp4", "two labels: its folder says fake, its name real"),
        (f"{DFD_REAL}/01_02__exit__YVGY8LOK.mp4", "two labels: its folder says real, its name fake"),
        (f"{DFD_FAKE}/01_02__exit.mp4", "name does not fit <target>__<scene>"),
        (f"{DFD_FAKE}/01_02__exit__YVGY8LO.mp4", "name does not fit <target>__<scene>"),
        (f"{DFD_REAL}/01__exit__YVGY8LOK.mp4", "name does not fit <target>__<scene>"),
        (f"{DFD_REAL}/01__.mp4", "name does not fit <target>__<scene>"),
        ("somewhere/01__exit.mp4", "name does not fit DFD_original sequences/"),
        (
            "manipulated_sequences/DeepFakeDetection/masks/videos/01_02__exit__YVGY8LOK.mp4",
            "mask, not a video",
        ),
        ("manipulated_sequences/Deepfakes/c23/videos/000_003.mp4", "Deepfakes is no part of DFD"),
        ("original_sequences/youtube/c23/videos/000.mp4", "youtube is no part of DFD"),
    ],
)
def test_dfd_unusable_files(path, problem):
    row = read_one("dfd", path)
    assert row.problem.startswith(problem) and row.label is None


def test_dfd_full_size():
    rng = random.Random(0)
    scenes = [f"scene_{'ab' * n}_pan" for n in range(1, 17)]
    originals = [(f"{actor:02d}", scene) for actor in range(1, 29) for scene in scenes][:363]
    swaps = [(*originals[n % 363], f"{n // 363 + 50:02d}", f"{rng.getrandbits(32):08X}") for n in range(3068)]
    paths = [f"{DFD_REAL}/{target}__{scene}.mp4" for target, scene in originals]
    paths += [f"{DFD_FAKE}/{target}_{source}__{scene}__{mark}.mp4" for target, scene, source, mark in swaps]
    start = time.perf_counter()
    rows = read("dfd", paths)
    assert time.perf_counter() - start < 2
    assert Counter(row.label for row in rows) == {REAL: 363, FAKE: 3068}
    assert not any(row.problem for row in rows)
    assert {row.original for row in rows if row.label} <= {row.name for row in rows if not row.label}
    assert len({row.group for row in rows}) == 363
