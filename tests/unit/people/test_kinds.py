"""Four kinds of faces, each a quarter where the two directions have nothing to do with each other."""

import numpy as np

from deepfake.people.kinds import face_kinds
from deepfake.people.neighbours import whole_numbers


def people_in_two_directions(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Three videos of each person, and what quarter each person is of."""
    random = np.random.default_rng(0)
    quarter = np.arange(count) % 4
    means = random.normal(scale=0.3, size=(count, 12)) + 2
    means[:, 0] += 4 * (quarter // 2)
    means[:, 1] += 3 * (quarter % 2)
    vectors = np.repeat(means, 3, axis=0) + random.normal(scale=0.1, size=(3 * count, 12))
    return whole_numbers(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)), quarter


def test_people_are_divided_where_they_differ_most():
    vectors, quarter = people_in_two_directions(80)
    people = np.repeat(np.arange(80), 3)
    kinds = face_kinds(vectors, people)
    assert len(set(zip(kinds, quarter, strict=True))) == 4
    order = np.random.default_rng(1).permutation(len(vectors))
    assert (face_kinds(vectors[order], people[order]) == kinds).all()


def test_one_person_and_none():
    vectors, _ = people_in_two_directions(2)
    assert len(face_kinds(vectors[:3], np.zeros(3, int))) == 1
    assert len(face_kinds(vectors[:0], np.zeros(0, int))) == 0
