"""Thresholds: how they are chosen, and read from files."""

import json

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.thresholds import (
    MOST_PEOPLE,
    choose_threshold,
    people_thresholds,
    read_model_thresholds,
    read_thresholds,
)

EDGES = [0.0, 5e-324, 1e-310, np.nextafter(0.5, 1), 0.5, np.nextafter(1, 0), 1 - 2**-24, 1.0]
score = st.sampled_from(EDGES) | st.floats(0, 1) | st.floats(0, 1, width=32)
rows = st.lists(st.tuples(st.integers(0, 1), score), max_size=12)


@pytest.mark.parametrize("method", ["f1_macro", "eer"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@given(rows=rows)
@example(rows=[(0, 1.0), (1, 1.0)])
@example(rows=[(0, 0.0), (1, 0.0)])
@example(rows=[(1, 1.0), (0, float(np.nextafter(1, 0)))])
def test_a_threshold_is_always_a_probability(rows, method, dtype):
    labels = np.array([label for label, _ in rows], np.int64)
    probabilities = np.array([p for _, p in rows], dtype)
    assert 0 <= choose_threshold(labels, probabilities, method) <= 1


@given(rows=rows)
def test_no_probability_is_a_better_threshold(rows):
    labels, probabilities = np.array([r[0] for r in rows]), np.array([r[1] for r in rows])
    if len(set(labels)) == 2:
        best = compute_metrics(labels, probabilities, choose_threshold(labels, probabilities))["f1_macro"]
        others = [
            compute_metrics(labels, probabilities, other)["f1_macro"] for other in [*probabilities, 0.0, 1.0]
        ]
        assert best >= max(others) - 1e-9


def test_several_real_people_are_called_fake_as_rarely_as_one():
    rng = np.random.default_rng(0)
    scores = np.concatenate([rng.beta(2, 5, 4000), rng.beta(5, 2, 4000)])
    labels = np.repeat([0, 1], 4000)
    thresholds = people_thresholds(labels, scores, 0.6)
    assert thresholds[0] == 0.6
    alarms = (scores[:4000] >= 0.6).mean()
    for k, threshold in enumerate(thresholds, 1):
        several = rng.choice(scores[:4000], (20_000, k)).max(axis=1)
        assert (several >= threshold).mean() == pytest.approx(alarms, abs=0.008)
    assert (rng.choice(scores[:4000], (20_000, 5)).max(axis=1) >= 0.6).mean() > 3 * alarms


def test_with_few_real_videos_the_threshold_is_right_above_the_highest():
    labels, scores = [0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.7, 0.5, 0.9]
    assert people_thresholds(labels, scores, 0.5) == [0.5] + [pytest.approx(0.8)] * 7
    assert people_thresholds(labels, scores, 0.8) == [0.8] * 8  # no false alarm to go by
    assert people_thresholds([1, 1], [0.2, 0.9], 0.5) == [0.5] * 8
    assert people_thresholds([], [], 0.5) == [0.5] * 8


@given(rows=rows, threshold=st.floats(0, 1))
@example(rows=[(0, 1.0), (0, 0.2), (1, 1.0)], threshold=0.5)
def test_thresholds_of_several_people_never_fall_and_never_allow_more_false_alarms(rows, threshold):
    labels, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], np.float64)
    thresholds = people_thresholds(labels, scores, threshold)
    assert len(thresholds) == MOST_PEOPLE and thresholds[0] == threshold
    assert all(a <= b <= 1 for a, b in zip(thresholds, thresholds[1:], strict=False))
    real = scores[labels == 0]
    for k, other in enumerate(thresholds, 1):
        if len(real) and other < 1:
            one, several = (real >= threshold).mean(), (real >= other).mean()
            assert 1 - (1 - several) ** k <= one + 1e-9


def test_thresholds_are_read_from_both_files(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"threshold": {"frame": 0.25, "video": 1, "how": "eer", "from": "val"}}))
    assert read_thresholds(path) == {"frame": 0.25, "video": 1.0}
    facts = {"threshold": 0.4, "video_threshold": 1, "threshold_choice": {"how": 0.4, "from": "config"}}
    facts["people_thresholds"] = [1.0] * 8
    path.write_text(json.dumps(facts | {"arch": "meso4"}))
    assert read_model_thresholds(path) == {"how": 0.4, "from": "config"} | {
        "frame": 0.4,
        "video": 1.0,
        "people": [1.0] * 8,
    }
    for changes in ({"how": None}, {"how": 0.4, "from": "x"}, {}, None):
        path.write_text(json.dumps(facts | {"threshold_choice": changes}))
        with pytest.raises(UserError, match="x.json: threshold.*; run finish again"):
            read_model_thresholds(path)
    for people in (None, [], [0.5, "x"], 0.5):
        path.write_text(json.dumps(facts | {"people_thresholds": people}))
        with pytest.raises(UserError, match="x.json: people_thresholds.*; run finish again"):
            read_model_thresholds(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read .No such file"),
        ('{"threshold"', "is no JSON"),
        ("[1]", "threshold must"),
        ("{}", "threshold must"),
        ('{"threshold": {"frame": 0.5}}', "threshold must"),
        ('{"threshold": {"frame": 0.5, "video": 1.5}}', "threshold must"),
        ('{"threshold": {"frame": true, "video": "0.5"}}', "threshold must"),
        ('{"threshold": NaN}', "threshold must"),
    ],
    ids="absent broken list empty no-video above text nan".split(),
)
@pytest.mark.parametrize("read", [read_thresholds, read_model_thresholds])
def test_a_file_without_a_threshold_is_an_error_that_names_it(tmp_path, read, content, message):
    path = tmp_path / "metrics.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=f"metrics.json:? {message}"):
        read(path)
