"""Real and Fake Face Detection: difficulty and replaced parts by the names, splits of copies, odd names."""

import zipfile

import pytest
from made.layout_rows import by_path, read, read_one, values

from deepfake.layouts.entries import FAKE, REAL


@pytest.mark.parametrize(
    ("name", "difficulty", "replaced"),
    [
        ("easy_1_1110", "easy", "left_eye right_eye nose"),
        ("mid_300_1111", "mid", "left_eye right_eye nose mouth"),
        ("hard_12_0001", "hard", "mouth"),
        ("easy_37_111", "easy", None),
    ],
)
def test_a_fake_has_its_difficulty_and_the_parts_that_were_replaced(name, difficulty, replaced):
    row = read_one("ciplab", f"real_and_fake_face/training_fake/{name}.jpg")
    assert values(row)[:6] == (name, FAKE, "Photoshop", "", "", "")
    assert row.group == f"real_and_fake_face/training_fake/{name}.jpg"
    attributes = {"difficulty": difficulty} | ({"replaced": replaced} if replaced else {})
    assert (row.attributes, row.split, row.problem) == (attributes, "", "")


def test_a_real_in_the_authors_folder_in_a_copy_and_in_a_split():
    paths = ["training_real/real_00001.jpg", "real/real_01080.jpg", "Val/real/real_00021.JPG"]
    rows = read("ciplab", paths)
    assert {row.label for row in rows} == {REAL} and not any(row.problem or row.attributes for row in rows)
    assert {row.entry.path: row.split for row in rows} == dict(zip(paths, ["", "", "val"], strict=True))
    assert read_one("ciplab", "real_00001.jpg", archive="training_real.zip").label == REAL


def test_names_that_do_not_fit():
    rows = by_path(
        read("ciplab", [
            "training_fake/real_00001.jpg", "training_real/easy_1_1110.jpg", "training_fake/easy_1_11100.jpg",
            "training_real/real_1.jpg", "easy_1_1110.jpg", "fake/easy_1_1110.mp4", "fake/sub/easy_1_1110.jpg",
        ])
    )  # fmt: skip
    contrary = {path for path, row in rows.items() if row.problem.startswith("two labels: its folder says")}
    assert contrary == {"training_fake/real_00001.jpg", "training_real/easy_1_1110.jpg"}
    others = [row.problem for path, row in rows.items() if path not in contrary]
    assert all(problem.startswith("name does not fit") for problem in others)


def test_all_names_of_a_real_copy_fit(data):
    names = zipfile.ZipFile(data / "ciplab.zip").namelist()
    rows = read("ciplab", names, archive="ciplab.zip")
    assert not any(row.problem for row in rows)
    labels = [row.label for row in rows]
    assert (labels.count(REAL), labels.count(FAKE)) == (480, 480)
    assert sum("replaced" not in row.attributes for row in rows if row.label == FAKE) == 1
