"""AV-Deepfake1M and ++: places, labels by modify_type, segments of the picture, groups of YouTube videos."""

import json

import pytest
from made.layout_rows import by_path, read, values

from deepfake.errors import UserError
from deepfake.layouts.avdeepfake1m import place_of
from deepfake.layouts.entries import FAKE, REAL

CLIP = "id00012/21Uxsk56VDQ/00001"
PLUS = "vox_celeb_2/id01358/_1nATum8x78/00030"


def record(file: str, modify_type: str, **more) -> dict:
    known = {"file": file, "modify_type": modify_type, "split": "train", "original": f"{CLIP}/real.mp4"}
    return known | {"visual_fake_segments": [], "audio_fake_segments": []} | more


def read_one(path: str, *records: dict, name: str = "train_metadata.json"):
    (row,) = read("avdeepfake1m", [path], {name: json.dumps(records)})
    return row


def test_labels_and_segments_are_those_of_the_picture():
    both, sound = "fake_video_fake_audio", "real_video_fake_audio"
    records = [
        record(f"{CLIP}/real.mp4", "real", original="VoxCeleb2/dev/mp4/id00012/21Uxsk56VDQ/00001.mp4"),
        record(f"{CLIP}/{both}.mp4", "both_modified", visual_fake_segments=[[1, 1.5]]),
        record(f"{CLIP}/{sound}.mp4", "audio_modified", visual_fake_segments=[[1, 1.5]]),  # a known mistake
    ]
    paths = [f"AV/train/{entry['file']}" for entry in records]
    rows = by_path(read("avdeepfake1m", paths, {"AV/train_metadata.json": json.dumps(records)}))
    real, fake, audio = (rows[path] for path in paths)
    group, name = "id00012_21Uxsk56VDQ", "id00012_21Uxsk56VDQ_00001"
    assert values(real) == (f"{name}_real", REAL, "", "id00012", "", f"{name}_real", group)
    assert values(fake) == (f"{name}_{both}", FAKE, "AV-Deepfake1M", "id00012", "", f"{name}_real", group)
    assert values(audio) == (f"{name}_{sound}", REAL, "", "id00012", "", f"{name}_{sound}", group)
    assert (real.segments, fake.segments, audio.segments) == ((), ((1.0, 1.5),), ())
    assert fake.attributes == {"audio": "fake", "partial": "yes"} and audio.attributes == {"audio": "fake"}
    assert {row.split for row in rows.values()} == {"train"}


@pytest.mark.parametrize(
    ("path", "key", "group", "person"),
    [
        (f"{PLUS}/fake_video_fake_audio_p1", "id01358__1nATum8x78_00030_fake_video_fake_audio_p1",
         "id01358__1nATum8x78", "id01358"),
        ("a/train/lrs3/ukgnU2aXM2c/00004/00004_p4", "ukgnU2aXM2c_00004_00004_p4", "ukgnU2aXM2c", ""),
        ("silent_videos/subject_12_3fe8_vid_0_1/real", "subject_12_subject_12_3fe8_vid_0_1_real",
         "subject_12", "subject_12"),
    ],
)  # fmt: skip
def test_places_of_the_plus_plus_release(path, key, group, person):
    place = place_of(path)
    assert (place.key, place.group, place.person) == (key, group, person)


@pytest.mark.parametrize("path", ["id00012/21Uxsk56VDQ/00001", "men/id00076/00109", "lrs3/x/00004/a", "real"])
def test_other_paths_have_no_place(path):
    assert place_of(path) is None


def test_a_record_may_be_in_a_file_of_its_own():
    fake = record(f"{PLUS}/x.mp4", "visual_modified", visual_fake_segments=[[0, 1]], video_model="diff2lip")
    for name in (f"val/{PLUS}/x.json", f"val_metadata/{PLUS}/x.json"):
        (row,) = read("avdeepfake1m", [f"val/{PLUS}/x.mp4"], {name: json.dumps(fake)})
        assert (row.label, row.method, row.segments) == (FAKE, "diff2lip", ((0.0, 1.0),))
    files = {"train_metadata.json": "too large", f"val/{PLUS}/x.json": json.dumps(fake)}
    (row,) = read("avdeepfake1m", [f"val/{PLUS}/x.mp4"], files)
    assert row.label == FAKE
    with pytest.raises(UserError, match=r"train_metadata\.json"):
        read("avdeepfake1m", [f"val/{PLUS}/x.mp4"], {"train_metadata.json": "too large"})


@pytest.mark.parametrize(
    ("name", "records", "label", "problem"),
    [
        ("real", [], REAL, ""),
        ("real_video_fake_audio", [], REAL, ""),
        ("fake_video_fake_audio", [], None, "no label: train_metadata.json and val_metadata.json don't"),
        ("00004_p4", [], None, "no label"),
        ("real", [("both_modified", [[1, 2]])], None, "two labels: its name says real, its modify_type both"),
        ("real_video_fake_audio", [("both-modified", [[1, 2]])], None, "two labels"),
        ("00004_p4", [("real", []), ("both_modified", [[1, 2]])], None, "two labels in the metadata"),
        ("00004_p4", [("other", [])], None, "no label: its modify_type is 'other'"),
        ("00004_p4", [("both_modified", [])], None, "fake, but without visual_fake_segments"),
        ("00004_p4", [("both_modified", "x")], None, "its visual_fake_segments: not a list"),
        ("00004_p4", [("both-modified", [[1, 2]])], FAKE, ""),
    ],
)
def test_what_is_missing_or_contradicts(name, records, label, problem):
    records = [record(f"{CLIP}/{name}.mp4", kind, visual_fake_segments=found) for kind, found in records]
    row = read_one(f"train/{CLIP}/{name}.mp4", *records)
    assert row.label == label and row.problem.startswith(problem) and bool(row.problem) == bool(problem)


def test_a_fake_is_in_the_group_of_an_original_in_another_folder():
    other = "id00012/99Uxsk56VDQ/00003"
    fake = record(
        f"{CLIP}/x.mp4", "both_modified", visual_fake_segments=[[1, 2]], original=f"{other}/real.mp4"
    )
    rows = read(
        "avdeepfake1m", [f"train/{CLIP}/x.mp4", f"train/{other}/real.mp4"],
        {"train_metadata.json": json.dumps([fake, record(f"{other}/real.mp4", "real")])},
    )  # fmt: skip
    assert len({row.group for row in rows}) == 1 and rows[0].original == rows[1].name
