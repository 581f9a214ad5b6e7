"""FaceForensics++: the official tree, the Kaggle mirror, its split files, and its full size."""

import time

import pytest
from made.layout_rows import MIRROR, read, read_entries, read_one, values

from deepfake.layouts.entries import FAKE, REAL, Entry

C23 = "original_sequences/youtube/c23/videos/000.mp4"


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
    row = read_one("faceforensics", path)
    assert values(row) == expected
    assert not row.problem


def test_faceforensics_takes_the_compression_from_the_archive():
    row = read_one("faceforensics", "Face2Face/750_743.mp4", archive="sets/faceforensics-c40.zip")
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
        ("original_sequences/youtube/c23/images/000_003/0001.png", "still image"),
        ("original_sequences/youtube/c23/videos/000.png", "still image"),
        ("original_sequences/youtube/c23/videos/000.rmvb", "the format .rmvb is not read"),
    ],
)
def test_faceforensics_unusable_files(path, problem):
    row = read_one("faceforensics", path)
    assert row.problem.startswith(problem)
    assert row.label is None and not row.group


def fakes(*names, method="Deepfakes"):
    return [f"manipulated_sequences/{method}/c23/videos/{name}.mp4" for name in names]


def reals(*names):
    return [f"original_sequences/youtube/c23/videos/{name}.mp4" for name in names]


def test_faceforensics_groups_ids_that_fakes_of_any_method_link():
    rows = read(
        "faceforensics", reals("000", "003", "009") + fakes("003_000") + fakes("009_003", method="FaceSwap")
    )
    assert {row.group for row in rows} == {"000"}


def test_faceforensics_groups_videos_of_one_youtube_video_only_where_both_are_present():
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


def test_faceforensics_split_files_at_the_top_apply_to_archives():
    files = {Entry("", "train.json"): '[["071", "054"]]'}
    rows = read_entries("faceforensics", [Entry("c23.zip", path) for path in fakes("071_054")], files)
    assert [(row.split, row.problem) for row in rows] == [("train", "")]


@pytest.mark.parametrize(
    "content", ["{", "{}", "[1]", '[["071"]]', "[[71, 54]]", '["071", "054"]', "[" * 100_000]
)
def test_faceforensics_reports_an_invalid_split_file(content):
    with pytest.raises(ValueError, match=r"ff\.zip: splits/val\.json"):
        read("faceforensics", [C23], {"splits/val.json": content}, archive="ff.zip")


def test_faceforensics_reports_an_id_of_two_splits():
    files = {"train.json": '[["071", "054"]]', "val.json": '[["054", "000"]]'}
    with pytest.raises(ValueError, match=r"val\.json: id 054 is in train\.json"):
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


def test_faceforensics_real_miniature(data):
    root = data / "ffpp"
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


@pytest.mark.parametrize("layout", ["faceforensics", "dfd"])
def test_a_fake_of_any_compression_has_the_mask_of_its_method_and_name(layout):
    name = "01_02__exit__YVGY8LOK.mp4"
    fakes = [f"manipulated_sequences/DeepFakeDetection/{folder}/videos/{name}" for folder in ("c23", "c40")]
    mask = f"manipulated_sequences/DeepFakeDetection/masks/videos/{name}"
    other = "manipulated_sequences/Deepfakes/masks/videos/000_003.mp4"
    real = "original_sequences/actors/c23/videos/01__exit.mp4"
    rows = {row.entry.path: row for row in read(layout, [*fakes, mask, other, real])}
    assert [rows[path].mask.path for path in fakes] == [mask] * 2
    assert not any(rows[path].mask for path in (mask, other, real))
