"""DFDM: names with their model, the people of Celeb-DF, and what isn't clear."""

import pytest
from made.layout_rows import read, read_one, values

from deepfake.layouts.entries import FAKE
from deepfake.layouts.registry import LAYOUTS


@pytest.mark.parametrize(
    ("path", "archive", "crf", "method"),
    [
        ("DFDM_crf23/id28_id20_0008_4dfaker.mp4", "", "23", "DFDM-Dfaker"),
        ("DFDM_crf0/videos/DFL/id28_id20_0008_5dfl-h128.mp4", "", "0", "DFDM-DFL-H128"),
        ("IAE/id28_id20_0008_3IAE.mp4", "DFDM_crf10.zip", "10", "DFDM-IAE"),
        ("DFDM_crf23/id28_id20_0008_2_lightweight.mp4", "", "23", "DFDM-Lightweight"),
    ],
)
def test_a_fake_is_with_its_video_of_celebdf(path, archive, crf, method):
    row = read_one("dfdm", path, archive)
    original = read_one("celebdf", "Celeb-real/id28_0008.mp4")
    assert values(row)[1:] == (FAKE, method, "id28", "id20", original.name, original.group)
    assert row.attributes == {"crf": crf} and original.target == row.target
    assert LAYOUTS["dfdm"].family == LAYOUTS["celebdf"].family


def test_names_differ_by_quality():
    rows = read("dfdm", [f"DFDM_crf{crf}/id28_id20_0008_4dfaker.mp4" for crf in (0, 10, 23)])
    assert len({row.name for row in rows}) == 3 and len({row.group for row in rows}) == 1


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("DFDM_crf23/id28_id20_0008_1original.mp4", "1original: the authors say both"),
        ("DFDM_crf23/id28_id20_0008.mp4", "name does not fit DFDM_crf"),
        ("DFDM_crf23/id28_id20_0008_6other.mp4", "name does not fit DFDM_crf"),
        ("DFDM_crf5/id28_id20_0008_4dfaker.mp4", "name does not fit DFDM_crf"),
        ("id28_id20_0008_4dfaker.mp4", "name does not fit DFDM_crf"),
        ("Celeb-synthesis/id28_id20_0008.mp4", "name does not fit DFDM_crf"),
    ],
)
def test_unusable_files(path, problem):
    row = read_one("dfdm", path)
    assert row.problem.startswith(problem) and row.label is None
