"""The page of people: its pictures, its size, and names that are hostile."""

import json

import people_page
import pytest
from made.people import CFG, video, write_people
from made.report import EVIL

from deepfake.pages.people import csv_line
from deepfake.pages.people_pictures import LIMIT, SIDES, choose_crops, encode_within, read_crops
from deepfake.pages.people_sizes import count_by_size
from deepfake.program import run


def options(planned, output) -> list[str]:
    given = {"people": planned.people, "plan": planned.plan, "results": planned.results, "output": output}
    return [
        *("--dataset", "small", "--config", json.dumps(CFG)),
        *(word for name, path in given.items() for word in (f"--{name}", str(path))),
    ]


def everything(videos: int) -> list[dict]:
    """Rows that fill each list of the page."""
    rows = [
        video(
            "c", n, f"c/v{n // 8 * 8:03}", half="12"[n % 2], halves_distance="0.350", target=f"{EVIL}{n % 8}"
        )
        for n in range(videos)
    ]
    for n, row in enumerate(rows):
        row |= {"other": f"c/v{(n // 8 * 8 + 8) % videos:03}", "other_distance": "0.370"}
        row |= {"across": f"c/v{(n + 80) % videos:03}", "across_distance": "0.340"}
        row |= [{}, {"split": "test"}, {"split": "", "reason": "people: looks like c/v000"}][n % 3]
    return rows


def test_the_program_writes_the_same_bytes_each_time(tmp_path):
    planned = write_people(tmp_path / "results", everything(24))
    for name in "xy":
        assert run(people_page.main, options(planned, tmp_path / name)) in (None, 0)
    assert (tmp_path / "x").read_bytes() == (tmp_path / "y").read_bytes()
    text = (tmp_path / "x").read_text()
    assert EVIL not in text and "&lt;script&gt;" in text
    assert '<code class="line">c/v000,c/v001</code>' in text


def test_the_page_of_a_large_dataset_is_small(tmp_path):
    planned = write_people(tmp_path / "results", everything(800), side=96, frames=1)
    assert run(people_page.main, options(planned, tmp_path / "page.html")) in (None, 0)
    assert 1_000_000 < (tmp_path / "page.html").stat().st_size < 6_000_000


def test_a_tar_that_is_not_the_plans_is_an_error(tmp_path, caplog):
    planned = write_people(tmp_path / "results", everything(24))
    tar = planned.results / "faces/c/all.tar"
    data = bytearray(tar.read_bytes())
    data[600:6000] = bytes(5400)
    tar.write_bytes(data)
    assert run(people_page.main, options(planned, tmp_path / "page.html")) == 1
    assert "all.tar" in caplog.text and not (tmp_path / "page.html").exists()


def test_the_picture_of_a_video_is_its_middle_crop(tmp_path):
    planned = write_people(tmp_path, [video("c", 0, "c/v000"), video("d", 1, "c/v000")], frames=3)
    crops = choose_crops(planned.plan, ["c/v000", "d/v001", "d/v999"])
    assert {name: crop["image"] for name, crop in crops.items()} == {
        "c/v000": "v000/000001.png",
        "d/v001": "v001/000001.png",
    }
    pictures = read_crops(planned.results, crops)
    assert {picture.shape for picture in pictures.values()} == {(SIDES[0], SIDES[0], 3)}


def test_pictures_are_smaller_where_they_are_many(tmp_path):
    planned = write_people(tmp_path, [video("c", 0, "c/v000")], side=96)
    pictures = read_crops(planned.results, choose_crops(planned.plan, ["c/v000"]))
    large, side = encode_within(pictures, {"c/v000": 1})
    assert side == SIDES[0]
    most = len(large["c/v000"]) // 2
    small, side = encode_within(pictures, {"c/v000": LIMIT // most})
    assert side < SIDES[0] and len(small["c/v000"]) <= most


def test_a_line_can_be_read_as_csv():
    assert csv_line("c/a", "c/b") == "c/a,c/b"
    assert csv_line("c/a,1", 'c/"b') == '"c/a,1","c/""b"'


@pytest.mark.parametrize(
    "sizes, bars",
    [
        ([], []),
        ([1, 1], [("1", 2, 2)]),
        ([9, 3, 1], [("1", 1, 1), ("2", 0, 0), ("3–4", 1, 3), ("5–8", 0, 0), ("9–16", 1, 9)]),
    ],
    ids=["nobody", "alone", "gaps"],
)
def test_people_are_counted_by_their_videos(sizes, bars):
    assert count_by_size(sizes) == bars
