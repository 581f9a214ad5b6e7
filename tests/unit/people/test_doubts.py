"""Where a person nearly falls apart, and who is nearly one, against what all pairs of faces say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.people import doubts
from deepfake.people.neighbours import SCALE, whole_numbers


def drawn(seed: int, centres: list[int], noise: float = 0.2) -> np.ndarray:
    """Unit vectors around centres that are given by their number, in whole numbers."""
    random = np.random.default_rng(seed)
    places = random.normal(size=(max(centres, default=0) + 1, 16))[centres]
    vectors = places / np.linalg.norm(places, axis=1, keepdims=True) + random.normal(
        scale=noise / 4, size=places.shape
    )
    return whole_numbers(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def mean_distance(vectors: np.ndarray, others: np.ndarray) -> float:
    return np.sqrt(2 - 2 * (vectors.astype(float) @ others.T).mean() / SCALE**2)


@pytest.mark.parametrize("most", [2000, 4], ids=["all", "some"])
def test_two_people_in_one_group_are_its_halves(monkeypatch, most):
    monkeypatch.setattr(doubts, "MOST", most)
    people = np.array([0, 1, 0, 1, 0, 0, 2, 1])
    vectors = drawn(1, people.tolist())
    half, apart = doubts.halves(vectors, np.where(people == 2, 6, 0))
    assert half.tolist() == [1, 2, 1, 2, 1, 1, 1, 2]
    expected = mean_distance(vectors[people == 0], vectors[people == 1])
    assert apart[people != 2] == pytest.approx(expected)
    assert np.isnan(apart[6])


def test_halves_are_of_those_that_were_linked():
    people = np.array([0, 1, 0, 1, 2, 2, 2, 0])
    vectors, linked = drawn(1, people.tolist()), np.array([1, 1, 1, 0, 0, 0, 0, 0], bool)
    half, apart = doubts.halves(vectors, np.array([0, 0, 0, 0, 0, 5, 5, 0]), linked)
    assert half[[0, 1, 2, 3, 7]].tolist() == [1, 2, 1, 2, 1]
    assert apart[:5] == pytest.approx(mean_distance(vectors[[0, 2]], vectors[[1]]))
    assert apart[5:7] == pytest.approx(mean_distance(vectors[[5]], vectors[[6]]))  # none of them was


@pytest.mark.parametrize("seed", range(6))  # some are a little longer than a unit vector
def test_equal_faces_have_halves_too(seed):
    half, apart = doubts.halves(np.repeat(drawn(seed, [0]), 3, axis=0), np.zeros(3, int))
    assert sorted(set(half.tolist())) == [1, 2] and half[0] == 1
    assert apart == pytest.approx(0, abs=0.05)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 4), min_size=1, max_size=20), st.randoms())
def test_the_nearest_group_is_that_of_all_pairs(seed, groups, random):
    vectors = drawn(seed, [random.randrange(6) for _ in groups], noise=2)
    groups = np.array(groups) * 7
    other, apart = doubts.nearest_groups(vectors, groups)
    names = sorted(set(groups.tolist()))
    if len(names) == 1:
        assert other.tolist() == groups.tolist() and np.isnan(apart).all()
        return
    for name in names:
        own = groups == name
        expected = {n: mean_distance(vectors[own], vectors[groups == n]) for n in names if n != name}
        assert len(set(other[own].tolist())) == 1
        assert expected[other[own][0]] == pytest.approx(min(expected.values()), abs=0.01)
        assert apart[own] == pytest.approx(expected[other[own][0]], abs=0.01)


@given(st.integers(0, 10**6), st.lists(st.integers(-1, 2), min_size=1, max_size=20))
def test_the_nearest_across_splits_is_that_of_all_pairs(seed, splits):
    vectors, split = drawn(seed, [0] * len(splits), noise=2), np.array(splits)
    found, apart = doubts.nearest_across(vectors, split)
    products = vectors.astype(float) @ vectors.T
    for n, own in enumerate(splits):
        others = [m for m, other in enumerate(splits) if other not in (-1, own) and own != -1]
        assert found[n] == max(others, key=lambda m: (products[n, m], -m), default=-1)
        assert (
            np.isnan(apart[n]) if not others else apart[n] == mean_distance(vectors[[n]], vectors[found[n]])
        )


def test_no_faces_have_no_doubts():
    none = np.empty((0, 16), np.float32)
    assert [len(column) for column in doubts.halves(none, np.empty(0, int))] == [0, 0]
    assert [len(column) for column in doubts.nearest_groups(none, np.empty(0, int))] == [0, 0]
