"""Every corpus as it really arrives: odd names, whole tables in full size, and what always holds."""

import json
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.groups import components
from deepfake.layouts import LAYOUTS
from deepfake.layouts.entries import FAKE, REAL, Entry

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA") or ROOT.parent / "shared" / "data")


def read(layout, paths, files=None, archive=""):
    """The rows of a corpus with these paths; `files` are small files and their text."""
    files = {Entry(archive, path): content for path, content in (files or {}).items()}
    entries = [*files, *(Entry(archive, path) for path in paths)]
    return LAYOUTS[layout](entries, lambda entry: files[entry].encode())


def one(layout, path, archive=""):
    (row,) = read(layout, [path], archive=archive)
    return row


def said(row):
    return row.name, row.label, row.method, row.target, row.source, row.original, row.group


def by_path(rows):
    return {row.entry.path: row for row in rows}


# FaceForensics++

C23 = "original_sequences/youtube/c23/videos/000.mp4"
MIRROR = "FaceForensics++_C23"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (C23, ("youtube_c23_000", REAL, "", "000", "", "youtube_c23_000", "000")),
        (
            "ff/data/original_sequences/youtube/raw/videos/004.MP4",
            ("youtube_raw_004", REAL, "", "004", "", "youtube_raw_004", "004"),
        ),
        (
            "manipulated_sequences/NeuralTextures/c40/videos/004_982.mp4",
            ("NeuralTextures_c40_004_982", FAKE, "NeuralTextures", "004", "982", "youtube_c40_004", "004"),
        ),
        (
            "manipulated_sequences/NewMethod/c99/videos/003_000.mp4",
            ("NewMethod_c99_003_000", FAKE, "NewMethod", "003", "000", "youtube_c99_003", "000"),
        ),
        (f"{MIRROR}/original/000.mp4", ("youtube_c23_000", REAL, "", "000", "", "youtube_c23_000", "000")),
        (
            f"{MIRROR}/Deepfakes/003_000.mp4",
            ("Deepfakes_c23_003_000", FAKE, "Deepfakes", "003", "000", "youtube_c23_003", "000"),
        ),
        (
            "Deepfakes/003_000.mp4",
            ("Deepfakes_003_000", FAKE, "Deepfakes", "003", "000", "youtube_003", "000"),
        ),
        (
            "original_sequences/actors/c23/videos/01__walk_down_hall_angry.mp4",
            (
                "actors_c23_01__walk_down_hall_angry", REAL, "", "01", "",
                "actors_c23_01__walk_down_hall_angry", "01__walk_down_hall_angry",
            ),
        ),
        (
            f"{MIRROR}/DeepFakeDetection/01_02__exit_phone_room__YVGY8LOK.mp4",
            (
                "DeepFakeDetection_c23_01_02__exit_phone_room__YVGY8LOK", FAKE, "DeepFakeDetection",
                "01", "02", "actors_c23_01__exit_phone_room", "01__exit_phone_room",
            ),
        ),
    ],
)  # fmt: skip
def test_faceforensics_names(path, expected):
    row = one("faceforensics", path)
    assert said(row) == expected
    assert not row.problem


def test_faceforensics_takes_the_compression_from_the_archive():
    row = one("faceforensics", "Face2Face/750_743.mp4", archive="sets/faceforensics-c40.zip")
    assert row.name == "Face2Face_c40_750_743"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("manipulated_sequences/Deepfakes/masks/videos/000_003.mp4", "mask, not a video"),
        ("original_sequences/youtube/c23/videos/000_003.mp4", "name does not fit <id>"),
        ("manipulated_sequences/Deepfakes/c23/videos/000.mp4", "name does not fit <target>_<source>"),
        ("manipulated_sequences/Deepfakes/c23/videos/0000_003.mp4", "name does not fit <target>_<source>"),
        ("manipulated_sequences/Deepfakes/c23/videos/٠٠٠_003.mp4", "name does not fit <target>_<source>"),
        ("original_sequences/elsewhere/c23/videos/000.mp4", "name does not fit original_sequences/youtube"),
        ("original_sequences/actors/c23/videos/01_02__exit__YVGY8LOK.mp4", "two labels"),
        ("original_sequences/actors/c23/videos/000.mp4", "name does not fit <target>__<scene>"),
        ("downloaded_videos/abc.mp4", "name does not fit original_sequences/"),
        ("original_sequences/youtube/c23/images/000/0001.png", "still image"),
        ("__MACOSX/original_sequences/youtube/c23/videos/000.mp4", "macOS resource fork"),
        ("original_sequences/youtube/c23/videos/._000.mp4", "macOS resource fork"),
    ],
)
def test_faceforensics_refuses(path, problem):
    row = one("faceforensics", path)
    assert row.problem.startswith(problem)
    assert row.label is None and not row.group


