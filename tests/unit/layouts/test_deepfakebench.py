"""Trees of DeepfakeBench, read from its lists."""

import json

import pytest
from made.layout_rows import MISSING, by_path, read, values

from deepfake.errors import UserError
from deepfake.layouts.deepfakebench_videos import label_of
from deepfake.layouts.entries import FAKE, REAL

FF = "FaceForensics++/manipulated_sequences/Deepfakes/c23/frames"
YOUTUBE = "FaceForensics++/original_sequences/youtube/c23/frames"


def stills(*folders, count=2):
    return [f"{folder}/{number:03d}.png" for folder in folders for number in range(count)]


def video(label, folder, count=2):
    return {"label": label, "frames": stills(folder, count=count)}


def listed(corpus, labels):
    """Return a list: by label and split the folders of its videos, which are named after them."""
    found = {
        label: {
            split: {folder.rpartition("/")[2]: video(label, folder) for folder in folders}
            for split, folders in splits.items()
        }
        for label, splits in labels.items()
    }
    return {f"dataset_json/{corpus}.json": json.dumps({corpus: found})}


@pytest.mark.parametrize(
    ("label", "folder", "layout", "path"),
    [
        ("FF-DF", f"{FF}/000_003", "faceforensics", f"{FF.replace('frames', 'videos')}/000_003.mp4"),
        ("FF-real", f"{YOUTUBE}/000", "faceforensics", f"{YOUTUBE.replace('frames', 'videos')}/000.mp4"),
        (
            "DFD_fake", "x/manipulated_sequences/DeepFakeDetection/c40/frames/01_02__exit__YVGY8LOK",
            "faceforensics", "manipulated_sequences/DeepFakeDetection/c40/videos/01_02__exit__YVGY8LOK.mp4",
        ),
        (
            "CelebDFv2_fake", "Celeb-DF-v2/Celeb-synthesis/frames/id0_id1_0000",
            "celebdf", "Celeb-synthesis/id0_id1_0000.mp4",
        ),
        ("CelebDFv2_real", "Celeb-DF-v2/YouTube-real/frames/00170", "celebdf", "YouTube-real/00170.mp4"),
        (
            "DF_fake", "DeeperForensics-1.0/manipulated_videos/end_to_end_level_2/frames/000_M101",
            "deeperforensics", "manipulated_videos/end_to_end_level_2/000_M101.mp4",
        ),
        ("UADFV_Fake", "UADFV/fake/frames/0003_fake", "uadfv", "fake/0003_fake.mp4"),
        ("simswap_Fake", "DF40/simswap/ff/frames/000_003", "df40", "DF40/simswap/ff/frames/000_003/0.png"),
        ("roop_Real", f"{YOUTUBE}/000", "faceforensics", f"{YOUTUBE.replace('frames', 'videos')}/000.mp4"),
    ],
)  # fmt: skip
def test_a_video_has_the_names_of_its_own_corpus(label, folder, layout, path):
    (row,) = read("deepfakebench", stills(folder), listed("x", {label: {"train": [folder]}}))
    (expected,) = read(layout, [path])
    assert values(row) == values(expected) and not row.problem and row.entry.is_frames
    family = {"celebdf": "celebdf", "uadfv": "uadfv"}.get(layout, "ffpp")
    assert (row.family, row.split, row.entry.path) == (family, "train", folder)


def test_videos_of_dfdc_and_its_preview():
    part, test = "DFDC/train/dfdc_train_part_3/frames/abc", "DFDC/test/frames/def"
    real, fake = "DFDCP/original_videos/frames/12_A_001", "DFDCP/method_A/frames/34_12_A_001"
    files = listed("DFDC", {"DFDC_Fake": {"train": [part]}, "DFDC_Real": {"test": [test]}})
    files |= listed("DFDCP", {"DFDCP_Real": {"train": [real]}, "DFDCP_FakeA": {"train": [fake]}})
    rows = by_path(read("deepfakebench", stills(part, test, real, fake), files))
    assert values(rows[part]) == ("abc", FAKE, "", "", "", "", "part:dfdc_train_part_3")
    assert values(rows[test]) == ("def", REAL, "", "", "", "def", "part:test")
    assert values(rows[fake]) == ("method_A_34_12_A_001", FAKE, "method_A", "12", "34", "12_A_001", "12_A")
    assert (rows[real].name, rows[real].target, rows[real].group) == ("12_A_001", "12", "12_A")
    assert {row.family for row in rows.values()} == {"dfdc"}
    files["DFDC/train/dfdc_train_part_3/metadata.json"] = (
        '{"abc.mp4": {"label": "FAKE", "original": "o.mp4"}}'
    )
    known = by_path(read("deepfakebench", stills(part), files))
    assert (known[part].original, known[part].group, known[part].split) == ("o", "o", "train")


