"""Bootstrap intervals: over units, right as often as they say, the same each time."""

import numpy as np
import pytest

from deepfake.evaluation import bootstrap
from deepfake.evaluation.bootstrap import intervals
from deepfake.evaluation.metrics import METRICS, compute_metrics


def scores(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels and probabilities of independent images, half of them fake."""
    generator = np.random.default_rng(seed)
    labels = np.arange(size) % 2
    return labels, 1 / (1 + np.exp(-generator.normal(1.5 * labels - 0.75)))


def width(found: dict, name: str) -> float:
    low, high = found[name]
    return high - low


def test_intervals_hold_the_value_and_are_the_same_in_any_order():
    labels, probabilities = scores(200)
    units = np.array([f"person:{i // 10}" for i in range(200)])
    found = intervals(labels, probabilities, 0.5, units, 200, seed=1)
    value = compute_metrics(labels, probabilities, 0.5)
    assert list(found) == list(METRICS)
    for name in set(METRICS) - {"ece"}:  # which chance can only raise
        low, high = found[name]
        assert low < value[name] < high, name
    order = np.random.default_rng(3).permutation(200)
    again = intervals(labels[order], probabilities[order], 0.5, units[order], 200, seed=1)
    assert {n: pytest.approx(again[n], abs=1e-12) for n in again} == found
    assert intervals(labels, probabilities, 0.5, units, 200, seed=2) != found


def test_draws_are_of_units_and_not_of_frames():
    labels, probabilities = scores(40)
    copies = 25  # frames of a video that are all alike tell no more than one of them
    frames = [np.repeat(values, copies) for values in (labels, probabilities, np.arange(40))]
    of_videos = intervals(labels, probabilities, 0.5, np.arange(40), 300, seed=1)
    of_frames = intervals(frames[0], frames[1], 0.5, frames[2], 300, seed=1)
    assert {n: pytest.approx(of_frames[n], abs=1e-9) for n in METRICS} == of_videos
    wrong = intervals(frames[0], frames[1], 0.5, np.arange(1000), 300, seed=1)
    assert width(of_frames, "roc_auc") > 3 * width(wrong, "roc_auc")


def test_accuracy_is_covered_as_often_as_said():
    """Of 120 samples of 60 images with accuracy 0.8, about 95 % have it in their interval."""
    generator = np.random.default_rng(5)
    labels = np.arange(60) % 2
    inside = 0
    for _ in range(120):
        right = generator.random(60) < 0.8
        probabilities = np.where(right, labels, 1 - labels).astype(float)
        low, high = intervals(labels, probabilities, 0.5, np.arange(60), 200, seed=1)["accuracy"]
        inside += low <= 0.8 <= high
    assert 105 <= inside <= 119  # 114 are expected, give or take 5


def test_a_lower_level_is_a_narrower_interval():
    labels, probabilities = scores(60)
    wide = intervals(labels, probabilities, 0.5, np.arange(60), 300, seed=1)
    narrow = intervals(labels, probabilities, 0.5, np.arange(60), 300, seed=1, level=0.5)
    assert all(width(narrow, name) < width(wide, name) for name in METRICS)


def test_rounds_that_lack_a_class_are_left_out_of_what_needs_both():
    """Of 3 units one is fake: 8 of 27 draws lack it, 1 of 27 has nothing else."""
    labels, probabilities = np.array([0, 0, 1]), np.array([0.1, 0.6, 0.8])
    found = intervals(labels, probabilities, 0.5, np.arange(3), 400, seed=1)
    assert found["roc_auc"] == (1, 1)
    assert found["accuracy"] == (pytest.approx(1 / 3, abs=0.34), 1)


def test_what_most_rounds_do_not_define_has_no_interval():
    """Of two units, a real and a fake, half of all draws take one of them twice."""
    labels, probabilities = np.array([0, 1]), np.array([0.1, 0.6])
    found = [intervals(labels, probabilities, 0.5, [0, 1], 9, seed=s)["roc_auc"] for s in range(30)]
    assert set(found) == {None, (1, 1)}


def test_what_no_round_defines_has_no_interval():
    labels, probabilities = np.array([0, 0]), np.array([0.1, 0.6])
    found = intervals(labels, probabilities, 0.5, [0, 1], 100, seed=1)
    assert found["roc_auc"] is None and found["recall"] is None
    assert found["brier"] == (pytest.approx(0.01), pytest.approx(0.36))


@pytest.mark.parametrize(
    ("units", "rounds"), [(["a"] * 4, 100), (list("abcd"), 0)], ids=["one unit", "no rounds"]
)
def test_nothing_to_draw_is_no_interval(units, rounds):
    labels, probabilities = scores(4)
    found = intervals(labels, probabilities, 0.5, np.array(units), rounds, seed=1)
    assert found == dict.fromkeys(METRICS)


def test_no_images_are_no_interval():
    empty = np.array([])
    assert intervals(empty, empty, 0.5, empty, 100, seed=1) == dict.fromkeys(METRICS)


def test_rounds_are_the_same_however_many_are_held_at_once(monkeypatch):
    labels, probabilities = scores(30)
    at_once = intervals(labels, probabilities, 0.5, np.arange(30), 50, seed=1)
    monkeypatch.setattr(bootstrap, "CELLS", 7 * 30)
    assert intervals(labels, probabilities, 0.5, np.arange(30), 50, seed=1) == at_once