def fakes(*names, method="Deepfakes"):
    return [f"manipulated_sequences/{method}/c23/videos/{name}.mp4" for name in names]


def reals(*names):
    return [f"original_sequences/youtube/c23/videos/{name}.mp4" for name in names]


def test_faceforensics_groups_ids_that_fakes_join_over_methods():
    rows = read(
        "faceforensics", reals("000", "003", "009") + fakes("003_000") + fakes("009_003", method="FaceSwap")
    )
    assert {row.group for row in rows} == {"000"}


def test_faceforensics_joins_clips_of_one_youtube_video_only_where_both_are_there():
    paths = reals("605", "606") + fakes("982_100", "983_200", "837_300")
    groups = {row.entry.stem: row.group for row in read("faceforensics", paths)}
    assert groups == {"605": "605", "606": "605", "982_100": "100", "983_200": "100", "837_300": "300"}


def test_faceforensics_split_files_give_both_ids_and_both_directions():
    files = {
        "splits/train.json": '[["071", "054"]]',
        "splits/val.json": "[]",
        "splits/test.json": '[["001","870"]]',
    }
    paths = reals("071", "054", "870", "500") + fakes("071_054", "054_071", "001_870", "071_870", "071_500")
    splits = {row.entry.stem: row.split for row in read("faceforensics", paths, files)}
    assert splits == {
        "071": "train", "054": "train", "870": "test", "500": "", "071_054": "train", "054_071": "train",
        "001_870": "test", "071_870": "", "071_500": "",
    }  # fmt: skip


@pytest.mark.parametrize(
    "content", ["{", "{}", "[1]", '[["071"]]', "[[71, 54]]", '["071", "054"]', "[" * 100_000]
)
def test_faceforensics_names_a_broken_split_file(content):
    with pytest.raises(ValueError, match=r"ff\.zip: splits/val\.json"):
        read("faceforensics", [C23], {"splits/val.json": content}, archive="ff.zip")


def test_faceforensics_names_an_id_of_two_splits():
    files = {"train.json": '[["071", "054"]]', "val.json": '[["054", "000"]]'}
    with pytest.raises(ValueError, match=r"val\.json: id 054 stands in train\.json"):
        read("faceforensics", [C23], files)


def test_faceforensics_ignores_tables_and_text():
    assert read("faceforensics", [f"{MIRROR}/csv/FF++_Metadata.csv", "README.md", ".DS_Store"]) == []


def test_faceforensics_full_size():
    ids = [f"{n:03d}" for n in range(1000)]
    names = [name for a, b in zip(ids[::2], ids[1::2], strict=True) for name in (f"{a}_{b}", f"{b}_{a}")]
    paths = reals(*ids)
    for method in ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"):
        paths += fakes(*names, method=method)
    start = time.perf_counter()
    rows = read("faceforensics", paths)
    assert time.perf_counter() - start < 2
    assert len(rows) == 5000 and not any(row.problem for row in rows)
    assert len({row.name for row in rows}) == 5000
    # Of the seven pairs from one YouTube video, 982/983 and 954/955 are swapped here anyway.
    assert len({row.group for row in rows}) == 500 - 5


def test_faceforensics_real_miniature():
    root = DATA / "ffpp"
    if not root.is_dir():
        pytest.skip(f"no miniature of FaceForensics++ at {root}; set DEEPFAKE_TEST_DATA")
    rows = read("faceforensics", [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file()])
    assert {row.name: (row.label, row.group) for row in rows if not row.problem} == {
        "youtube_c23_004": (REAL, "004"),
        "youtube_c23_519": (REAL, "515"),
        "youtube_c23_634": (REAL, "634"),
        "Deepfakes_c23_519_515": (FAKE, "515"),
        "Face2Face_c23_750_743": (FAKE, "743"),
        "FaceSwap_c23_634_660": (FAKE, "634"),
        "NeuralTextures_c23_004_982": (FAKE, "004"),
    }
    assert not any(row.problem for row in rows)