def test_a_corpus_that_no_layout_knows_has_its_label_and_method():
    folders = ["mine/real/frames/v1", "mine/fake/frames/v1"]
    labels = {"mine_Real": {"train": folders[:1]}, "mine_FaceSwap_Fake": {"test": folders[1:]}}
    real, fake = sorted(
        read("deepfakebench", stills(*folders), listed("mine", labels)), key=lambda r: r.label
    )
    assert (real.label, real.method, real.split, real.group) == (REAL, "", "train", "mine/real/frames/v1")
    assert (fake.label, fake.method, fake.split, fake.name) == (
        FAKE,
        "FaceSwap",
        "test",
        "mine_FaceSwap_Fake_v1",
    )


@pytest.mark.parametrize(
    "start", ["", "./datasets/rgb/", "T:\\Study\\datasets\\rgb\\", "/home/x/rgb/", "../../datasets/"]
)
@pytest.mark.parametrize("above", ["", "rgb/", "somewhere/else/"])
def test_paths_start_at_any_folder_with_any_slash(start, above):
    frames = [start + path for path in stills(f"{FF}/000_003")]
    if "\\" in start:
        frames = [path.replace("/", "\\") for path in frames]
    record = {"FF-DF": {"test": {"c23": {"000_003": {"label": "FF-DF", "frames": frames}}}}}
    files = {"FF-DF.json": json.dumps({"FF-DF": record})}
    (row,) = read("deepfakebench", [above + path for path in stills(f"{FF}/000_003")], files)
    assert (row.name, row.split, row.problem) == ("Deepfakes_c23_000_003", "test", "")


def test_a_corpus_may_begin_below_the_folder_that_lists_begin_with():
    (row,) = read("deepfakebench", stills("Celeb-real/frames/id0_0000"), listed(
        "Celeb-DF-v2", {"CelebDFv2_real": {"train": ["Celeb-DF-v2/Celeb-real/frames/id0_0000"]}}
    ))  # fmt: skip
    assert not row.problem
    paths = [
        f"FaceForensics++/manipulated_sequences/{method}/c23/frames/000_003"
        for method in ("Deepfakes", "FaceSwap")
    ]
    files = listed("x", {"FF-DF": {"train": paths[:1]}, "FF-FS": {"train": paths[1:]}})
    (row,) = read("deepfakebench", stills("frames/000_003"), files)
    assert row.problem.startswith("several videos of dataset_json fit its path")


def test_a_video_at_another_compression_is_another_video():
    c40 = YOUTUBE.replace("c23", "c40")
    rows = read(
        "deepfakebench", stills(f"{c40}/000"), listed("x", {"FF-real": {"train": [f"{YOUTUBE}/000"]}})
    )
    problems = {row.entry.path: row.problem for row in rows}
    assert problems[f"{YOUTUBE}/000"] == MISSING and "in no dataset_json" in problems[f"{c40}/000"]


def test_several_lists_name_a_video_once():
    files = listed("FaceForensics++", {"FF-real": {"train": [f"{YOUTUBE}/000"]}})
    files |= listed("FF-DF", {"FF-real": {"train": [f"{YOUTUBE}/000"]}, "FF-DF": {"val": [f"{FF}/000_003"]}})
    rows = read("deepfakebench", stills(f"{YOUTUBE}/000", f"{FF}/000_003"), files)
    assert [(row.name, row.group, row.split) for row in rows] == [
        ("Deepfakes_c23_000_003", "000", "val"), ("youtube_c23_000", "000", "train"),
    ]  # fmt: skip


def test_lists_that_disagree_are_problems():
    folder = f"{YOUTUBE}/000"
    files = listed("a", {"FF-DF": {"train": [folder]}})
    assert read("deepfakebench", stills(folder), files)[0].problem == (
        "two labels: its folder or name says real, dataset_json fake"
    )
    files |= listed("b", {"FF-real": {"train": [folder]}})
    assert read("deepfakebench", stills(folder), files)[0].problem == "two labels in dataset_json"
    files = listed("a", {"x": {"train": ["mine/frames/1"]}})
    assert (
        "'x' says neither real nor fake" in read("deepfakebench", stills("mine/frames/1"), files)[0].problem
    )


