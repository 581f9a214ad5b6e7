"""Linking the faces of a video to people, and the people's scores."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import media as made

from deepfake.detection.people import link_people
from deepfake.detection.scores import decide, interval, score_person, threshold_for
from deepfake.detection.verdict import Person, ScoredFace
from deepfake.extraction.appearance import LENGTH, describe, distance
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import crop_face
from deepfake.extraction.tracking import FaceTracker


@dataclass(eq=False)
class Face:
    """As link_people takes it."""

    box: tuple[int, int, int, int]
    descriptor: np.ndarray

    def moved(self, right: int) -> "Face":
        return Face((self.box[0] + right, *self.box[1:]), self.descriptor)


def descriptor_of(person: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """A made descriptor: those of different people differ by 1, those of one by about `noise`."""
    descriptor = np.zeros(LENGTH)
    descriptor[person] = 1
    change = np.random.default_rng([person, seed]).normal(size=LENGTH)
    return (descriptor + noise * change / np.linalg.norm(change)).astype(np.float16)


def box_at(place: int, shift: int = 0) -> tuple[int, int, int, int]:
    return 100 + 300 * place + shift, 100, 80, 80


@st.composite
def videos(draw):
    """For each frame the people and their places: people come, go and swap places, and scenes change."""
    frames = []
    for _ in range(draw(st.integers(1, 12))):
        people = draw(st.lists(st.integers(0, 5), unique=True, max_size=4))
        frames.append([(person, draw(st.integers(0, 2)) * 10 + place) for place, person in enumerate(people)])
    return frames


@settings(max_examples=30, deadline=None)
@given(videos())
def test_people_who_look_different_are_told_apart_wherever_they_are(video):
    frames = [
        [Face(box_at(place), descriptor_of(person, 0.2, number)) for person, place in frame]
        for number, frame in enumerate(video)
    ]
    numbers = link_people(frames)
    pairs = {
        (person, number)
        for frame, found in zip(video, numbers, strict=True)
        for (person, _), number in zip(frame, found, strict=True)
    }
    people = {person for frame in video for person, _ in frame}
    assert len(pairs) == len(people) == len({number for _, number in pairs})
    assert all(len(set(found)) == len(found) for found in numbers)
    assert sorted({number for found in numbers for number in found}) == list(range(1, len(people) + 1))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=0, max_size=5), max_size=10), st.randoms())
def test_nobody_is_twice_in_a_frame_and_the_order_of_its_faces_does_not_matter(video, chance):
    frames = [
        [Face(box_at(place), descriptor_of(place, 0.5, seed)) for place, seed in enumerate(frame)]
        for frame in video
    ]
    numbers = link_people(frames)
    assert (
        [len(found) for found in numbers] == [len(set(found)) for found in numbers] == list(map(len, frames))
    )
    assert link_people(frames) == numbers
    orders = [chance.sample(range(len(frame)), len(frame)) for frame in frames]
    mixed = link_people([[frame[n] for n in order] for frame, order in zip(frames, orders, strict=True)])
    same = {}
    for found, again, order in zip(numbers, mixed, orders, strict=True):
        for place, number in zip(order, again, strict=True):
            assert same.setdefault(number, found[place]) == found[place]


def test_a_matching_place_helps_where_the_appearance_has_changed_somewhat():
    before, changed = descriptor_of(0), descriptor_of(0, 0.45 * math.sqrt(2))
    assert link_people([[Face(box_at(0), before)], [Face(box_at(0, 20), changed)]]) == [[1], [1]]
    assert link_people([[Face(box_at(0), before)], [Face(box_at(2), changed)]]) == [[1], [2]]
    assert link_people([[Face(box_at(0), before)], [], [Face(box_at(0), changed)]]) == [[1], [], [2]]


@pytest.fixture(scope="module")
def faces() -> list[list[Face]]:
    """The faces of two synthetic people in up to eight frames each, found by dlib."""
    detector, found = load_detector(made.FACES), []
    for number in (0, 1):
        images = [np.ascontiguousarray(rgb[..., ::-1]) for rgb in made.person(number, 32)[::4]]
        found.append([])
        tracker = FaceTracker(detector, made.FACES)
        for image in images:
            for face in tracker.find(image).faces[:1]:
                crop = crop_face(image, face, made.FACES).pixels
                found[-1].append(Face(face.xywh, describe(np.ascontiguousarray(crop[..., ::-1]))))
    assert all(len(of_one) >= 6 for of_one in found)
    return found


def test_people_keep_their_numbers_when_they_swap_places_and_when_the_scene_changes(faces):
    one, other = faces
    beside = [[a, b.moved(240)] for a, b in zip(one, other, strict=False)]
    swapped = [[a, b.moved(240)] for a, b in zip(other, one, strict=False)]
    assert link_people(beside[:3] + swapped[3:6]) == [[1, 2]] * 3 + [[2, 1]] * 3
    cut = [[face] for face in one[:3]] + [[face] for face in other[:3]] + [[face] for face in one[3:6]]
    assert link_people(cut) == [[1]] * 3 + [[2]] * 3 + [[1]] * 3


def test_a_descriptor_is_short_and_the_same_each_time():
    image = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    descriptor = describe(image)
    assert descriptor.shape == (LENGTH,) and descriptor.dtype == np.float16
    assert np.array_equal(descriptor, describe(image.copy())) and distance(descriptor, descriptor) == 0
    assert 0 <= distance(descriptor, describe(255 - image)) < 1.2


# Scores and decisions


def face(frame: int, probability: float, side: int = 80) -> ScoredFace:
    return ScoredFace(frame, frame / 25, (0, 0, side, side), 1.0, probability)


def person(number: int, score: float, frames: range, side: int = 80) -> Person:
    return Person(number, [face(frame, score, side) for frame in frames], score, score, score, "real", True)


def test_a_false_detection_with_a_high_score_does_not_decide():
    somebody, false = person(1, 0.2, range(30)), person(2, 0.99, range(2))
    assert decide([somebody, false], "worst") == 1
    assert decide([somebody, person(2, 0.99, range(3))], "worst") == 2  # a tenth of the frames
    assert decide([person(1, 0.2, range(4)), person(2, 0.99, range(1))], "worst") == 1  # seen only once
    assert decide([person(1, 0.2, range(1)), person(2, 0.99, range(1, 2))], "worst") == 2  # like everybody
    assert decide([], "worst") is None


def test_who_decides_can_be_chosen():
    people = [person(1, 0.9, range(5), 40), person(2, 0.1, range(5), 90), person(3, 0.9, range(5), 30)]
    assert decide(people, "worst") == 1 and decide(people, "largest") == 2


def test_the_threshold_is_that_for_the_number_of_people():
    metadata = {"threshold": 0.3, "video_threshold": 0.5, "people_thresholds": [0.5, 0.6, 0.7]}
    assert [threshold_for(metadata, False, n) for n in (0, 1, 2, 3, 9)] == [0.5, 0.5, 0.6, 0.7, 0.7]
    assert threshold_for(metadata, True, 3) == 0.3
    of_earlier_version = {"threshold": 0.3, "video_threshold": 0.5}
    assert threshold_for(of_earlier_version, False, 3) == 0.5


def test_a_score_is_the_mean_with_an_interval_around_it():
    values = [0.2, 0.4, 0.9, 0.7]
    found = score_person(1, [face(n, p) for n, p in enumerate(values)], 0.5, 1000, 0, "a")
    assert found.score == pytest.approx(0.55) and 0.2 <= found.low < 0.55 < found.high <= 0.9
    assert (found.verdict, found.sure) == ("fake", False)
    again = score_person(1, found.faces, 0.5, 1000, 0, "a")
    other = score_person(1, found.faces, 0.5, 1000, 0, "b")
    assert again == found and (other.low, other.high) != (found.low, found.high)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.integers(1, 3000))
def test_an_interval_lies_within_the_values(values, resamples):
    low, high = interval(np.array(values), resamples, 3)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_one_face_has_no_interval_and_is_not_sure():
    found = score_person(1, [face(0, 0.99)], 0.5, 100, 0, "a")
    assert math.isnan(found.low) and math.isnan(found.high) and not found.sure
    sure = score_person(1, [face(0, 0.99), face(1, 0.98)], 0.5, 100, 0, "a")
    assert sure.sure and score_person(1, sure.faces, 0.985, 100, 0, "a").sure is False