# DFD

KAGGLE_REAL, KAGGLE_FAKE = "DFD_original sequences", "DFD_manipulated_sequences/DFD_manipulated_sequences"


@pytest.mark.parametrize(
    ("path", "archive", "expected"),
    [
        (
            f"{KAGGLE_REAL}/01__exit_phone_room.mp4", "dfd.zip",
            ("01__exit_phone_room", REAL, "", "01", "", "01__exit_phone_room", "01__exit_phone_room"),
        ),
        (
            f"{KAGGLE_FAKE}/28_16__walking_down_street_outside_angry__6DWLCU6T.mp4", "",
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
    row = one("dfd", path, archive)
    assert said(row) == expected
    assert not row.problem


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (f"{KAGGLE_FAKE}/01__exit.mp4", "two labels: its folder says fake, its name real"),
        (f"{KAGGLE_REAL}/01_02__exit__YVGY8LOK.mp4", "two labels: its folder says real, its name fake"),
        (f"{KAGGLE_FAKE}/01_02__exit.mp4", "name does not fit <target>__<scene>"),
        (f"{KAGGLE_FAKE}/01_02__exit__YVGY8LO.mp4", "name does not fit <target>__<scene>"),
        (f"{KAGGLE_REAL}/01__exit__YVGY8LOK.mp4", "name does not fit <target>__<scene>"),
        (f"{KAGGLE_REAL}/01__.mp4", "name does not fit <target>__<scene>"),
        ("somewhere/01__exit.mp4", "name does not fit DFD_original sequences/"),
        (
            "manipulated_sequences/DeepFakeDetection/masks/videos/01_02__exit__YVGY8LOK.mp4",
            "mask, not a video",
        ),
        ("manipulated_sequences/Deepfakes/c23/videos/000_003.mp4", "Deepfakes is no part of DFD"),
        ("original_sequences/youtube/c23/videos/000.mp4", "youtube is no part of DFD"),
        (f"__MACOSX/{KAGGLE_REAL}/._01__exit.mp4", "macOS resource fork"),
    ],
)
def test_dfd_refuses(path, problem):
    row = one("dfd", path)
    assert row.problem.startswith(problem) and row.label is None


def test_dfd_full_size():
    rng = random.Random(0)
    scenes = [f"scene_{'ab' * n}_pan" for n in range(1, 17)]
    originals = [(f"{actor:02d}", scene) for actor in range(1, 29) for scene in scenes][:363]
    swaps = [(*originals[n % 363], f"{n // 363 + 50:02d}", f"{rng.getrandbits(32):08X}") for n in range(3068)]
    paths = [f"{KAGGLE_REAL}/{target}__{scene}.mp4" for target, scene in originals]
    paths += [
        f"{KAGGLE_FAKE}/{target}_{source}__{scene}__{mark}.mp4" for target, scene, source, mark in swaps
    ]
    start = time.perf_counter()
    rows = read("dfd", paths)
    assert time.perf_counter() - start < 2
    assert Counter(row.label for row in rows) == {REAL: 363, FAKE: 3068}
    assert not any(row.problem for row in rows)
    assert {row.original for row in rows if row.label} <= {row.name for row in rows if not row.label}
    assert len({row.group for row in rows}) == 363


# Celeb-DF

CELEB = "List_of_testing_videos.txt"


@pytest.mark.parametrize(
    ("path", "archive", "expected"),
    [
        (
            "Celeb-DF-v2/Celeb-real/id0_0000.mp4", "",
            ("Celeb-real_id0_0000", REAL, "", "id0", "", "Celeb-real_id0_0000", "Celeb-real_id0_0000"),
        ),
        (
            "Celeb-synthesis/videos/id0_id1_0000.mp4", "",
            (
                "Celeb-synthesis_id0_id1_0000", FAKE, "Celeb-synthesis", "id0", "id1",
                "Celeb-real_id0_0000", "Celeb-real_id0_0000",
            ),
        ),
        (
            "Youtube-real/00170.mp4", "",
            ("YouTube-real_00170", REAL, "", "", "", "YouTube-real_00170", "YouTube-real_00170"),
        ),
        (
            "id9_0001.mp4", "Celeb-real.zip",
            ("Celeb-real_id9_0001", REAL, "", "id9", "", "Celeb-real_id9_0001", "Celeb-real_id9_0001"),
        ),
    ],
)  # fmt: skip
def test_celebdf_names(path, archive, expected):
    row = one("celebdf", path, archive)
    assert said(row) == expected
    assert (row.split, row.problem) == ("", "")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("Celeb-real/id0_id1_0000.mp4", "name does not fit Celeb-real/<target>_<number>"),
        ("Celeb-synthesis/id0_0000.mp4", "name does not fit Celeb-synthesis/<target>_<source>_<number>"),
        ("YouTube-real/id0_0000.mp4", "name does not fit YouTube-real/<number>"),
        ("id0_0000.mp4", "name does not fit Celeb-real, YouTube-real"),
        ("Celeb-real/._id0_0000.mp4", "macOS resource fork"),
    ],
)
def test_celebdf_refuses(path, problem):
    row = one("celebdf", path)
    assert row.problem.startswith(problem) and row.label is None