@pytest.mark.parametrize(
    ("splits", "expected"),
    [
        ({"a": "train", "b": "val", "c": "test"}, {"a": "train", "b": "val", "c": "test"}),
        ({"a": "train", "b": "train val test"}, {"a": "train", "b": "test"}),  # Celeb-DF
        ({"a": "train val test", "b": "train val test"}, {"a": "", "b": ""}),  # UADFV, DFD
        ({"a": "train", "b": "test val"}, {"a": "train", "b": "test"}),  # DFDCP
        ({"a": "train val", "b": "test"}, {"a": "train", "b": "test"}),  # DFDC
        ({"a": "train test", "b": "test"}, {"a": "", "b": "test"}),  # e4e of DF40
    ],
)
def test_a_video_in_several_splits(splits, expected):
    folders = {name: f"x/frames/{name}" for name in splits}
    by_split = {
        split: [folders[n] for n in splits if split in splits[n].split()]
        for split in ("train", "val", "test")
    }
    rows = read("deepfakebench", stills(*folders.values()), listed("x", {"x_Real": by_split}))
    assert {row.entry.name: row.split for row in rows} == expected


def test_the_list_of_dfdc_may_have_a_video_in_place_of_a_split():
    a, b = "DFDC/train/dfdc_train_part_0/frames/a", "DFDC/test/frames/b"
    splits = {"train": {"a": video("DFDC_Real", a)}, "test": {"b": video("DFDC_Real", b)}}
    splits["val"] = {**video("DFDC_Real", b), "a": video("DFDC_Real", a)}
    files = {"dataset_json/DFDC.json": json.dumps({"DFDC": {"DFDC_Real": splits}})}
    rows = by_path(read("deepfakebench", stills(a, b), files))
    assert (rows[a].split, rows[b].split) == ("train", "test")


def test_missing_and_other_frames():
    folder = f"{FF}/000_003"
    record = {"label": "FF-DF", "frames": [f"{folder}/gone.png", f"{folder}/000.png"]}
    empty = {"label": "FF-DF", "frames": []}
    videos = {"000_003": record, "003_000": empty, "004_005": video("FF-DF", f"{FF}/004_005")}
    files = {"dataset_json/x.json": json.dumps({"x": {"FF-DF": {"train": videos}}})}
    rows = read("deepfakebench", [*stills(folder, count=5), "top.png", "x/a.mp4"], files)
    assert {row.entry.path: row.problem for row in rows} == {
        folder: "", f"{FF}/004_005": MISSING,
        "dataset_json/x.json/FF-DF/003_000": "labelled, but without frames",
        "top.png": "no label: in no dataset_json/<corpus>.json",
        "x/a.mp4": "a video: dataset_json lists folders of frames",
    }  # fmt: skip


def test_one_image_among_others_is_a_still():
    paths = [f"DF40/stargan/{side}/{number}.jpg" for side in ("real", "fake") for number in range(2)]
    labels: dict = {"stargan_Real": {"test": {}}, "stargan_Fake": {"test": {}}}
    for path in paths:
        label = "stargan_Real" if "/real/" in path else "stargan_Fake"
        labels[label]["test"][path[-5]] = {"label": label, "frames": [path]}
    files = {"stargan_ff.json": json.dumps({"stargan": labels})}
    rows = by_path(read("deepfakebench", paths, files))
    assert sorted(rows) == sorted(paths) and all(row.entry.is_image for row in rows.values())
    assert values(rows["DF40/stargan/fake/1.jpg"]) == (
        "stargan_fake_1",
        FAKE,
        "stargan",
        "",
        "",
        "",
        "stargan/1",
    )


@pytest.mark.parametrize(
    "text",
    ["[]", "{}", "{", "1", '{"x": 1}', '{"x": {"y": []}}', '{"x": {"y": {"train": {"v": 3}}}}', "[" * 100_000,
     '{"x": {"y": {"train": {"c23": {"v": {}}}}}}'],
)  # fmt: skip
def test_a_list_that_is_none_is_an_error_that_names_it(text):
    with pytest.raises(UserError, match=r"dataset_json/x\.json: .*expected a JSON object such as"):
        read("deepfakebench", stills("a/b"), {"dataset_json/x.json": text})


def test_labels_of_deepfakebench():
    real = ["FF-real", "DFD_real", "CelebDFv1_real", "DFDCP_Real", "DF_real", "UADFV_Real", "sd2.1_Real"]
    fake = ["FF-DF", "FF-SH", "FF-FH", "DFD_fake", "DFDCP_FakeB", "DFDC_Fake", "roop_Fake", "sd2.1_Fake"]
    assert {label_of(label) for label in real} == {REAL} and {label_of(label) for label in fake} == {FAKE}
    assert {label_of(label) for label in ("", "unreal", "fakery", "0")} == {None}
    assert [label_of(label) for label in ("real_or_fake_Real", "real_or_fake_x_Fake")] == [REAL, FAKE]
