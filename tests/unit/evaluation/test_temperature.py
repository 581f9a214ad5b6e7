"""Temperature scaling: the loss falls, the order of the logits stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from deepfake.checkpoints.inference import sigmoid
from deepfake.evaluation.temperature import MAX_TEMPERATURE, fit_temperature, log_loss

ROWS = st.lists(st.tuples(st.integers(0, 1), st.floats(-30, 30, width=32)), max_size=30)


@given(rows=ROWS)
@settings(deadline=None)
def test_the_loss_never_rises_and_the_order_stays(rows):
    labels, logits = np.array([r[0] for r in rows], int), np.array([r[1] for r in rows], np.float32)
    temperature = fit_temperature(labels, logits)
    assert 1 / MAX_TEMPERATURE <= temperature <= MAX_TEMPERATURE
    if len(set(labels.tolist())) < 2:
        assert temperature == 1
        return
    assert log_loss(labels, logits / temperature) <= log_loss(labels, logits) + 1e-6
    exact = logits.astype(np.float64)
    assert np.array_equal(rankdata(exact), rankdata(exact / temperature))
    assert np.abs(exact / temperature).max() <= max(10.001, np.abs(exact).max())


@pytest.mark.parametrize("factor", [0.25, 1, 4])
def test_the_factor_of_scaled_logits_is_found(factor):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, 4000)
    labels = (rng.random(4000) < sigmoid(logits)).astype(int)
    assert fit_temperature(labels, logits * factor) == pytest.approx(factor, rel=0.1)


def test_no_other_temperature_nearby_is_better():
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 2
    logits = rng.normal(6 * labels - 3, 6)
    best = fit_temperature(labels, logits)
    losses = [log_loss(labels, logits / t) for t in (best * 0.99, best, best * 1.01)]
    assert best > 1.5 and losses[1] == min(losses)


def test_without_mistakes_probabilities_stay_distinct():
    labels, logits = np.array([0, 0, 1, 1]), np.array([-0.2, -0.1, 0.1, 0.2])
    found = sigmoid(logits / fit_temperature(labels, logits))
    assert len(set(found.tolist())) == 4 and found.max() < 1


@pytest.mark.parametrize(
    ("labels", "logits"),
    [([], []), ([1, 1], [0.3, 2.0]), ([0, 1], [0.0, 0.0])],
    ids=["none", "one class", "zeros"],
)
def test_it_is_one_where_there_is_nothing_to_fit(labels, logits):
    assert fit_temperature(np.array(labels, int), np.array(logits)) == 1


def test_logits_near_zero_stay_numbers():
    labels, logits = np.array([0, 1]), np.array([-1e-45, 1e-45], np.float32)
    assert fit_temperature(labels, logits) in (1 / MAX_TEMPERATURE, 1)


def test_the_loss_is_the_log_loss_of_the_probabilities():
    labels, logits = np.array([0, 1, 1]), np.array([-1.0, 2.0, -0.5])
    probabilities = 1 / (1 + np.exp(-logits))
    right = np.where(labels == 1, probabilities, 1 - probabilities)
    assert log_loss(labels, logits) == pytest.approx(-np.log(right).mean())