def test_celebdf_test_list_says_1_for_real():
    lines = "1 YouTube-real/00170.mp4\r\n1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n\n"
    lines += (
        "1 Celeb-synthesis/id2_id3_0000.mp4\n1 Celeb-real/id7_0000.mp4\n0 Celeb-real/id8_0000.mp4\n1 x/y.mp4"
    )
    paths = [
        "v2/YouTube-real/00170.mp4", "v2/Celeb-real/id0_0000.mp4", "v2/Celeb-real/id0_0001.mp4",
        "v2/Celeb-synthesis/id0_id1_0000.mp4", "v2/Celeb-synthesis/id2_id3_0000.mp4",
    ]  # fmt: skip
    rows = by_path(read("celebdf", paths, {f"v2/{CELEB}": lines}))
    assert {path: (row.label, row.split, row.problem) for path, row in rows.items()} == {
        "v2/YouTube-real/00170.mp4": (REAL, "test", ""),
        "v2/Celeb-real/id0_0000.mp4": (REAL, "test", ""),
        "v2/Celeb-real/id0_0001.mp4": (REAL, "", ""),
        "v2/Celeb-synthesis/id0_id1_0000.mp4": (FAKE, "test", ""),
        "v2/Celeb-synthesis/id2_id3_0000.mp4": (
            None, "test", "two labels: its folder says fake, the test list real",
        ),
        "v2/Celeb-real/id7_0000.mp4": (REAL, "test", "labelled, but the file is missing"),
        "v2/Celeb-real/id8_0000.mp4": (None, "test", "labelled, but the file is missing"),
        "v2/x/y.mp4": (None, "test", "labelled, but the file is missing"),
    }  # fmt: skip


def test_celebdf_finds_two_labels_in_the_list():
    files = {CELEB: "1 Celeb-real/id0_0000.mp4\n0 Celeb-real/id0_0000.mp4\n"}
    (row,) = read("celebdf", ["Celeb-real/id0_0000.mp4"], files)
    assert (row.label, row.problem) == (None, "two labels in the test list")


@pytest.mark.parametrize(
    "line", ["2 Celeb-real/id0_0000.mp4", "Celeb-real/id0_0000.mp4", "1", "REAL Celeb-real/x.mp4"]
)
def test_celebdf_names_a_broken_line(line):
    with pytest.raises(ValueError, match=rf"c\.zip: v1/{CELEB}, line 2: expected"):
        read("celebdf", [], {f"v1/{CELEB}": f"1 Celeb-real/id0_0000.mp4\n{line}\n"}, archive="c.zip")


# DFDC


def dfdc(paths, metadata, folder="train", archive=""):
    content = metadata if isinstance(metadata, str) else json.dumps(metadata)
    place = f"{folder}/metadata.json" if folder else "metadata.json"
    return by_path(read("dfdc", paths, {place: content}, archive))


