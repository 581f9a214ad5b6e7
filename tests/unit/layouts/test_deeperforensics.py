"""DeeperForensics: eleven variants of one swap, split lists, and source videos, which are not reals."""

import pytest
from made.layout_rows import by_path, read, read_entries, read_one, values

from deepfake.layouts.entries import FAKE, REAL, Entry

VARIANTS = [
    "end_to_end", "reenact_postprocess", "end_to_end_random_level",
    *(f"end_to_end_level_{level}" for level in range(1, 6)),
    *(f"end_to_end_mix_{count}_distortions" for count in range(2, 5)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "archive", "name", "attributes"),
    [
        (
            "DeeperForensics-1.0/manipulated_videos/end_to_end/000_M101.mp4", "",
            "end_to_end_000_M101", {"sex": "male", "variant": "end_to_end"},
        ),
        (
            "manipulated_videos/end_to_end_mix_2_distortions/000_W004.MP4", "set/part_3.zip",
            "end_to_end_mix_2_distortions_000_W004",
            {"sex": "female", "variant": "end_to_end_mix_2_distortions"},
        ),
        (
            "000_M101.mp4", "in/reenact_postprocess.zip",
            "reenact_postprocess_000_M101", {"sex": "male", "variant": "reenact_postprocess"},
        ),
        (
            "Manipulated_Videos/End_To_End/000_M101.mp4", "",
            "end_to_end_000_M101", {"sex": "male", "variant": "end_to_end"},
        ),
    ],
)  # fmt: skip
def test_deeperforensics_names(path, archive, name, attributes):
    row = read_one("deeperforensics", path, archive)
    actor = row.entry.stem.partition("_")[2]
    assert values(row) == (name, FAKE, "DeeperForensics", "000", actor, "youtube_c23_000", "000")
    assert (row.attributes, row.split, row.problem) == (attributes, "", "")


def test_deeperforensics_variants_are_one_swap_and_one_group():
    rows = read("deeperforensics", [f"manipulated_videos/{v}/000_M101.mp4" for v in VARIANTS])
    assert len({row.name for row in rows}) == 11
    assert {(row.label, row.group, row.method) for row in rows} == {(FAKE, "000", "DeeperForensics")}
    assert {row.attributes["variant"] for row in rows} == set(VARIANTS)


def test_deeperforensics_originals_are_those_of_faceforensics_at_c23():
    (real,) = read("faceforensics", ["original_sequences/youtube/c23/videos/004.mp4"])
    fake = read_one("deeperforensics", "manipulated_videos/end_to_end/004_M101.mp4")
    assert (fake.original, fake.target, fake.group) == (real.name, real.target, real.group)
    assert real.label == REAL


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("source_videos/M101/light_up/happy/camera_front/M101_light_up_happy_camera_front.mp4", "a source"),
        ("Source_Videos/000_M101.mp4", "a source video: the authors say not to take these"),
        ("manipulated_videos/end_to_end/000_X101.mp4", "name does not fit manipulated_videos/<variant>/"),
        ("manipulated_videos/end_to_end/000_m101.mp4", "name does not fit manipulated_videos/<variant>/"),
        ("manipulated_videos/end_to_end/000_003.mp4", "name does not fit manipulated_videos/<variant>/"),
        ("manipulated_videos/end_to_end/٠٠٠_M101.mp4", "name does not fit manipulated_videos/<variant>/"),
        ("manipulated_videos/end_to_end_level_6/000_M101.mp4", "name does not fit manipulated_videos/"),
        ("manipulated_videos/end_to_end/more/000_M101.mp4", "name does not fit manipulated_videos/"),
        ("000_M101.mp4", "name does not fit manipulated_videos/<variant>/<target>_<source>"),
        ("manipulated_videos/end_to_end/000_M101.png", "still image"),
    ],
)
def test_deeperforensics_unusable_files(path, problem):
    row = read_one("deeperforensics", path)
    assert row.problem.startswith(problem)
    assert row.label is None and not row.group


def test_deeperforensics_split_lists_apply_to_all_variants():
    files = {
        "lists/splits/train.txt": "\ufeff000_M101.mp4\r\n\r\n  001_W004.mp4\n",
        "lists/splits/val.txt": "end_to_end/002_M101.mp4\n",
        "lists/splits/test.txt": "003_M101",
        "lists/splits/._test.txt": "no list",
        "lists/manipulated_videos_lists/manipulated_videos_end_to_end_list.txt": "all of them",
    }
    names = ["000_M101", "001_W004", "002_M101", "003_M101", "004_M101", "000_W004"]
    paths = [f"manipulated_videos/{v}/{name}.mp4" for v in VARIANTS[:2] for name in names]
    rows = by_path(read("deeperforensics", paths, files))
    for variant in VARIANTS[:2]:
        splits = [rows[f"manipulated_videos/{variant}/{name}.mp4"].split for name in names]
        assert splits == ["train", "train", "val", "test", "", ""]


def test_deeperforensics_lists_outside_the_corpus():
    files = {Entry("", "test.txt"): "000_M101.mp4\n"}
    media = [Entry("a.zip", "end_to_end/000_M101.mp4"), Entry("b.zip", "reenact_postprocess/000_M101.mp4")]
    assert [row.split for row in read_entries("deeperforensics", media, files)] == ["test", "test"]


@pytest.mark.parametrize("line", ["000_003.mp4", "000_M101.avi", "000_M101.mp4 1", '["000", "003"]', "M101"])
def test_deeperforensics_reports_an_invalid_line(line):
    with pytest.raises(ValueError, match=r"d\.zip: splits/val\.txt, line 3: expected `000_M101\.mp4`, got"):
        read("deeperforensics", [], {"splits/val.txt": f"001_M101.mp4\n\n{line}\n"}, archive="d.zip")


def test_deeperforensics_reports_a_swap_of_two_splits():
    files = {"test.txt": "000_M101.mp4\n001_M101.mp4\n001_M101.mp4\n", "val.txt": "002_M101.mp4\n001_M101"}
    with pytest.raises(ValueError, match=r"^val\.txt, line 2: 001_M101 is in test\.txt too"):
        read("deeperforensics", [], files)
