"""Average linkage among near neighbours gives the groups of the textbook's, which sees all pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from deepfake.people import neighbours
from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import (
    SCALE,
    least_product,
    near_pairs,
    nearest,
    nearest_in_other_groups,
    whole_numbers,
)


def planted(seed: int, people: int, noise: float) -> np.ndarray:
    """Unit vectors around as many centres, of sizes 1 to 8, in whole numbers."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(people, 16)) + 1.5
    vectors = np.repeat(centres, random.integers(1, 9, people), axis=0)
    vectors += random.normal(scale=noise, size=vectors.shape)
    return whole_numbers(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def partition_of(labels) -> set[frozenset]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels)}


@given(st.integers(0, 10**6), st.integers(1, 12), st.sampled_from([0.1, 0.3, 0.6]), st.floats(0.1, 0.9))
def test_groups_are_those_of_all_pairs(seed, people, noise, distance):
    vectors = planted(seed, people, noise)
    if len(vectors) < 2:
        return
    products = vectors.astype(float) @ vectors.T / SCALE**2
    unlike = squareform(np.maximum(1 - products, 0) * (1 - np.eye(len(vectors))), checks=False)
    expected = fcluster(linkage(unlike, "average"), distance**2 / 2, "distance")
    assert partition_of(average_linkage(vectors, distance)) == partition_of(expected)


@given(st.integers(0, 10**6), st.floats(0.1, 0.9))
def test_near_pairs_are_those_of_the_matrix(seed, distance):
    vectors = planted(seed, 6, 0.3)
    apart = np.linalg.norm(vectors[:, None] - vectors[None], axis=2) / SCALE
    pairs, products = near_pairs(vectors, distance)
    surely = {(i, j) for i, j in np.argwhere(np.triu(apart < distance - 0.01, 1)).tolist()}
    maybe = {(i, j) for i, j in np.argwhere(np.triu(apart < distance + 0.01, 1)).tolist()}
    assert surely <= {tuple(pair) for pair in pairs.tolist()} <= maybe
    assert products.tolist() == [float(vectors[i] @ vectors[j]) for i, j in pairs]


@pytest.mark.parametrize("count", [1, 3, 50])
def test_nearest_come_first(count):
    vectors = planted(3, 10, 0.3)
    found, apart = nearest(vectors, vectors, count)
    assert (found[:, 0] == np.arange(len(vectors))).all()
    assert found.shape == apart.shape == (len(vectors), min(count, len(vectors)))
    assert (np.diff(apart, axis=1) >= 0).all()


def merged_by_hand(vectors, distance: float, together, apart) -> set[frozenset]:
    """Merge the two groups with the highest mean product, of those that may be merged, until none is left."""
    groups = [np.flatnonzero(together == label).tolist() for label in dict.fromkeys(together.tolist())]
    while True:
        allowed = [
            ((vectors[one].sum(0) @ vectors[two].sum(0)) / len(one) / len(two), i, j)
            for i, one in enumerate(groups)
            for j, two in enumerate(groups)
            if i < j and not any((a in one and b in two) or (a in two and b in one) for a, b in apart)
        ]
        mean, i, j = max(allowed, default=(-np.inf, 0, 0))
        if mean < least_product(distance):
            return {frozenset(group) for group in groups}
        groups[i] += groups.pop(j)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.3, 0.6]), st.floats(0.1, 0.9), st.integers(0, 8))
def test_what_is_together_stays_so_and_what_is_apart_too(seed, noise, distance, forbidden):
    random = np.random.default_rng(seed)
    vectors = planted(seed, 5, noise).astype(float)
    together = random.integers(0, len(vectors), len(vectors)) if seed % 2 else np.arange(len(vectors))
    apart = random.integers(0, len(vectors), (forbidden, 2))
    apart = apart[together[apart[:, 0]] != together[apart[:, 1]]]
    groups = average_linkage(vectors, distance, together=together, apart=apart)
    for label in set(together.tolist()):
        assert len(set(groups[together == label].tolist())) == 1
    assert not (groups[apart[:, 0]] == groups[apart[:, 1]]).any()
    assert partition_of(groups) == merged_by_hand(vectors, distance, together, apart.tolist())
    assert all(group == np.flatnonzero(groups == group)[0] for group in groups)


def test_what_is_together_can_not_be_apart():
    vectors = planted(1, 3, 0.1)
    with pytest.raises(ValueError, match="vector 0"):
        average_linkage(vectors, 0.3, together=np.zeros(len(vectors), int), apart=np.array([[0, 1]]))


@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 9), st.integers(2, 9), st.booleans())
def test_of_crowded_vectors_the_nearest_are_pairs(seed, most, tile, block, equal):
    vectors = planted(seed, 5, 0.3)
    if equal:
        vectors[1::2] = vectors[0]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "TILE", tile)
        patch.setattr(neighbours, "BLOCK", block)
        pairs, _ = near_pairs(vectors, 0.5, most)
    expected = set()
    for row, products in enumerate((vectors.astype(float) @ vectors.T).tolist()):
        near = [at for at, product in enumerate(products) if at != row and product >= least_product(0.5)]
        nearest_ones = sorted(near, key=lambda at, products=products: (-products[at], at))[:most]
        expected |= {(min(row, at), max(row, at)) for at in nearest_ones}
    assert {tuple(pair) for pair in pairs.tolist()} == expected and len(pairs) == len(expected)


@given(st.integers(0, 10**6), st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(1, 9))
def test_the_nearest_of_another_group_is_that_of_the_matrix(seed, groups, block):
    vectors, groups = planted(seed, 20, 0.3)[: len(groups)], np.array(groups)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "BLOCK", block)
        found, apart = nearest_in_other_groups(vectors, groups)
    products = (vectors.astype(float) @ vectors.T).astype(float)
    products[groups[:, None] == groups] = -np.inf
    for row, best in enumerate(products.max(axis=1, initial=-np.inf)):
        if np.isinf(best):
            assert found[row] == -1 and np.isnan(apart[row])
        else:
            assert products[row, found[row]] == best
            assert apart[row] == np.sqrt(max(2 - 2 * best / SCALE**2, 0))
