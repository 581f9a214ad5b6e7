"""The timeline of a video: a line for each person, with gaps, and the same bytes each time."""

import re
import xml.etree.ElementTree as ElementTree

import pytest
from made.verdicts import person, scored_faces, video, wave

from deepfake.detection.verdict import LeftOut, ScoredFace, Verdict
from deepfake.pages.timeline import COLOURS, draw_timeline


def lines(svg: bytes, colour: str) -> list[str]:
    """The paths of the line in this colour: one for each stretch without a gap."""
    paths = re.findall(rb'<path d="([^"]*)"[^>]*style="fill: none; stroke: ([^;"]*)', svg)
    found = [data.decode() for data, stroke in paths if stroke.decode().lower() == colour.lower()]
    return [stretch for data in found for stretch in data.split("M")[1:]]


def test_a_line_has_a_gap_where_the_face_was_not_seen():
    seen = scored_faces(1, wave(6, 0.5), [0, 5, 10, 30, 35, 40], shown=0)
    gone = tuple(LeftOut(frame, "no face") for frame in (15, 20, 25))
    for left_out, stretches in (((), 1), (gone, 2)):
        verdict = video("a.mp4", person(1, seen), left_out=left_out)
        assert len(lines(draw_timeline(verdict, verdict.people, 0.5), COLOURS[0])) == stretches


def test_a_person_who_is_absent_while_another_is_seen_has_a_gap():
    one = person(1, scored_faces(1, wave(4, 0.5), [0, 5, 20, 25], shown=0))
    other = person(2, scored_faces(2, wave(6, 0.3), [0, 5, 10, 15, 20, 25], shown=0))
    verdict = video("a.mp4", one, other)
    svg = draw_timeline(verdict, verdict.people, 0.5)
    assert [len(lines(svg, COLOURS[place])) for place in (0, 1)] == [2, 1]


def test_each_person_has_a_number_and_the_bytes_are_the_same_each_time():
    people = [person(n, scored_faces(1, wave(20, 0.08 * n), shown=0)) for n in range(1, 13)]
    verdict = video("a.mp4", *people)
    svg = draw_timeline(verdict, people, 0.45)
    assert svg == draw_timeline(verdict, people, 0.45)
    assert ElementTree.fromstring(svg).tag.endswith("svg")
    written = re.findall(rb"<!-- (\d+) -->", svg)
    assert {str(n).encode() for n in range(1, 13)} <= set(written)
    assert b"<!-- seconds -->" in svg


@pytest.mark.parametrize("count", [1, 6000], ids=["one score", "an hour"])
def test_few_and_many_scores(count):
    verdict = video(
        "a.mp4", person(1, scored_faces(1, wave(count, 0.5), shown=0)), left_out=(LeftOut(2, "dark"),)
    )
    assert len(draw_timeline(verdict, verdict.people, 0.5)) < 300_000


def test_without_times_the_axis_has_frame_numbers():
    seen = [ScoredFace(frame, float("nan"), None, 0.5, 0.5) for frame in (0, 5)]
    verdict = Verdict("a.mp4", "video", 2, [person(1, seen)], 1)
    assert b"<!-- frame -->" in draw_timeline(verdict, verdict.people, 0.5)
