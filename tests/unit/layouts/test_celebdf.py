"""Celeb-DF: names, the folders of v3, and the test list in which 1 is real."""

import pytest
from made.layout_rows import TEST_LIST, by_path, read, read_entries, read_one, values

from deepfake.layouts.entries import FAKE, REAL, Entry


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
    row = read_one("celebdf", path, archive)
    assert values(row) == expected
    assert (row.split, row.problem) == ("", "")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("Celeb-real/id0_id1_0000.mp4", "name does not fit Celeb-real/<target>_<number>"),
        ("Celeb-synthesis/id0_0000.mp4", "name does not fit Celeb-synthesis/<target>_<source>_<number>"),
        ("YouTube-real/id0_0000.mp4", "name does not fit YouTube-real/<number>"),
        ("id0_0000.mp4", "name does not fit Celeb-real, YouTube-real"),
    ],
)
def test_celebdf_unusable_files(path, problem):
    row = read_one("celebdf", path)
    assert row.problem.startswith(problem) and row.label is None


def test_celebdf_test_list_says_1_for_real():
    lines = "1 YouTube-real/00170.mp4\r\n1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id1_0000.mp4\n\n"
    lines += (
        "1 Celeb-synthesis/id2_id3_0000.mp4\n1 Celeb-real/id7_0000.mp4\n0 Celeb-real/id8_0000.mp4\n1 x/y.mp4"
    )
    paths = [
        "v2/YouTube-real/00170.mp4", "v2/Celeb-real/id0_0000.mp4", "v2/Celeb-real/id0_0001.mp4",
        "v2/Celeb-synthesis/id0_id1_0000.mp4", "v2/Celeb-synthesis/id2_id3_0000.mp4",
        "v2/Celeb-synthesis/id4_id5_0000.mp4", "v2/Celeb-synthesis/id4.mp4",
    ]  # fmt: skip
    rows = by_path(read("celebdf", paths, {f"v2/{TEST_LIST}": lines}))
    assert {path: (row.label, row.split, row.problem) for path, row in rows.items()} == {
        "v2/YouTube-real/00170.mp4": (REAL, "test", ""),
        "v2/Celeb-real/id0_0000.mp4": (REAL, "test", ""),
        "v2/Celeb-real/id0_0001.mp4": (REAL, "train", ""),
        "v2/Celeb-synthesis/id0_id1_0000.mp4": (FAKE, "test", ""),
        "v2/Celeb-synthesis/id2_id3_0000.mp4": (
            None, "test", "two labels: its folder says fake, the test list real",
        ),
        "v2/Celeb-synthesis/id4_id5_0000.mp4": (FAKE, "train", ""),
        "v2/Celeb-synthesis/id4.mp4": (
            None, "", "name does not fit Celeb-synthesis/<target>_<source>_<number>",
        ),
        "v2/Celeb-real/id7_0000.mp4": (REAL, "test", "labelled, but the file is missing"),
        "v2/Celeb-real/id8_0000.mp4": (None, "test", "labelled, but the file is missing"),
        "v2/x/y.mp4": (None, "test", "labelled, but the file is missing"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "method", "source"),
    [
        ("Celeb-synthesis/FaceSwap/SimSwap/id3_id28_0001.mp4", "SimSwap", "id28"),
        ("Celeb-DF-v3/celeb-synthesis/faceswap/videos/SimSwap/id3_id28_0001.mp4", "SimSwap", "id28"),
        ("Celeb-synthesis/FaceReenact/DaGAN/id3_id28_0001.mp4", "DaGAN", "id28"),
        ("Celeb-synthesis/TalkingFace/IP_LAP/id3_0001_test_id00866_usqvLtEq2qQ.mp4", "IP_LAP", ""),
        ("Celeb-synthesis/FaceSwap/Celeb-DF/id3_id28_0001.mp4", "Celeb-synthesis", "id28"),
        ("Celeb-synthesis/FaceSwap/Celeb-DF-v2/id3_id28_0001.mp4", "Celeb-synthesis", "id28"),
    ],
)
def test_celebdf_v3_has_a_folder_for_each_method(path, method, source):
    row = read_one("celebdf", path)
    assert (row.label, row.method, row.target, row.source, row.problem) == (FAKE, method, "id3", source, "")
    assert row.original == row.group == read_one("celebdf", "Celeb-real/id3_0001.mp4").name


