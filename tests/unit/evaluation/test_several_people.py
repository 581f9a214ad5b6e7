"""False alarms of videos of several people, against every set of people, one by one."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.predictions import FAKE, NONE, ONE_REAL, REAL, table

from deepfake.evaluation.predictions import aggregate_to_videos
from deepfake.evaluation.several_people import PEOPLE, false_alarms_by_people, share_of_alarms
from deepfake.evaluation.thresholds import people_thresholds


def real_videos(scores: dict[str, list[float]]):
    rows = [("a", f"{who}{n}", "", REAL, who, [p]) for who, of in scores.items() for n, p in enumerate(of)]
    return aggregate_to_videos(table([*rows, ("a", "fake", "swap", FAKE, "p", [0.9])]))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=7), st.data())
def test_the_share_is_that_over_all_sets_of_people(below, data):
    people = data.draw(st.integers(1, min(len(below), 5)))
    sets = [np.prod(chosen) for chosen in combinations(below, people)]
    found = share_of_alarms(np.array(below), np.ones((1, len(below))), people)
    assert found == pytest.approx([1 - np.mean(sets)], abs=1e-9)


def test_every_video_of_every_person_counts_alike():
    scores = {"p": [0.2, 0.8], "q": [0.1], "r": [0.4, 0.6, 0.7], "s": [0.55]}
    thresholds = [0.5, 0.6, 0.75, 1.0]
    found = false_alarms_by_people(real_videos(scores), thresholds, rounds=0, seed=1)
    assert [row["people"] for row in found] == [1, 2, 3, 4]
    for row in found:
        k = row["people"]
        draws = [
            max(one) for who in combinations(scores, k) for one in _alike(product(*(scores[w] for w in who)))
        ]
        assert row["threshold"] == thresholds[k - 1]
        assert row["single"]["value"] == pytest.approx(np.mean([d >= 0.5 for d in draws]))
        assert row["corrected"]["value"] == pytest.approx(np.mean([d >= thresholds[k - 1] for d in draws]))
        assert row["single"]["low"] is None


def _alike(sets):
    """Every set of people counts alike, however many videos they have: twelve draws of each."""
    sets = list(sets)
    return sets * (12 // len(sets))


def test_the_corrected_threshold_holds_the_false_alarms_where_the_single_one_lets_them_grow():
    rng = np.random.default_rng(3)
    val, test = ({f"p{n}": [s] for n, s in enumerate(rng.beta(2, 6, 400))} for _ in range(2))
    known = real_videos(val)
    thresholds = people_thresholds(known["label"], known["probability"], 0.45)
    found = false_alarms_by_people(real_videos(test), thresholds, rounds=200, seed=1)
    single, corrected = ([row[key]["value"] for row in found] for key in ("single", "corrected"))
    assert len(found) == len(PEOPLE) and single[4] > 3 * single[0] and single == sorted(single)
    assert max(corrected) < 1.5 * single[0]
    for row in found:
        assert row["corrected"]["low"] <= row["corrected"]["value"] <= row["corrected"]["high"]
    again = false_alarms_by_people(real_videos(test).iloc[::-1], thresholds, rounds=200, seed=1)
    assert again == found


def test_without_real_people_there_is_nothing():
    assert false_alarms_by_people(aggregate_to_videos(NONE), [0.5], seed=1) == []
    (row,) = false_alarms_by_people(aggregate_to_videos(table(ONE_REAL)), [0.5] * 8, seed=1)
    assert row["single"] == {"value": 0.0, "low": None, "high": None}
