"""Frame sampling: for every strategy, indices rise, lie in the video and never repeat."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.sampling import STRATEGIES, parse_fraction, sample_indices

lengths = st.integers(0, 2000)
counts = st.integers(1, 300)
parts = st.one_of(
    st.floats(0, 1), st.tuples(st.integers(0, 99), st.integers(1, 99)).map(lambda t: f"{min(t)}/{max(t)}")
)
sections = st.one_of(
    st.fixed_dictionaries({"strategy": st.sampled_from(["uniform", "random"])}),
    st.fixed_dictionaries(
        {"strategy": st.just("interval"), "every": st.integers(1, 400), "max": st.none() | st.integers(1, 50)}
    ),
    st.fixed_dictionaries({"strategy": st.just("fractions"), "at": st.lists(parts, min_size=1, max_size=9)}),
)


@given(lengths, sections, counts, st.integers(0, 9))
def test_indices_rise_in_the_video_and_are_the_same_each_time(frames, cfg, count, seed):
    count = count if cfg["strategy"] in ("uniform", "random") else ""
    taken = sample_indices(frames, cfg | {"seed": seed}, "video", count)
    assert taken == sorted(set(taken)) == sample_indices(frames, cfg | {"seed": seed}, "video", str(count))
    assert all(type(i) is int and 0 <= i < frames for i in taken)
    assert bool(taken) == bool(frames)
    if count:
        assert len(taken) == min(count, frames)


@given(st.integers(1, 2000), counts)
def test_uniform_is_numpys_linspace_without_its_rounding(frames, count):
    taken = sample_indices(frames, {"strategy": "uniform"}, "video", count)
    exact = np.linspace(0, frames - 1, min(count, frames))
    assert np.all(np.abs(exact - taken) < 1)
    assert all(int(x + 1e-9) == i for x, i in zip(exact, taken, strict=True))
    if len(taken) > 1:
        assert (taken[0], taken[-1]) == (0, frames - 1)


def test_interval_takes_every_nth_up_to_a_limit():
    assert sample_indices(10, {"strategy": "interval", "every": 3, "max": None}, "video", "") == [0, 3, 6, 9]
    assert sample_indices(10, {"strategy": "interval", "every": 3, "max": 2}, "video", "") == [0, 3]


@pytest.mark.parametrize(
    ("frames", "at", "taken"),
    [
        (300, ["1/3", "1/2", "2/3"], [100, 150, 200]),
        (300, [0.25, 1 / 3], [75, 100]),
        (300, [0, 1], [0, 299]),
        (2, ["1/3", "1/2", "2/3"], [0, 1]),
        (1, ["1/3", "1/2", "2/3"], [0]),
    ],
)
def test_fractions_are_exact(frames, at, taken):
    assert sample_indices(frames, {"strategy": "fractions", "at": at}, "video", "") == taken


@pytest.mark.parametrize("part", ["3/2", 1.1, -0.1])
def test_a_fraction_outside_0_to_1_is_an_error(part):
    with pytest.raises(ValueError, match="between 0 and 1"):
        parse_fraction(part)


@given(lengths, st.integers(1, 60), st.integers(1, 8))
def test_more_uniform_frames_are_those_of_a_fake_and_others_evenly_between(frames, base, boost):
    cfg = {"strategy": "uniform"}
    fake, plain = (sample_indices(frames, cfg, "v", count, base) for count in (base, base * boost))
    assert fake == sample_indices(frames, cfg, "v", base)
    assert plain == sorted(set(plain)) and set(fake) <= set(plain) <= set(range(frames))
    assert len(plain) == min(base * boost, frames)
    gaps = [b - a for a, b in pairwise(plain)]
    if base > 1 and gaps:
        assert max(gaps) <= 2 * min(gaps) + 1


@given(st.integers(1, 500), st.integers(1, 50), st.integers(1, 50))
def test_a_higher_random_count_keeps_the_earlier_frames(frames, few, more):
    taken = [
        set(sample_indices(frames, {"strategy": "random", "seed": 1}, "v", n)) for n in (few, few + more)
    ]
    assert taken[0] <= taken[1]


def test_random_frames_depend_on_seed_and_name():
    draws = [
        tuple(sample_indices(1000, {"strategy": "random", "seed": seed}, video, 5))
        for seed, video in ((1, "a"), (2, "a"), (1, "b"))
    ]
    assert len(set(draws)) == 3


def test_every_strategy_is_tested_here():
    assert set(STRATEGIES) == {"uniform", "random", "interval", "fractions"}
