"""Verdicts as rows and as JSON, and the fingerprint of a list of media."""

import json
import math
import os
import zipfile

import pytest
from made.verdicts import REASON, looks, person, some, unread, video

from deepfake.detection.media import list_fingerprint
from deepfake.detection.output import COLUMNS, as_json, table_rows
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict


def test_a_row_for_each_medium_in_their_order():
    verdicts = some()
    rows = table_rows(verdicts)
    assert [list(row) for row in rows] == [COLUMNS] * len(verdicts)
    assert [row["name"] for row in rows] == [verdict.name for verdict in verdicts]
    found = {row["name"]: row for row in rows}
    crowd, still, empty = (found[name] for name in ("crowd.mp4", "stills/one.png", "empty room.mp4"))
    assert (crowd["verdict"], crowd["person"], crowd["people"], crowd["judged"]) == ("fake", 12, 12, 20)
    assert (still["kind"], still["score"], still["low"]) == ("image", 0.7, None)
    assert (empty["verdict"], empty["score"], empty["sure"], empty["left_out"]) == ("none", None, None, 20)
    assert empty["reason"] == f"{REASON} (20 frames)"
    assert found["clips/real.mp4"]["reason"] == f"{REASON} (11 frames); damaged (1 frame)"
    assert found["broken.mp4"]["reason"] == "not a video that can be read"


def test_frames_judged_and_left_out_are_all_that_were_asked_for():
    for row in table_rows(some()):
        assert row["judged"] + row["left_out"] == row["frames"]


def test_a_medium_that_stopped_on_the_way_names_that_first():
    left = (LeftOut(5, REASON), LeftOut(10, REASON), LeftOut(None, "the program ended"))
    (row,) = table_rows([video("a.mp4", person(1, looks(1, [0.5], shown=0)), left_out=left, frames=9)])
    assert row["reason"] == f"the program ended; {REASON} (2 frames)"
    assert (row["judged"], row["left_out"]) == (1, 8)


def test_json_is_plain_and_holds_no_crops():
    for verdict in some():
        told = as_json(verdict)
        assert json.loads(json.dumps(told, allow_nan=False)) == told
        assert [person["number"] for person in told["people"]] == [one.number for one in verdict.people]
    told = as_json(some()[0])
    assert told["people"][0]["looks"][1] == {
        "frame": 5,
        "time": 0.2,
        "box": [10, 20, 30, 40],
        "found": 0.9,
        "probability": pytest.approx(0.2656, abs=1e-4),
    }
    assert {"frame": 95, "reason": "damaged"} in told["left_out"]


def test_what_is_no_number_is_null():
    nan = math.nan
    person = Person(1, [ScoredFace(0, nan, None, nan, nan)], nan, nan, nan, "real", False)
    told = as_json(Verdict("a.png", "image", 1, [person], 1))
    assert (told["score"], told["low"], told["high"]) == (None, None, None)
    assert told["people"][0]["looks"][0] == dict.fromkeys(("time", "box", "found", "probability")) | {
        "frame": 0
    }
    assert as_json(unread("b"))["left_out"] == [{"frame": None, "reason": "not a video that can be read"}]


@pytest.fixture
def listed(tmp_path):
    """A list of a file, a folder, a zip and something that isn't there."""
    (tmp_path / "a.mp4").write_bytes(b"a")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/b.png").write_bytes(b"b")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as file:
        file.writestr("c.mp4", b"c")
    (tmp_path / "list.txt").write_text("# mine\na.mp4\nfolder\nc.zip\n\nnone.mp4\n\0\n")
    return tmp_path / "list.txt"


CHANGES = {
    "the list": lambda folder: (folder / "list.txt").write_text("a.mp4\n"),
    "a file": lambda folder: (folder / "a.mp4").write_bytes(b"aa"),
    "in a folder": lambda folder: (folder / "folder/new.png").write_bytes(b""),
    "a zip": lambda folder: zipfile.ZipFile(folder / "c.zip", "a").writestr("d.mp4", b"d"),
    "one that was missing": lambda folder: (folder / "none.mp4").write_bytes(b""),
    "one that is gone": lambda folder: (folder / "a.mp4").unlink(),
    "no list": lambda folder: (folder / "list.txt").unlink(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_list_has_another_fingerprint_once_what_it_names_changes(listed, change):
    before = list_fingerprint(listed)
    CHANGES[change](listed.parent)
    assert list_fingerprint(listed) != before


def test_a_touched_list_folder_or_zip_has_the_same_fingerprint(listed):
    before = list_fingerprint(listed)
    for name in ("list.txt", "folder", "c.zip"):
        os.utime(listed.parent / name, (1, 1))
    assert list_fingerprint(listed) == before