def fake(original="vudstovrck.mp4", **more):
    return {"label": "FAKE", "split": "train", "original": original, **more}


REAL_RECORD = {"label": "REAL", "split": "train", "original": None}


def test_dfdc_metadata_with_keys_that_end_in_mp4():
    rows = dfdc(["train/aagfhgtpmv.mp4", "train/vudstovrck.mp4"], {
        "aagfhgtpmv.mp4": fake(), "vudstovrck.mp4": {"label": "REAL", "split": "train"},
    })  # fmt: skip
    assert said(rows["train/aagfhgtpmv.mp4"]) == ("aagfhgtpmv", FAKE, "", "", "", *["vudstovrck"] * 2)
    assert said(rows["train/vudstovrck.mp4"]) == ("vudstovrck", REAL, "", "", "", *["vudstovrck"] * 2)
    assert {(row.split, row.problem) for row in rows.values()} == {("train", "")}


@pytest.mark.parametrize("key", ["a.b.mp4", "a.b", "a.b.MP4"])
@pytest.mark.parametrize("file", ["a.b.mp4", "a.b.MP4"])
def test_dfdc_matches_names_with_and_without_ending(key, file):
    rows = dfdc([f"train/{file}"], {key: fake("x.y.mp4")})
    assert [(row.name, row.label, row.original, row.problem) for row in rows.values()] == [
        ("a.b", FAKE, "x.y", "")
    ]


def test_dfdc_matches_letters_that_macos_has_decomposed():
    rows = dfdc(["train/u\u0308 1.mp4"], {"\u00fc 1.mp4": REAL_RECORD})
    assert [(row.name, row.label) for row in rows.values()] == [("\u00fc 1", REAL)]


def test_dfdc_parts_in_many_archives_and_metadata_at_their_top():
    files = {
        Entry("0.zip", "dfdc_train_part_0/metadata.json"): json.dumps({"a.mp4": fake("c.mp4")}),
        Entry("1.zip", "metadata.json"): json.dumps({"b.mp4": fake(None), "c.mp4": REAL_RECORD}),
    }
    media = [Entry("0.zip", "dfdc_train_part_0/a.mp4"), Entry("1.zip", "b.mp4"), Entry("1.zip", "c.mp4")]
    rows = LAYOUTS["dfdc"]([*files, *media], lambda entry: files[entry].encode())
    assert [(row.entry, row.label, row.group) for row in rows] == [
        (media[0], FAKE, "c"), (media[1], FAKE, "part:1"), (media[2], REAL, "c"),
    ]  # fmt: skip
    assert not any(row.problem for row in rows)


def test_dfdc_metadata_above_the_videos():
    rows = dfdc(["part/a.mp4"], {"a.mp4": fake(None)}, folder="")
    assert [(row.label, row.group) for row in rows.values()] == [(FAKE, "part:part")]


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"split": "train"}, "metadata.json gives it no label"),
        ({"label": 1}, "label is 1, neither REAL nor FAKE"),
        ({"label": None}, "label is None, neither REAL nor FAKE"),
        ({"label": "MAYBE"}, "label is 'MAYBE', neither REAL nor FAKE"),
        ({"is_fake": 2}, "is_fake is 2, neither 0 nor 1"),
        ({"is_fake": True}, "is_fake is True, neither 0 nor 1"),
        ("FAKE", "metadata.json gives no object for it"),
        (["FAKE"], "metadata.json gives no object for it"),
        ({"label": "FAKE", "original": 5}, "original is 5, not the name of a video"),
    ],
)
def test_dfdc_names_a_bad_record(record, problem):
    (row,) = dfdc(["train/a.mp4"], {"a.mp4": record}).values()
    assert (row.label, row.problem) == (None, problem)


@pytest.mark.parametrize("record", [{"label": "fake"}, {"label": " Fake "}, {"is_fake": 1}])
def test_dfdc_takes_labels_in_any_case(record):
    (row,) = dfdc(["train/a.mp4"], {"a.mp4": record}).values()
    assert (row.label, row.problem) == (FAKE, "")


