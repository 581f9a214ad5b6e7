"""Folders of extracted frames in corpora of videos, as DeepfakeBench and others store them."""

import json

import pytest
from made.layout_rows import by_path, read, summarise, values

from deepfake.layouts.entries import FAKE, REAL

TREE = "FaceForensics++/manipulated_sequences/Deepfakes/c23"


def stills(*folders, count=3, ending="png"):
    return [f"{folder}/{number:03d}.{ending}" for folder in folders for number in range(count)]


@pytest.mark.parametrize(
    ("layout", "folder", "video"),
    [
        ("faceforensics", f"{TREE}/frames/000_003", f"{TREE}/videos/000_003.mp4"),
        ("faceforensics", f"{TREE}/images/000_003", f"{TREE}/videos/000_003.mp4"),
        ("faceforensics", "x_c23/original/000", "x_c23/original/000.mp4"),
        (
            "dfd", "original_sequences/actors/c23/frames/01__exit_phone_room",
            "original_sequences/actors/c23/videos/01__exit_phone_room.mp4",
        ),
        ("dfd", "DFD_original sequences/01__exit", "DFD_original sequences/01__exit.mp4"),
        ("celebdf", "Celeb-DF-v2/Celeb-real/frames/id0_0000", "Celeb-DF-v2/Celeb-real/id0_0000.mp4"),
        ("celebdf", "Celeb-synthesis/id0_id1_0000", "Celeb-synthesis/id0_id1_0000.mp4"),
        (
            "deeperforensics", "manipulated_videos/end_to_end/frames/000_M101",
            "manipulated_videos/end_to_end/000_M101.mp4",
        ),
    ],
)  # fmt: skip
def test_a_folder_of_frames_is_the_video_that_it_is_named_after(layout, folder, video):
    (row,) = read(layout, stills(folder))
    (expected,) = read(layout, [video])
    assert values(row) == values(expected) and not row.problem and not expected.problem
    assert row.entry.path == folder and row.entry.is_frames


@pytest.mark.parametrize("key", ["abc.mp4", "abc", "frames/abc.mp4"])
def test_frames_of_dfdc_have_the_label_of_their_video(key):
    metadata = {key: {"label": "FAKE", "original": "def.mp4"}, "def.mp4": {"label": "REAL"}}
    paths = stills("part_1/frames/abc", "part_1/frames/def", "part_1/frames/new")
    rows = by_path(read("dfdc", paths, {"part_1/metadata.json": json.dumps(metadata)}))
    assert (rows["part_1/frames/abc"].label, rows["part_1/frames/abc"].original) == (FAKE, "def")
    assert rows["part_1/frames/def"].label == REAL
    assert rows["part_1/frames/new/000.png"].problem == "still image, not a video" and len(rows) == 5


def test_frames_of_a_video_of_the_dfdc_preview():
    files = {
        "dataset.json": json.dumps({"original_videos/12/12_A_001.mp4": {"label": "real", "set": "train"}})
    }
    (row,) = read("dfdc", stills("original_videos/12/frames/12_A_001"), files)
    assert (row.label, row.target, row.split, row.problem) == (REAL, "12", "train", "")


def test_celebdf_test_lists_apply_to_frames():
    files = {"List_of_testing_videos.txt": "1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n"}
    paths = stills("Celeb-real/frames/id0_0000", "Celeb-real/frames/id0_0001")
    splits = {row.entry.path: (row.split, row.problem) for row in read("celebdf", paths, files)}
    assert splits == {
        "Celeb-real/frames/id0_0000": ("test", ""),
        "Celeb-real/frames/id0_0001": ("train", ""),
        "Celeb-synthesis/id0_id1_0000.mp4": ("test", "labelled, but the file is missing"),
    }


def test_masks_are_one_row_a_folder_and_other_stills_one_each():
    paths = [*stills(f"{TREE}/masks/000_003"), *stills(f"{TREE}/frames/any"), f"{TREE}/videos/000_003.png"]
    paths += [f"{TREE}/landmarks/000_003/000.npy", "top.png"]
    still = "still image, not a video"
    assert summarise(read("faceforensics", paths)) == [
        *((path, None, still) for path in stills(f"{TREE}/frames/any")),
        (f"{TREE}/masks/000_003", None, "mask of a manipulation, not a video"),
        (f"{TREE}/videos/000_003.png", None, still), ("top.png", None, still),
    ]  # fmt: skip


def test_stills_beside_videos_are_no_frames():
    rows = by_path(read("faceforensics", ["x/original/000/a.mp4", "x/original/000/a.png"]))
    assert rows["x/original/000/a.png"].problem == "still image, not a video"


def test_frames_of_a_video_that_is_there_are_left_out():
    paths = [f"{TREE}/videos/000_003.mp4", *stills(f"{TREE}/frames/000_003", f"{TREE}/images/003_000")]
    paths += stills(f"{TREE}/frames/003_000", f"{TREE}/frames/004_005")
    problems = {row.entry.path.removeprefix(f"{TREE}/"): row.problem for row in read("faceforensics", paths)}
    there = "the frames of a video that is there as"
    assert problems == {
        "videos/000_003.mp4": "", "frames/000_003": f"{there} {TREE}/videos/000_003.mp4 too",
        "frames/003_000": "", "images/003_000": f"{there} {TREE}/frames/003_000 too", "frames/004_005": "",
    }  # fmt: skip
