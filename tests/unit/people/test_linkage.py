"""Average linkage among near neighbours gives the groups of the textbook's, which sees all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import SCALE, near_pairs, nearest, whole_numbers


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
