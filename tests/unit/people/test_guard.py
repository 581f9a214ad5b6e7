"""The guard band leaves nothing near in two splits, by brute force, and leaves out as little as it can."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.people.guard import guard_band
from deepfake.people.neighbours import SCALE, whole_numbers


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unit vectors in whole numbers, a split of each, and a weight of each."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 8)) + 1.2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return whole_numbers(vectors), random.integers(-1, 3, count), random.choice([1.0, 2.0, 3.5], count)


def near_pairs_of_splits(vectors, split, distance) -> set[tuple[int, int]]:
    return {
        (i, j)
        for i, j in combinations(range(len(vectors)), 2)
        if split[i] != split[j]
        and min(split[i], split[j]) >= 0
        and vectors[i].astype(float) @ vectors[j] >= (1 - distance**2 / 2) * SCALE**2
    }


@given(st.integers(0, 10**6), st.integers(0, 40), st.floats(0.05, 1.0))
def test_nothing_near_is_left_in_two_splits(seed, count, distance):
    vectors, split, weights = drawn(seed, count)
    band = guard_band(vectors, split, weights, distance)
    near = near_pairs_of_splits(vectors, split, distance)
    assert not {pair for pair in near if not band.out[list(pair)].any()}
    for i in np.flatnonzero(band.out):
        assert tuple(sorted((i, int(band.like[i])))) in near
        assert band.distance[i] == pytest.approx(
            np.linalg.norm(vectors[i] - vectors[band.like[i]]) / SCALE, abs=0.005
        )
    assert (band.like[~band.out] == -1).all()
    assert np.isnan(band.distance[~band.out]).all()


@given(st.integers(0, 10**6), st.integers(2, 11), st.floats(0.1, 1.0))
def test_as_little_as_possible_is_left_out(seed, count, distance):
    vectors, split, weights = drawn(seed, count)
    split = np.minimum(split, 1)
    near = near_pairs_of_splits(vectors, split, distance)
    lost = guard_band(vectors, split, weights, distance).out @ weights
    best = min(
        weights[list(chosen)].sum()
        for size in range(count + 1)
        for chosen in combinations(range(count), size)
        if all(set(pair) & set(chosen) for pair in near)
    )
    assert lost == pytest.approx(best)


def test_pairs_that_are_known_to_be_two_people_may_be_near():
    vectors = whole_numbers(np.eye(4)[[0, 0, 1, 1]])
    split, weights = np.array([0, 1, 0, 1]), np.ones(4)
    assert guard_band(vectors, split, weights, 0.3, np.array([[1, 0]])).out.tolist() in (
        [False, False, True, False],
        [False, False, False, True],
    )