@pytest.mark.parametrize("content", ["", "{", "[]", '[{"a.mp4": {}}]', "3", "[" * 100_000])
def test_dfdc_names_broken_metadata(content):
    with pytest.raises(ValueError, match=r"dfdc\.zip: train/metadata\.json: expected a JSON object"):
        dfdc(["train/a.mp4"], content, archive="dfdc.zip")


def test_dfdc_names_metadata_that_is_no_text():
    with pytest.raises(ValueError, match=r"z\.zip: metadata\.json is not UTF-8"):
        LAYOUTS["dfdc"]([Entry("z.zip", "metadata.json")], lambda entry: b"\xff\xfe{")


@pytest.mark.parametrize(
    ("content", "label", "problem"),
    [
        ('{"a.mp4": {"label": "REAL"}, "a.mp4": {"label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL"}, "a": {"label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL", "label": "FAKE"}}', None, "two labels"),
        ('{"a.mp4": {"label": "REAL"}, "a.mp4": {"label": "REAL"}}', REAL, ""),
        (
            '{"a.mp4": {"label": "FAKE", "original": "b.mp4"}, "a": {"label": "FAKE", "original": "c.mp4"}}',
            None,
            "two originals: b, c",
        ),
    ],
)
def test_dfdc_equal_keys(content, label, problem):
    (row,) = dfdc(["train/a.mp4"], content).values()
    assert (row.label, row.problem) == (label, problem)


def test_dfdc_label_files_that_disagree():
    files = {"metadata.json": '{"a.mp4": {"label": "REAL"}}', "t/labels.csv": "filename,label\na.mp4,1\n"}
    (row,) = read("dfdc", ["t/a.mp4"], files)
    assert row.problem == "two labels"


def test_dfdc_missing_files_and_missing_labels():
    metadata = {"gone.mp4": fake(), "notes.txt": REAL_RECORD, "twice.mp4": REAL_RECORD}
    paths = ["train/new.mp4", "train/notes.txt", "test_videos/t.mp4", "train/face.jpg", "train/._twice.mp4"]
    rows = dfdc(paths, metadata)
    assert {path: row.problem for path, row in rows.items()} == {
        "train/gone.mp4": "labelled, but the file is missing",
        "train/twice.mp4": "labelled, but the file is missing",
        "train/notes.txt": "labelled, but not a video",
        "train/new.mp4": "no label",
        "test_videos/t.mp4": "no label",
        "train/face.jpg": "still image, not a video",
        "train/._twice.mp4": "macOS resource fork, not a video",
    }
    assert (rows["train/gone.mp4"].label, rows["train/gone.mp4"].group) == (FAKE, "vudstovrck")


def test_dfdc_doubts_a_fake_made_from_a_fake():
    rows = dfdc(["train/a.mp4", "train/b.mp4"], {"a.mp4": fake("b.mp4"), "b.mp4": fake("c.mp4")})
    assert rows["train/a.mp4"].problem == "its original b is labelled FAKE"
    assert not rows["train/b.mp4"].problem


def test_dfdc_official_test_labels():
    labels = "\ufefffilename,label\r\na.mp4,1\r\nb.mp4,0\r\nc.mp4,fake\r\nd.mp4\r\n\r\ne.mp4,1\r\n"
    paths = ["test/videos/a.mp4", "test/videos/b.mp4", "test/videos/c.mp4", "test/videos/d.mp4"]
    rows = by_path(
        read("dfdc", paths, {"test/labels.csv": labels, "sample_submission.csv": "filename,label\n"})
    )
    assert {path: (row.label, row.split, row.problem) for path, row in rows.items()} == {
        "test/videos/a.mp4": (FAKE, "test", ""),
        "test/videos/b.mp4": (REAL, "test", ""),
        "test/videos/c.mp4": (None, "test", "label is 'fake', neither 0 nor 1"),
        "test/videos/d.mp4": (None, "test", "label is '', neither 0 nor 1"),
        "test/e.mp4": (FAKE, "test", "labelled, but the file is missing"),
    }


@pytest.mark.parametrize("content", ["", "a.mp4,1\n", "name,label\na.mp4,1\n", "x" * 200_000])
def test_dfdc_names_a_broken_label_table(content):
    with pytest.raises(ValueError, match=r"test/labels\.csv: expected the columns filename,label"):
        read("dfdc", [], {"test/labels.csv": content})