def test_celebdf_v3_names_differ_by_method_and_the_fakes_of_v2_keep_theirs():
    stem = "id3_id28_0001.mp4"
    folders = ["FaceSwap/SimSwap", "FaceSwap/UniFace", "FaceReenact/LIA", "FaceSwap/Celeb-DF"]
    rows = read("celebdf", [f"Celeb-synthesis/{folder}/{stem}" for folder in folders])
    assert len({row.name for row in rows}) == 4 and len({row.group for row in rows}) == 1
    assert read_one("celebdf", f"Celeb-synthesis/{stem}").name in {row.name for row in rows}


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("FaceSwap/id3_id28_0001.mp4", "Celeb-synthesis/FaceSwap/<method>/<video>"),
        ("FaceSwap/SimSwap/id3_0001_test_id00866_usqvLtEq2qQ.mp4", "Celeb-synthesis/<target>_<source>_"),
        ("TalkingFace/FLOAT/id3_id28_0001.mp4", "TalkingFace/<method>/<target>_<number>_test_<recording>"),
        ("TalkingFace/FLOAT/id3_0001.mp4", "TalkingFace/<method>/<target>_<number>_test_<recording>"),
    ],
)
def test_celebdf_v3_unusable_files(path, problem):
    row = read_one("celebdf", f"Celeb-synthesis/{path}")
    assert row.problem.startswith(f"name does not fit {problem}")


def test_celebdf_v3_test_list_is_compared_by_path():
    swap, talk = "id3_id28_0001.mp4", "id3_0001_test_id00866_usqvLtEq2qQ.mp4"
    lines = [
        "1 Celeb-real/id3_0001.mp4",
        f"0 Celeb-synthesis/FaceSwap/SimSwap/{swap}",
        f"0 Celeb-synthesis/TalkingFace/FLOAT/{talk}",
        f"0 Celeb-synthesis/FaceSwap/Celeb-DF/{swap}",
        f"1 Celeb-synthesis/FaceReenact/LIA/{swap}",
    ]
    paths = [
        "Celeb-real/id3_0001.mp4", "Celeb-synthesis/FaceReenact/DaGAN/id3_id28_0001.mp4",
        "Celeb-synthesis/FaceReenact/LIA/id3_id28_0001.mp4", f"Celeb-synthesis/FaceSwap/Celeb-DF/{swap}",
        f"Celeb-synthesis/FaceSwap/SimSwap/{swap}", f"Celeb-synthesis/FaceSwap/UniFace/{swap}",
        f"Celeb-synthesis/TalkingFace/FLOAT/{talk}", f"Celeb-synthesis/TalkingFace/SadTalker/{talk}",
    ]  # fmt: skip
    rows = read("celebdf", paths, {TEST_LIST: "\n".join(lines)})
    assert [row.split for row in rows] == ["test", "train", "test", "test", "test", "train", "test", "train"]
    (contradicted,) = [row for row in rows if row.problem]
    assert contradicted.entry.path == paths[2]
    assert contradicted.problem == "two labels: its folder says fake, the test list real"


def test_celebdf_test_list_at_the_top_applies_to_archives():
    media = [Entry("Celeb-real.zip", "id0_0000.mp4"), Entry("v2.zip", "v2/YouTube-real/1.mp4")]
    media.append(Entry("v2.zip", "v2/YouTube-real/2.mp4"))
    lines = "1 Celeb-real/id0_0000.mp4\n1 YouTube-real/1.mp4\n"
    rows = read_entries("celebdf", media, {Entry("", TEST_LIST): lines})
    assert [(row.entry, row.label, row.split, row.problem) for row in rows] == [
        (entry, REAL, split, "") for entry, split in zip(media, ("test", "test", "train"), strict=True)
    ]


def test_celebdf_a_resource_fork_of_the_list_is_no_list():
    (row,) = read("celebdf", ["Celeb-real/id0_0000.mp4"], {f"__MACOSX/{TEST_LIST}": "?"})
    assert (row.label, row.split) == (REAL, "")


def test_celebdf_two_labels_in_the_list():
    files = {TEST_LIST: "1 Celeb-real/id0_0000.mp4\n0 Celeb-real/id0_0000.mp4\n"}
    (row,) = read("celebdf", ["Celeb-real/id0_0000.mp4"], files)
    assert (row.label, row.problem) == (None, "two labels in the test list")


@pytest.mark.parametrize(
    "line", ["2 Celeb-real/id0_0000.mp4", "Celeb-real/id0_0000.mp4", "1", "REAL Celeb-real/x.mp4"]
)
def test_celebdf_reports_an_invalid_line(line):
    with pytest.raises(ValueError, match=rf"c\.zip: v1/{TEST_LIST}, line 2: expected"):
        read("celebdf", [], {f"v1/{TEST_LIST}": f"1 Celeb-real/id0_0000.mp4\n{line}\n"}, archive="c.zip")
