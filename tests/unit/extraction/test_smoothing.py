"""Smoothing of faces along a clip: what stays, stays; outliers go; nobody is mixed with somebody else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.appearance import LENGTH
from deepfake.extraction.boxes import Box, Face, to_faces
from deepfake.extraction.smoothing import METHODS, Sighting, smooth

LOOKS = np.eye(2, LENGTH)  # of two people; the distance between them is 1
BOTH = sorted(METHODS)
coordinate = st.floats(0, 3000, allow_subnormal=False)


def face(x: float, y: float, width: float = 80, height: float = 100, by: str = "dlib", points=()) -> Face:
    return to_faces([Box(x, y, x + width, y + height, 1.0, by, points)], 1.0)[0]


def smoothed(frames: list[list[Face]], n: int, method: str, looks=None, sizes=None) -> list[list[Face]]:
    """The smoothed faces of frames that have the same people in the same order."""
    sightings = [
        Sighting(
            number,
            sizes[number] if sizes else (1080, 1920, 3),
            faces,
            looks[number] if looks else [LOOKS[0]] * len(faces),
        )
        for number, faces in enumerate(frames)
    ]
    found = list(smooth(sightings, n, method))
    assert [number for number, _ in found] == list(range(len(frames)))
    return [faces for _, faces in found]


def values(one: Face) -> list[float]:
    left, top, right, bottom = one.edges
    return [left + right, top + bottom, right - left, bottom - top]


@given(
    box=st.tuples(coordinate, coordinate, st.floats(8, 900), st.floats(8, 900)),
    points=st.lists(st.tuples(coordinate, coordinate), max_size=5).map(tuple),
    count=st.integers(1, 9),
    n=st.integers(1, 31),
    method=st.sampled_from(BOTH),
)
def test_a_face_that_stays_is_left_as_it_is(box, points, count, n, method):
    track = [[face(*box, points=points)]] * count
    assert smoothed(track, n, method) == track


walks = st.lists(st.tuples(*[st.integers(-64, 64).map(lambda step: step / 8)] * 4), min_size=1, max_size=14)


def walk(steps, x=400.0, y=300.0, points: bool = True) -> list[list[Face]]:
    """A face that moves and grows by at most 8 pixels a frame."""
    track, width, height = [], 160.0, 200.0
    for across, down, wider, higher in steps:
        x, y, width, height = x + across, y + down, max(100, width + wider), max(100, height + higher)
        track.append([face(x, y, width, height, points=((x + 10, y + 20), (x + 30, y)) if points else ())])
    return track


@given(steps=walks, method=st.sampled_from(BOTH))
def test_one_frame_is_no_smoothing(steps, method):
    track = walk(steps)
    assert smoothed(track, 1, method) == track


@given(
    steps=walks,
    shift=st.tuples(st.integers(0, 1000), st.integers(0, 800)),
    n=st.integers(1, 9),
    method=st.sampled_from(BOTH),
)
def test_a_face_elsewhere_is_smoothed_the_same(steps, shift, n, method):
    there = smoothed(walk(steps, 400 + shift[0], 300 + shift[1]), n, method)
    for (one,), (other,) in zip(smoothed(walk(steps), n, method), there, strict=True):
        assert other.edges == pytest.approx(np.add(one.edges, shift * 2), abs=1e-9)
        for p, q in zip(one.points, other.points, strict=True):
            assert q == pytest.approx((p[0] + shift[0], p[1] + shift[1]), abs=1e-9)


@given(
    speed=st.tuples(st.integers(-16, 16), st.integers(-16, 16)),
    at=st.integers(1, 7),
    jolt=st.tuples(*[st.integers(-24, 24)] * 4),
    n=st.sampled_from([3, 5, 7]),
)
def test_the_median_removes_one_outlier_of_a_face_that_moves_evenly(speed, at, jolt, n):
    """Of one that stands still, to the pixel; of one that moves, to a step of it."""
    steady = walk([(speed[0] / 8, speed[1] / 8, 0, 0)] * 9)
    one = steady[at][0]
    x, y, width, height = (value + by for value, by in zip(one.xywh, jolt, strict=True))
    jolted = [*steady[:at], [face(x, y, width, height, points=one.points)], *steady[at + 1 :]]
    for number, ((found,), (wanted,)) in enumerate(zip(smoothed(jolted, n, "median"), steady, strict=True)):
        if 0 < number < len(steady) - 1:  # at its ends a track has no frames around
            limits = [abs(2 * speed[0] / 8), abs(2 * speed[1] / 8), 0, 0]
            apart = np.abs(np.subtract(values(found), values(wanted)))
            assert (apart <= np.add(limits, 1e-9)).all()
    assert smoothed(steady, n, "median") == steady


@given(steps=walks, n=st.integers(2, 9))
def test_the_exponential_mean_is_that_of_its_formula_and_knows_no_later_frame(steps, n):
    track = walk(steps)
    found = smoothed(track, n, "exponential")
    alpha, mean = 2 / (n + 1), None
    for (one,), (other,) in zip(track, found, strict=True):
        mean = np.array(values(one)) if mean is None else alpha * np.array(values(one)) + (1 - alpha) * mean
        assert values(other) == pytest.approx(mean, abs=1e-6)
        assert other.xywh == tuple(
            [*map(int, other.edges[:2]), *(int(other.edges[i + 2]) - int(other.edges[i]) for i in (0, 1))]
        )
    half = len(track) // 2
    assert smoothed(track[:half], n, "exponential") == found[:half]


people = st.lists(
    st.tuples(*[st.tuples(st.integers(0, 60), st.integers(0, 60))] * 2, st.booleans()),
    min_size=1,
    max_size=12,
)


@given(places=people, n=st.integers(2, 7), method=st.sampled_from(BOTH))
def test_two_people_never_mix(places, n, method):
    """They walk over each other, and are found in either order. Their boxes are 80 and 84 pixels wide."""
    frames, looks = [], []
    for one, other, first in places:
        pair = [(face(*one, 80, 80), LOOKS[0]), (face(*other, 84, 84), LOOKS[1])]
        pair = pair if first else pair[::-1]
        frames.append([each for each, _ in pair])
        looks.append([look for _, look in pair])
    for found in smoothed(frames, n, method, looks):
        assert sorted(round(each.edges[2] - each.edges[0], 6) for each in found) == [80, 84]


@given(places=people, n=st.integers(2, 7), method=st.sampled_from(BOTH))
def test_where_two_who_look_alike_could_be_meant_neither_is_smoothed(places, n, method):
    """They stand so close that each face overlaps both of the frame before."""
    frames = [[face(x, y, 200, 200), face(u, v, 204, 204)] for (x, y), (u, v), _ in places]
    wanted = [sorted(pair, key=lambda one: -one.edges[2] + one.edges[0]) for pair in frames]
    assert smoothed(frames, n, method) == wanted


@pytest.mark.parametrize("method", BOTH)
def test_a_track_ends_where_the_face_is_lost_jumps_changes_or_the_frame_does(method):
    here, moved = face(100, 100), face(110, 100)
    track = [[here], [moved], [here]]
    size, other = (1080, 1920, 3), (720, 1280, 3)
    ends = {
        "lost": ([[here], [], [moved], [], [here]], None, None),
        "jumps": ([[here], [face(160, 100)], [here]], None, None),
        "another detector": ([[here], [face(110, 100, by="yunet")], [here]], None, None),
        "somebody else": (track, [[LOOKS[0]], [LOOKS[1]], [LOOKS[0]]], None),
        "nothing to look at": (track, [[np.full(LENGTH, np.nan)]] * 3, None),
        "another size": (track, None, [size, other, size]),
    }
    for name, (frames, looks, sizes) in ends.items():
        assert smoothed(frames, 3, method, looks, sizes) == frames, name
    assert smoothed(track, 3, method) != track


def test_the_largest_face_after_smoothing_is_the_first():
    """One face is larger in most frames; the other only in the middle."""
    large = [[face(100, 100, 90, 90), face(600, 100, 84, 84)] for _ in range(3)]
    large[1] = [face(600, 100, 94, 94), face(100, 100, 90, 90)]
    looks = [[LOOKS[0], LOOKS[1]], [LOOKS[1], LOOKS[0]], [LOOKS[0], LOOKS[1]]]
    found = smoothed(large, 3, "median", looks)
    assert [[one.x for one in faces] for faces in found] == [[100, 600]] * 3
