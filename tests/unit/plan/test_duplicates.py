"""Clusters of near-duplicates: the same as by comparing every pair, however hashes crowd into buckets."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deepfake.extraction.images import encode, perceptual_hash
from deepfake.plan import duplicates
from deepfake.plan.duplicates import bits_apart, cluster_hashes, parse_hashes

quick = settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
distances = st.integers(0, 7)
crowds = st.sampled_from([2, 3, 5, duplicates.CROWDED])
bits = st.integers(0, 63) | st.integers(0, 11)  # often one of the same few, so that bands are equal


def flipped(centre: int, places: list[int]) -> int:
    for place in places:
        centre ^= 1 << place
    return centre


@st.composite
def populations(draw, least: int = 0) -> np.ndarray:
    """Hashes around few centres: clusters, chains, copies, and crowded bands."""
    centres = draw(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 2**12 - 1), min_size=1, max_size=4))
    one = st.builds(flipped, st.sampled_from(centres), st.lists(bits, max_size=9))
    return np.array(draw(st.lists(one, min_size=least, max_size=60)), np.uint64)


def every_pair(hashes: np.ndarray, distance: int) -> list[int]:
    """The result of cluster_hashes by flood fill: from each hash to all that are near, and so on."""
    smallest = np.full(len(hashes), -1)
    for start in range(len(hashes)):
        reached = [start] if smallest[start] < 0 else []
        for one in reached:
            near = (np.bitwise_count(hashes ^ hashes[one]) <= distance) & (smallest < 0)
            smallest[near] = start
            reached.extend(np.flatnonzero(near))
    return smallest.tolist()


def clustered(
    hashes: np.ndarray, distance: int, crowded: int, max_pairs: int = duplicates.MAX_PAIRS
) -> list[int]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "CROWDED", crowded)
        patch.setattr(duplicates, "MAX_PAIRS", max_pairs)
        return cluster_hashes(hashes, distance).tolist()


def partition(hashes: np.ndarray, labels: np.ndarray) -> set[frozenset]:
    """The sets of hashes with the same label."""
    return set(pd.Series(hashes.tolist()).groupby(np.asarray(labels)).agg(frozenset))


@quick
@given(populations(), distances, crowds, st.sampled_from([0, duplicates.MAX_PAIRS]))
@example(np.arange(60, dtype=np.uint64), 1, 2, 0)
@example(np.arange(60, dtype=np.uint64) * 3, 7, 2, 0)  # fewer bits vary than may differ
def test_clusters_are_those_of_comparing_every_pair(hashes, distance, crowded, max_pairs):
    assert clustered(hashes, distance, crowded, max_pairs) == every_pair(hashes, distance)


@quick
@given(populations(), distances, crowds, st.randoms(use_true_random=False))
def test_the_order_of_hashes_does_not_matter(hashes, distance, crowded, chance):
    order = np.array(chance.sample(range(len(hashes)), len(hashes)), int)
    one, two = (clustered(some, distance, crowded) for some in (hashes, hashes[order]))
    assert partition(hashes, one) == partition(hashes[order], two)


@quick
@given(populations(least=1), distances, crowds, st.data())
def test_a_pair_at_the_distance_is_found_whatever_bits_differ(hashes, distance, crowded, data):
    one = data.draw(st.integers(0, len(hashes) - 1))
    places = data.draw(st.lists(st.integers(0, 63), min_size=distance, max_size=distance, unique=True))
    planted = np.append(hashes, np.uint64(flipped(int(hashes[one]), places)))
    found = clustered(planted, distance, crowded)
    assert found[-1] == found[one]


@quick
@given(st.integers(0, 2**64 - 1), distances, st.permutations(range(64)), crowds)
def test_one_bit_more_is_too_far_unless_a_hash_lies_between(centre, distance, places, crowded):
    far = flipped(centre, places[: distance + 1])
    assert clustered(np.array([centre, far], np.uint64), distance, crowded) == [0, 1]
    if distance:
        between = flipped(centre, places[:1])
        assert clustered(np.array([centre, far, between], np.uint64), distance, crowded) == [0, 0, 0]


@quick
@given(populations(), distances, crowds)
def test_one_hash_of_each_cluster_has_no_near_duplicates(hashes, distance, crowded):
    kept = hashes[np.unique(clustered(hashes, distance, crowded)).astype(int)]
    assert clustered(kept, distance, crowded) == list(range(len(kept)))


@pytest.mark.parametrize("distance", [0, 3, 7])
def test_no_hash_one_hash_and_copies(distance):
    none = cluster_hashes(np.array([], np.uint64), distance)
    assert none.dtype == np.int64 and none.shape == (0,)
    assert cluster_hashes(np.array([7], np.uint64), distance).tolist() == [0]
    assert cluster_hashes(np.array([2**64 - 1, 7, 7, 2**64 - 1], np.uint64), distance).tolist() == [
        0,
        1,
        1,
        0,
    ]


def crowd(name: str, n: int) -> np.ndarray:
    """`n` hashes that crowd as `name` says, except for a random fifth."""
    chance = np.random.default_rng(4)

    def noise(n: int) -> np.ndarray:
        return chance.integers(0, 1 << 64, n, np.uint64)

    def ball(n: int, flips: int, width: int = 64) -> np.ndarray:
        places = np.uint64(1) << chance.integers(0, width, (n, flips), np.uint64)
        places[chance.random((n, flips)) < 0.2] = 0
        return noise(1) ^ np.bitwise_xor.reduce(places, axis=1)

    most = n - n // 5
    part = {
        "a ball": lambda: ball(most, 3),
        "a thin ball": lambda: ball(most, 6),
        "a ball in a shell": lambda: np.r_[ball(most // 2, 3), ball(most // 2, 9)],
        "two balls": lambda: np.r_[ball(most // 2, 4), ball(most // 2, 4)],
        "a chain": lambda: np.bitwise_xor.accumulate(ball(most, 2) ^ ball(1, 0)),
        "equal low bits": lambda: noise(most) | np.uint64(0xFFFF),
        "equal bits of one band": lambda: noise(most) | np.uint64(0x1111111111111111),
        "two values in a band": lambda: noise(most) | np.uint64(0x1111111111111110),
        "few bits vary": lambda: noise(most) & np.uint64(0xF0F0F),
        "clusters of ten": lambda: ball(most, 2) ^ np.repeat(noise(most // 10), 10),
        "copies": lambda: np.repeat(noise(1), most),
    }[name]()
    return chance.permutation(np.r_[part, noise(n // 5)])


CROWDS = (
    "a ball, a thin ball, a ball in a shell, two balls, a chain, equal low bits, equal bits of one band, "
    "two values in a band, few bits vary, clusters of ten, copies"
).split(", ")


@pytest.mark.parametrize("crowded", [2, 16, duplicates.CROWDED])
@pytest.mark.parametrize("name", CROWDS)
def test_crowded_hashes(name, crowded):
    hashes = crowd(name, 1000)
    for distance in (1, 3, 4):
        assert clustered(hashes, distance, crowded) == every_pair(hashes, distance)


@pytest.mark.parametrize("name", CROWDS)
def test_only_a_small_part_of_all_pairs_is_compared(name, monkeypatch):
    compared = []
    merge_in_buckets = duplicates._merge_in_buckets

    def counting(values, rows, size, *others):
        compared.append(int(size.sum()))
        merge_in_buckets(values, rows, size, *others)

    monkeypatch.setattr(duplicates, "_merge_in_buckets", counting)
    monkeypatch.setattr(duplicates, "CROWDED", 16)
    cluster_hashes(crowd(name, 20_000), 3)
    assert sum(compared) < 20_000**2 / 2 / 10


def test_texts_are_parsed_to_numbers():
    texts = ["0000000000000000", "00000000000000ff", "FFFFFFFFFFFFFFFF", "8000000000000001"]
    numbers = [int(text, 16) for text in texts]
    for given_as in (texts, pd.Series(texts, index=[3, 1, 2, 0]), iter(texts)):
        found = parse_hashes(given_as)
        assert found.dtype == np.uint64 and found.dtype.isnative and found.tolist() == numbers
    assert parse_hashes([]).shape == (0,) and parse_hashes([]).dtype == np.uint64
    image = encode(np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8), "png", 0)
    assert parse_hashes([perceptual_hash(image)]).tolist() == [int(perceptual_hash(image), 16)]


@pytest.mark.parametrize(
    "wrong",
    [
        ["", "0" * 32],
        ["0" * 15, "0" * 17],
        ["0" * 14 + "0x"],
        ["0" * 14 + "  "],
        ["0" * 8 + " " + "0" * 7],
        ["0" * 15 + "\n"],
        ["0" * 15 + "\uff11"],
        ["g" * 16],
        [float("nan")],
        [None],
        [7],
        [b"0" * 16],
    ],
)
def test_an_invalid_hash_is_an_error_that_names_it(wrong):
    with pytest.raises(ValueError, match=re.escape(f"{wrong[0]!r} is no hash of 16 hexadecimal digits")):
        parse_hashes(["0123456789abcdef", *wrong, "fedcba9876543210"])


def test_the_text_of_a_distance_says_that_distances_are_even():
    assert bits_apart(2) == "at most 2 bits" and bits_apart(0) == "at most 0 bits"
    assert bits_apart(3) == "at most 2 bits (distances are even, so `duplicates: 3` is the same)"
