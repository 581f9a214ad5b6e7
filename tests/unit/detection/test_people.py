"""Who is who in a video, and whose score is the video's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import media as made

from deepfake.detection.appearance import LENGTH, describe, unlike
from deepfake.detection.people import Sight, link
from deepfake.detection.scores import decide, interval, score_person
from deepfake.detection.verdict import Person, ScoredFace
from deepfake.extraction.detectors import Face
from deepfake.extraction.faces import cut_face, load_search

BOX = (100, 100, 80, 80)


def looks_of(person: int, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """What nobody else looks like: vectors of different people differ by 1, of one by about `noise`."""
    looks = np.zeros(LENGTH)
    looks[person] = 1
    wobble = np.random.default_rng([person, seed]).normal(size=LENGTH)
    return (looks + noise * wobble / np.linalg.norm(wobble)).astype(np.float16)


def box_at(place: int, shift: int = 0) -> tuple[int, int, int, int]:
    return 100 + 300 * place + shift, 100, 80, 80


@st.composite
def films(draw):
    """For each frame who is where: people come, go, swap places, and the picture cuts."""
    frames = []
    for _ in range(draw(st.integers(1, 12))):
        people = draw(st.lists(st.integers(0, 5), unique=True, max_size=4))
        frames.append([(person, draw(st.integers(0, 2)) * 10 + place) for place, person in enumerate(people)])
    return frames


@settings(max_examples=30, deadline=None)
@given(films())
def test_people_who_look_different_are_told_apart_wherever_they_are(film):
    frames = [
        [Sight(box_at(place), looks_of(person, 0.2, number)) for person, place in frame]
        for number, frame in enumerate(film)
    ]
    numbers = link(frames)
    pairs = {
        (person, number)
        for frame, found in zip(film, numbers, strict=True)
        for (person, _), number in zip(frame, found, strict=True)
    }
    people = {person for frame in film for person, _ in frame}
    assert len(pairs) == len(people) == len({number for _, number in pairs})
    assert all(len(set(found)) == len(found) for found in numbers)
    assert sorted({number for found in numbers for number in found}) == list(range(1, len(people) + 1))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), min_size=0, max_size=5), max_size=10), st.randoms())
def test_nobody_is_twice_in_a_frame_and_the_order_of_its_faces_does_not_matter(film, chance):
    frames = [
        [Sight(box_at(place), looks_of(place, 0.5, seed)) for place, seed in enumerate(frame)]
        for frame in film
    ]
    numbers = link(frames)
    assert (
        [len(found) for found in numbers] == [len(set(found)) for found in numbers] == list(map(len, frames))
    )
    assert link(frames) == numbers
    orders = [chance.sample(range(len(frame)), len(frame)) for frame in frames]
    mixed = link([[frame[n] for n in order] for frame, order in zip(frames, orders, strict=True)])
    same = {}
    for found, again, order in zip(numbers, mixed, orders, strict=True):
        for place, number in zip(order, again, strict=True):
            assert same.setdefault(number, found[place]) == found[place]


def test_a_place_that_fits_helps_where_looks_have_changed_somewhat():
    changed = looks_of(0, 0.45 * math.sqrt(2))
    assert link([[Sight(box_at(0), looks_of(0))], [Sight(box_at(0, 20), changed)]]) == [[1], [1]]
    assert link([[Sight(box_at(0), looks_of(0))], [Sight(box_at(2), changed)]]) == [[1], [2]]
    assert link([[Sight(box_at(0), looks_of(0))], [], [Sight(box_at(0), changed)]]) == [[1], [], [2]]


@pytest.fixture(scope="module")
def faces() -> list[list[Sight]]:
    """The faces of two drawn people in eight frames each, found by dlib."""
    search, found = load_search(made.FACES), []
    for number in (0, 1):
        pictures = [np.ascontiguousarray(rgb[..., ::-1]) for rgb in made.person(number, 32)[::4]]
        found.append([])
        for picture, hit in zip(pictures, search(pictures), strict=True):
            for face in hit.faces[:1]:
                found[-1].append(sight(picture, face))
    assert all(len(sights) >= 6 for sights in found)
    return found


def sight(picture: np.ndarray, face: Face) -> Sight:
    crop = cut_face(picture, face, made.FACES)[0]
    return Sight(face.box, describe(np.ascontiguousarray(crop[..., ::-1])))


def test_drawn_people_stay_themselves_through_a_swap_of_places_and_a_cut(faces):
    one, other = faces
    right = [Sight((s.box[0] + 240, *s.box[1:]), s.looks) for s in other]
    beside = [[a, b] for a, b in zip(one, right, strict=False)]
    left = [Sight((s.box[0] - 240, *s.box[1:]), s.looks) for s in right]
    swapped = [[a, Sight((b.box[0] + 240, *b.box[1:]), b.looks)] for a, b in zip(left, one, strict=False)]
    assert link(beside[:3] + swapped[3:6]) == [[1, 2]] * 3 + [[2, 1]] * 3
    cut = [[s] for s in one[:3]] + [[s] for s in other[:3]] + [[s] for s in one[3:6]]
    assert link(cut) == [[1]] * 3 + [[2]] * 3 + [[1]] * 3


def test_looks_are_few_numbers_and_the_same_however_often_they_are_made():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    looks = describe(picture)
    assert looks.shape == (LENGTH,) and looks.dtype == np.float16
    assert np.array_equal(looks, describe(picture.copy())) and unlike(looks, looks) == 0
    assert 0 <= unlike(looks, describe(255 - picture)) < 1.2


# Scores and decisions


def look(frame: int, probability: float, side: int = 80) -> ScoredFace:
    return ScoredFace(frame, frame / 25, (0, 0, side, side), 1.0, probability)


def person(number: int, score: float, frames: range, side: int = 80) -> Person:
    looks = [look(frame, score, side) for frame in frames]
    return Person(number, looks, score, score, score, "real", True)


def test_a_chance_hit_with_a_high_score_does_not_decide():
    somebody, chance = person(1, 0.2, range(30)), person(2, 0.99, range(2))
    assert decide([somebody, chance], "worst") == 1
    assert decide([somebody, person(2, 0.99, range(3))], "worst") == 2  # a tenth of the frames
    assert decide([person(1, 0.2, range(4)), person(2, 0.99, range(1))], "worst") == 1  # seen but once
    assert decide([person(1, 0.2, range(1)), person(2, 0.99, range(1, 2))], "worst") == 2  # as everybody
    assert decide([], "worst") is None


def test_whose_verdict_it_is_can_be_chosen():
    people = [person(1, 0.9, range(5), 40), person(2, 0.1, range(5), 90), person(3, 0.9, range(5), 30)]
    assert decide(people, "worst") == 1 and decide(people, "largest") == 2


def test_a_score_is_the_mean_with_an_interval_about_it():
    values = [0.2, 0.4, 0.9, 0.7]
    found = score_person(1, [look(n, p) for n, p in enumerate(values)], 0.5, 1000, 0, "a")
    assert found.score == pytest.approx(0.55) and 0.2 <= found.low < 0.55 < found.high <= 0.9
    assert (found.verdict, found.sure) == ("fake", False)
    again = score_person(1, found.faces, 0.5, 1000, 0, "a")
    other = score_person(1, found.faces, 0.5, 1000, 0, "b")
    assert again == found and (other.low, other.high) != (found.low, found.high)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=2, max_size=50), st.integers(1, 3000))
def test_an_interval_lies_within_the_values(values, rounds):
    low, high = interval(np.array(values), rounds, 3)
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_one_look_has_no_interval_and_is_not_sure():
    found = score_person(1, [look(0, 0.99)], 0.5, 100, 0, "a")
    assert math.isnan(found.low) and math.isnan(found.high) and not found.sure
    sure = score_person(1, [look(0, 0.99), look(1, 0.98)], 0.5, 100, 0, "a")
    assert sure.sure and score_person(1, sure.faces, 0.985, 100, 0, "a").sure is False
