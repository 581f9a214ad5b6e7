"""DF40's names, in its folders and zips as they are found."""

import json

import pytest
from made.layout_rows import by_path, read, values

from deepfake.layouts.entries import FAKE, REAL

YOUTUBE = "FaceForensics++/original_sequences/youtube/c23/frames"


def one(path, archive=""):
    (row,) = read("df40", [path], archive=archive)
    return row


@pytest.mark.parametrize(
    ("path", "archive", "split"),
    [
        ("DF40/blendface/ff/frames/000_003/000.png", "", "test"),
        ("blendface/ff/frames/000_003/000.png", "blendface.zip", "test"),
        ("x/blendface/blendface/ff/frames/000_003/000.png", "", "test"),
        ("DF40_train/blendface/frames/000_003/000.png", "", "train"),
        ("DF40_train/blendface/ff/frames/000_003/000.png", "", "train"),
        ("frames/000_003/000.png", "DF40_train/blendface.zip", "train"),
    ],
)
def test_frames_of_a_swap_in_any_tree(path, archive, split):
    row = one(path, archive)
    expected = ("blendface_ff_000_003", FAKE, "blendface", "000", "003", "youtube_c23_000", "000")
    assert values(row) == expected and row.entry.is_frames
    assert (row.split, row.family, row.attributes) == (split, "ffpp", {"type": "face swapping"})


@pytest.mark.parametrize(
    ("video", "target", "source", "original"),
    [
        ("id0_id16_0003", "id0", "id16", "Celeb-real_id0_0003"),
        ("id0_0003", "id0", "", "Celeb-real_id0_0003"),
        ("00170", "", "", "YouTube-real_00170"),
        ("00170_12", "", "", "YouTube-real_00170"),
    ],
)
def test_videos_of_celeb_df(video, target, source, original):
    row = one(f"DF40/wav2lip/cdf/frames/{video}/000.png")
    assert (row.target, row.source, row.original, row.group) == (target, source, original, original)
    assert (row.family, row.attributes) == ("celebdf", {"type": "face reenactment"})


@pytest.mark.parametrize(
    ("path", "name", "group", "split", "target"),
    [
        ("DF40/DiT/ff/000/11287.png", "DiT_ff_000_11287", "000", "test", ""),
        ("DF40_train/StyleGAN2/001/seed0188.png", "StyleGAN2_ff_001_seed0188", "001", "train", ""),
        ("SiT/cdf/Fake_from_Youtube-real/00011/4.png", "SiT_cdf_00011_4", "YouTube-real_00011", "test", ""),
        ("sd2.1/cdf/Celeb-real/id3_0001/4.png", "sd2.1_cdf_id3_0001_4", "Celeb-real_id3_0001", "test", ""),
        ("e4e/ff/inversions/012.png", "e4e_ff_012", "012", "test", "012"),
        ("e4e/e4e/ff/012/00001.jpg", "e4e_ff_012_00001", "012", "test", "012"),
    ],
)
def test_generated_and_edited_stills_stay_with_the_video_in_whose_place_they_are(
    path, name, group, split, target
):
    row = one(path)
    assert row.entry.is_image and (row.name, row.label, row.group, row.split) == (name, FAKE, group, split)
    assert (row.target, bool(row.original)) == (target, bool(target))


@pytest.mark.parametrize(
    ("path", "name", "group"),
    [
        ("stargan/{}/{}/000012.jpg", "stargan_{}_000012", "stargan/000012"),
        ("DF40/styleclip/styleclip/{}/7.png", "styleclip_{}_7", "styleclip/7"),
        ("Whichisreal/{}/7.jpg", "whichfaceisreal_{}_7", "whichfaceisreal/7"),
        ("CollabDiff/{}/12/7.png", "CollabDiff_{}_12_7", "CollabDiff/12"),
        ("heygen/heygen_new/{}/frames/12/7.png", "heygen_{}_12", "heygen/12"),
        ("heygen/{}/12/7.png", "heygen_{}_12", "heygen/12"),
        ("deepfacelab/{}/frames/0012/7.png", "deepfacelab_{}_0012", "deepfacelab/0012"),
    ],
)
def test_methods_with_reals_of_their_own(path, name, group):
    sides = [one(path.format(side, side)) for side in ("real", "fake")]
    assert [row.label for row in sides] == [REAL, FAKE]
    assert [row.name for row in sides] == [name.format("real"), name.format("fake")]
    assert {row.group for row in sides} == {group} and {row.family for row in sides} == {""}


def test_a_fake_shares_its_group_with_both_real_videos_and_with_other_methods():
    paths = [f"{YOUTUBE}/{name}/000.png" for name in ("000", "003", "005")]
    paths += [
        "DF40/lia/ff/frames/003_000/0.png",
        "DF40_train/VQGAN/003/0.png",
        "DF40/uniface/ff/frames/005_006/0.png",
    ]
    rows = by_path(read("df40", paths))
    groups = {
        path.removeprefix("FaceForensics++/original_sequences/"): row.group for path, row in rows.items()
    }
    assert groups == {
        "youtube/c23/frames/000": "000", "youtube/c23/frames/003": "000", "youtube/c23/frames/005": "005",
        "DF40/lia/ff/frames/003_000": "000", "DF40_train/VQGAN/003/0.png": "003",
        "DF40/uniface/ff/frames/005_006": "005",
    }  # fmt: skip
    assert {row.family for row in rows.values()} == {"ffpp"}


def test_reals_have_the_splits_of_the_lists_and_are_read_only_beside_fakes():
    reals = [f"{YOUTUBE}/{name}" for name in ("000", "003")]
    videos = {
        path[-3:]: {"label": "lia_Real", "frames": [f"/x/{path}/0.png", f"/x/{path}/1.png"]} for path in reals
    }
    splits = {"train": {"000": videos["000"]}, "test": {"003": videos["003"]}, "val": {"003": videos["003"]}}
    lists = {"dataset_json/lia_ff.json": json.dumps({"lia_ff": {"lia_Real": splits}})}
    paths = [f"{path}/{number}.png" for path in reals for number in range(2)]
    rows = by_path(read("df40", [*paths, "DF40/lia/ff/frames/000_003/0.png"], lists))
    assert [rows[path].split for path in reals] == ["train", "test"]
    assert all("name does not fit" in row.problem for row in read("df40", paths, lists))


@pytest.mark.parametrize(
    "path",
    ["DF40/simswap/ff/frames/none/0.png", "DF40/simswap/0.png", "simswap/xy/000_003/0.png",
     "lia/real/000/0.png",
     "VQGAN/real/0.png", "FaceForensics++/manipulated_sequences/FaceSwap/c23/frames/000_003/0.png",
     "other/ff/frames/000_003/0.png", "stargan/0.png", "StyleGAN2/ff/000/1/2.png"],
)  # fmt: skip
def test_names_that_do_not_fit(path):
    assert "name does not fit" in one(path).problem
