"""Verdicts as rows of a table and as JSON."""

import json
import math

import pytest
from made.verdicts import REASON, examples, not_judged, person, scored_faces, video

from deepfake.detection.output import COLUMNS, as_json, table_rows
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict


def test_a_row_for_each_media_file_in_their_order():
    verdicts = examples()
    rows = table_rows(verdicts)
    assert [list(row) for row in rows] == [COLUMNS] * len(verdicts)
    assert [row["name"] for row in rows] == [verdict.name for verdict in verdicts]
    found = {row["name"]: row for row in rows}
    crowd, image, empty = (found[name] for name in ("crowd.mp4", "stills/one.png", "empty room.mp4"))
    assert (crowd["verdict"], crowd["person"], crowd["people"], crowd["judged"]) == ("fake", 12, 12, 20)
    assert (image["kind"], image["score"], image["low"]) == ("image", 0.7, None)
    assert [row["threshold"] for row in (crowd, image, empty)] == [0.45, 0.5, None]
    assert (empty["verdict"], empty["score"], empty["sure"], empty["left_out"]) == ("none", None, None, 20)
    assert empty["reason"] == f"{REASON} (20 frames)"
    assert found["clips/real.mp4"]["reason"] == f"{REASON} (11 frames); damaged (1 frame)"
    assert found["broken.mp4"]["reason"] == "not a video that can be read"


def test_frames_judged_and_left_out_are_all_that_were_sampled():
    for row in table_rows(examples()):
        assert row["judged"] + row["left_out"] == row["frames"]


def test_a_reason_of_the_whole_file_comes_first():
    left = (LeftOut(5, REASON), LeftOut(10, REASON), LeftOut(None, "the program ended"))
    (row,) = table_rows([video("a.mp4", person(1, scored_faces(1, [0.5], shown=0)), left_out=left, frames=9)])
    assert row["reason"] == f"the program ended; {REASON} (2 frames)"
    assert (row["judged"], row["left_out"]) == (1, 8)


def test_json_is_plain_and_has_no_crops():
    for verdict in examples():
        found = as_json(verdict)
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        assert [person["number"] for person in found["people"]] == [one.number for one in verdict.people]
    found = as_json(examples()[0])
    assert found["people"][0]["looks"][1] == {
        "frame": 5,
        "time": 0.2,
        "box": [10, 20, 30, 40],
        "found": 0.9,
        "probability": pytest.approx(0.2656, abs=1e-4),
    }
    assert {"frame": 95, "reason": "damaged"} in found["left_out"]


def test_nan_is_null():
    nan = math.nan
    person = Person(1, [ScoredFace(0, nan, None, nan, nan)], nan, nan, nan, "real", False)
    found = as_json(Verdict("a.png", "image", 1, [person], 1))
    assert (found["score"], found["low"], found["high"]) == (None, None, None)
    assert found["people"][0]["looks"][0] == dict.fromkeys(("time", "box", "found", "probability")) | {
        "frame": 0
    }
    assert as_json(not_judged("b"))["left_out"] == [{"frame": None, "reason": "not a video that can be read"}]