def test_dfdc_preview():
    real, fake_a = (
        "original_videos/1795659/1795659_B_001.mp4",
        "method_A/1795659/1795659_B/2059066_1795659_B_001.mp4",
    )
    fake_b, odd = fake_a.replace("_A", "_B", 1), "method_A/1795659/1795659_B/99.mp4"
    wrong = "original_videos/1795659/1795659_C_001.mp4"
    records = {
        real: {"label": "real", "set": "train", "augmentations": []},
        fake_a: {"label": "fake", "set": "train", "augmentations": ["fps_15"]},
        fake_b: {"label": "fake", "set": "test"},
        odd: {"label": "fake", "set": "test"},
        wrong: {"label": "fake", "set": "test"},
    }
    top = "dfdc_preview_set"
    files = {f"{top}/dataset.json": json.dumps(records)}
    rows = by_path(read("dfdc", [f"{top}/{path}" for path in records if path != fake_b], files))
    assert said(rows[f"{top}/{real}"]) == (
        "1795659_B_001",
        REAL,
        "",
        "1795659",
        "",
        "1795659_B_001",
        "1795659_B",
    )
    assert said(rows[f"{top}/{fake_a}"]) == (
        "method_A_2059066_1795659_B_001", FAKE, "method_A", "1795659", "2059066",
        "1795659_B_001", "1795659_B",
    )  # fmt: skip
    assert rows[f"{top}/{fake_a}"].split == "train"
    lost = rows[f"{top}/{fake_b}"]
    assert (lost.method, lost.split, lost.problem) == (
        "method_B",
        "test",
        "labelled, but the file is missing",
    )
    assert rows[f"{top}/{odd}"].problem.startswith("name does not fit original_videos/")
    assert rows[f"{top}/{wrong}"].problem == "two labels: its folder says real, dataset.json fake"


def test_dfdc_sample_in_full_size():
    reals = [f"real{n:05d}.mp4" for n in range(77)]
    metadata = {name: REAL_RECORD for name in reals}
    metadata |= {f"fake{n:05d}.mp4": fake(f"real{n % 200:05d}.mp4") for n in range(323)}
    start = time.perf_counter()
    rows = dfdc([f"train_sample_videos/{name}" for name in metadata], metadata, folder="train_sample_videos")
    assert time.perf_counter() - start < 1
    assert Counter(row.label for row in rows.values()) == {REAL: 77, FAKE: 323}
    assert not any(row.problem for row in rows.values())


# Folders of stills


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
    row = one("imagefolder", path)
    assert (row.label, row.split, row.method, row.group, row.problem) == (label, split, method, group, "")
    assert name is None or row.name == name
    assert row.original == (row.name if label == REAL else "")


def test_imagefolder_takes_the_class_from_the_archive():
    row = one("imagefolder", "x/1.png", archive="in/fake.zip")
    assert (row.label, row.group) == (FAKE, "fake.zip:x")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("1.png", "name does not fit {real,fake}/<still>"),
        ("Mask/1.png", "name does not fit {real,fake}/<still>"),
        ("training_real/1.png", "name does not fit {real,fake}/<still>"),
        ("fake/real/1.png", "two labels"),
        ("__MACOSX/real/1.png", "macOS resource fork"),
        ("real/._1.png", "macOS resource fork"),
    ],
)
def test_imagefolder_refuses(path, problem):
    row = one("imagefolder", path)
    assert row.problem.startswith(problem) and row.label is None


# What must always hold

