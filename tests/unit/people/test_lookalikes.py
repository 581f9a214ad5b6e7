"""Look-alikes come to one split where that loses fewer videos, without any crowd of them that fills it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from deepfake.people.guard import guard_band
from deepfake.people.lookalikes import gather, ties
from deepfake.people.neighbours import near_pairs, whole_numbers


def drawn(seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors in whole numbers, and the person of each."""
    random = np.random.default_rng(seed)
    vectors = random.normal(size=(count, 6)) + 1.2
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return whole_numbers(vectors), random.integers(0, max(count // 3, 1), count)


@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0.1, 0.8))
def test_two_people_in_two_splits_lose_at_most_their_ties(seed, count, distance):
    vectors, owners = drawn(seed, count)
    tied = ties(owners, near_pairs(vectors, distance)[0])
    for one in set(owners.tolist()):
        for other in range(one + 1, owners.max() + 1):
            split = np.where(owners == one, 0, np.where(owners == other, 1, -1))
            lost = guard_band(vectors, split, np.ones(count), distance).out.sum()
            assert lost <= tied.get((one, other), 0)
            assert (lost > 0) == ((one, other) in tied)


@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(0.1, 0.8), st.integers(1, 30))
def test_what_comes_together_is_tied_and_not_too_large(seed, count, distance, largest):
    vectors, owners = drawn(seed, count)
    sizes, tied = np.bincount(owners), ties(owners, near_pairs(vectors, distance)[0])
    group = gather(sizes, tied, largest)
    assert (group[group] == group).all()
    assert (group <= np.arange(len(group))).all()
    for name in set(group.tolist()):
        members = np.flatnonzero(group == name)
        assert len(members) == 1 or sizes[members].sum() <= largest
        inside = {pair for pair in tied if set(pair) <= set(members.tolist())}
        assert len(inside) >= len(members) - 1
    if largest >= count:
        assert all(group[a] == group[b] for a, b in tied)


def test_the_most_alike_come_together_first():
    sizes = np.array([4, 4, 4])
    assert gather(sizes, {(0, 1): 1, (1, 2): 3}, 8).tolist() == [0, 1, 1]
    assert gather(sizes, {(0, 1): 3, (1, 2): 3}, 8).tolist() == [0, 0, 2]
    assert gather(sizes, {(0, 1): 3, (1, 2): 3}, 7).tolist() == [0, 1, 2]
