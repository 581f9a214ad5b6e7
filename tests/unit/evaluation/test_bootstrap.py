"""Confidence intervals: over units, with the stated coverage, the same each time."""

import numpy as np
import pytest

from deepfake.evaluation import bootstrap
from deepfake.evaluation.bootstrap import confidence_intervals
from deepfake.evaluation.metrics import METRICS, compute_metrics


def scores(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of independent images, half of them fake."""
    generator = np.random.default_rng(seed)
    labels = np.arange(size) % 2
    return labels, 1 / (1 + np.exp(-generator.normal(1.5 * labels - 0.75)))


def width(intervals: dict, name: str) -> float:
    low, high = intervals[name]
    return high - low


def test_intervals_contain_the_value_and_are_the_same_in_any_order():
    labels, probabilities = scores(200)
    units = np.array([f"person:{i // 10}" for i in range(200)])
    found = confidence_intervals(labels, probabilities, 0.5, units, 200, seed=1)
    value = compute_metrics(labels, probabilities, 0.5)
    assert list(found) == list(METRICS)
    for name in set(METRICS) - {"ece"}:  # which resampling can only increase
        low, high = found[name]
        assert low < value[name] < high, name
    order = np.random.default_rng(3).permutation(200)
    again = confidence_intervals(labels[order], probabilities[order], 0.5, units[order], 200, seed=1)
    assert {n: pytest.approx(again[n], abs=1e-12) for n in again} == found
    assert confidence_intervals(labels, probabilities, 0.5, units, 200, seed=2) != found


def test_units_are_resampled_not_frames():
    labels, probabilities = scores(40)
    copies = 25  # equal frames of a video hold no more information than one of them
    frames = [np.repeat(values, copies) for values in (labels, probabilities, np.arange(40))]
    of_videos = confidence_intervals(labels, probabilities, 0.5, np.arange(40), 300, seed=1)
    of_frames = confidence_intervals(frames[0], frames[1], 0.5, frames[2], 300, seed=1)
    assert {n: pytest.approx(of_frames[n], abs=1e-9) for n in METRICS} == of_videos
    wrong = confidence_intervals(frames[0], frames[1], 0.5, np.arange(1000), 300, seed=1)
    assert width(of_frames, "roc_auc") > 3 * width(wrong, "roc_auc")


def test_the_coverage_of_accuracy_is_the_stated_level():
    """Of 120 samples of 60 images with accuracy 0.8, about 95 % have it in their interval."""
    generator = np.random.default_rng(5)
    labels = np.arange(60) % 2
    inside = 0
    for _ in range(120):
        right = generator.random(60) < 0.8
        probabilities = np.where(right, labels, 1 - labels).astype(float)
        low, high = confidence_intervals(labels, probabilities, 0.5, np.arange(60), 200, seed=1)["accuracy"]
        inside += low <= 0.8 <= high
    assert 105 <= inside <= 119  # 114 are expected, give or take 5


def test_a_lower_level_is_a_narrower_interval():
    labels, probabilities = scores(60)
    wide = confidence_intervals(labels, probabilities, 0.5, np.arange(60), 300, seed=1)
    narrow = confidence_intervals(labels, probabilities, 0.5, np.arange(60), 300, seed=1, level=0.5)
    assert all(width(narrow, name) < width(wide, name) for name in METRICS)


def test_rounds_without_a_class_are_left_out_of_metrics_that_need_both():
    """Of 3 units one is fake: 8 of 27 draws lack it, 1 of 27 has nothing else."""
    labels, probabilities = np.array([0, 0, 1]), np.array([0.1, 0.6, 0.8])
    found = confidence_intervals(labels, probabilities, 0.5, np.arange(3), 400, seed=1)
    assert found["roc_auc"] == (1, 1)
    assert found["accuracy"] == (pytest.approx(1 / 3, abs=0.34), 1)


def test_a_metric_that_most_rounds_do_not_define_has_no_interval():
    """Of two units, a real and a fake, half of all draws take one of them twice."""
    labels, probabilities = np.array([0, 1]), np.array([0.1, 0.6])
    found = [
        confidence_intervals(labels, probabilities, 0.5, [0, 1], 9, seed=s)["roc_auc"] for s in range(30)
    ]
    assert set(found) == {None, (1, 1)}


def test_a_metric_that_no_round_defines_has_no_interval():
    labels, probabilities = np.array([0, 0]), np.array([0.1, 0.6])
    found = confidence_intervals(labels, probabilities, 0.5, [0, 1], 100, seed=1)
    assert found["roc_auc"] is None and found["recall"] is None
    assert found["brier"] == (pytest.approx(0.01), pytest.approx(0.36))


@pytest.mark.parametrize(
    ("units", "rounds"), [(["a"] * 4, 100), (list("abcd"), 0)], ids=["one unit", "no rounds"]
)
def test_nothing_to_resample_gives_no_interval(units, rounds):
    labels, probabilities = scores(4)
    found = confidence_intervals(labels, probabilities, 0.5, np.array(units), rounds, seed=1)
    assert found == dict.fromkeys(METRICS)


def test_no_images_give_no_interval():
    empty = np.array([])
    assert confidence_intervals(empty, empty, 0.5, empty, 100, seed=1) == dict.fromkeys(METRICS)


def test_rounds_do_not_depend_on_how_many_are_computed_at_once(monkeypatch):
    labels, probabilities = scores(30)
    at_once = confidence_intervals(labels, probabilities, 0.5, np.arange(30), 50, seed=1)
    monkeypatch.setattr(bootstrap, "MAX_CELLS", 7 * 30)
    assert confidence_intervals(labels, probabilities, 0.5, np.arange(30), 50, seed=1) == at_once