FOLDERS = [
    "original_sequences/youtube/c23/videos", "original_sequences/actors/c23/videos",
    "manipulated_sequences/Deepfakes/c23/videos", "manipulated_sequences/DeepFakeDetection/c23/videos",
    "manipulated_sequences/Deepfakes/masks/videos", f"{MIRROR}/original", f"{MIRROR}/FaceSwap",
    KAGGLE_REAL, KAGGLE_FAKE, "Celeb-real", "YouTube-real", "Celeb-synthesis", "train/real", "val/fake/x/y",
    "dfdc_train_part_0", "method_A/12/12_B", "original_videos/12", "__MACOSX", "",
]  # fmt: skip
STEMS = [
    "000", "003", "605", "606", "000_003", "003_605", "01__exit_phone", "01_02__exit_phone__YVGY8LOK",
    "id0_0000", "id0_id1_0000", "00170", "34_12_B_001", "12_B_001", "v_frame003", "ü ä", "._x", "x.y",
]  # fmt: skip
ENDINGS = [".mp4", ".MP4", ".avi", ".jpg", ".json", ".csv", ""]
ENTRIES = st.lists(
    st.builds(
        lambda archive, folder, stem, ending: Entry(archive, f"{folder}/{stem}{ending}".lstrip("/")),
        st.sampled_from(["", "a.zip"]),
        st.sampled_from(FOLDERS),
        st.sampled_from(STEMS) | st.text("ab_1.é", min_size=1),
        st.sampled_from(ENDINGS),
    ),
    max_size=25,
)
RECORDS = st.fixed_dictionaries(
    {"label": st.sampled_from(["REAL", "FAKE", "FAKE", "x", 1])},
    optional={
        "original": st.sampled_from([None, *(f"{stem}.mp4" for stem in STEMS)]),
        "split": st.just("train"),
    },
)
TABLES = st.dictionaries(
    st.builds(str.__add__, st.sampled_from(STEMS), st.sampled_from([".mp4", ""])), RECORDS, max_size=12
)
LISTS = st.lists(
    st.builds(
        "{} {}/{}.mp4".format, st.integers(0, 1), st.sampled_from(FOLDERS[9:12]), st.sampled_from(STEMS)
    )
)


def corpus(entries, table, lines):
    files = {
        Entry("a.zip", "dfdc_train_part_0/metadata.json"): json.dumps(table),
        Entry("", CELEB): "\n".join(lines),
        Entry("", "train.json"): '[["000", "003"]]',
    }
    return [*files, *entries], lambda entry: files[entry].encode()


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(entries=ENTRIES, table=TABLES, lines=LISTS, seed=st.randoms(use_true_random=False))
def test_every_file_has_one_row_in_any_order(layout, entries, table, lines, seed):
    entries, read_bytes = corpus(entries, table, lines)
    rows = LAYOUTS[layout](entries, read_bytes)
    media = {e for e in entries if e.is_video or e.is_image}
    places = Counter(row.entry for row in rows)
    assert all(places[entry] == 1 for entry in media)
    extra = [row for row in rows if row.entry not in media]
    assert all(row.problem.startswith("labelled, but") for row in extra)
    assert max(places.values(), default=1) == 1
    assert [r.entry for r in rows] == sorted((r.entry for r in rows), key=lambda e: (e.archive, e.path))
    assert all(row.label in (REAL, FAKE) and row.name and row.group for row in rows if not row.problem)

    shuffled = entries + entries[:3]
    seed.shuffle(shuffled)
    assert LAYOUTS[layout](shuffled, read_bytes) == rows


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
@given(entries=ENTRIES, table=TABLES, lines=LISTS)
def test_a_fake_and_its_original_share_a_group(layout, entries, table, lines):
    rows = [row for row in LAYOUTS[layout](*corpus(entries, table, lines)) if not row.problem]
    groups = {}
    for row in rows:
        groups.setdefault(row.name, set()).add(row.group)
    for row in rows:
        if row.label == FAKE and row.original in groups:
            assert groups[row.original] == {row.group}
        if row.label == REAL:
            assert row.original == row.name


@given(
    pairs=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12))), seed=st.randoms(use_true_random=False)
)
def test_components(pairs, seed):
    found = components(pairs)
    assert found.keys() == {item for pair in pairs for item in pair}
    assert all(found[a] == found[b] for a, b in pairs)
    # No more is joined than must be: what a walk along the pairs reaches.
    for item, smallest in found.items():
        reached, grown = {item}, True
        while grown:
            more = {x for pair in pairs for x in pair if reached & set(pair)}
            grown, reached = not more <= reached, reached | more
        assert smallest == min(reached)
    shuffled = [tuple(seed.sample(pair, 2)) for pair in pairs]
    seed.shuffle(shuffled)
    assert components(shuffled) == found
