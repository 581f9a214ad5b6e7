"""Metrics and thresholds: known answers, and those of scikit-learn on any predictions, weighted or not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve

from deepfake.errors import UserError
from deepfake.evaluation.metrics import (
    BINS,
    METRICS,
    calibration_bin,
    compute_metrics,
    compute_weighted_metrics,
)
from deepfake.evaluation.roc import allowed_false_positives, roc_counts
from deepfake.evaluation.thresholds import choose_threshold

quick = settings(deadline=None, max_examples=60)
RATES = {"tpr_at_fpr_0.05": 0.05, "tpr_at_fpr_0.01": 0.01, "tpr_at_fpr_0.001": 0.001}
BOTH = ["balanced_accuracy", "roc_auc", "average_precision", "partial_auc", *RATES, "eer"]


@st.composite
def predictions(draw, both: bool = True):
    """Labels, probabilities with many ties, weights, and a threshold that often is one of them."""
    size = draw(st.integers(2, 40))
    labels = draw(st.lists(st.integers(0, 1), min_size=size, max_size=size))
    if both:
        labels[:2] = [0, 1]
    some = st.sampled_from([0.0, 0.2, 1 / 3, 0.5, 0.7, 1.0]) | st.floats(0, 1)
    values = draw(st.lists(some, min_size=size, max_size=size))
    weights = draw(st.lists(st.floats(0.1, 9), min_size=size, max_size=size))
    return np.array(labels), np.array(values), np.array(weights), draw(some)


def by_sklearn(labels, probabilities, weights, threshold) -> dict[str, float]:
    called = (probabilities >= threshold).astype(int)
    options = {"sample_weight": weights}
    each = {**options, "labels": [0, 1], "zero_division": 0}
    alone = {**options, "zero_division": np.nan}
    fpr, tpr, _ = sk.roc_curve(labels, probabilities, drop_intermediate=False, **options)
    return {
        "f1_macro": sk.f1_score(labels, called, average="macro", **each),
        "f1_fake": sk.f1_score(labels, called, **each),
        "accuracy": sk.accuracy_score(labels, called, **options),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, called, **options),
        "precision": sk.precision_score(labels, called, **alone),
        "recall": sk.recall_score(labels, called, **alone),
        "roc_auc": sk.roc_auc_score(labels, probabilities, **options),
        "average_precision": sk.average_precision_score(labels, probabilities, **options),
        "partial_auc": sk.roc_auc_score(labels, probabilities, max_fpr=0.1, **options),
        **{name: tpr[fpr <= rate + 1e-9].max() for name, rate in RATES.items()},
        "eer": np.interp(0, fpr + tpr - 1, fpr),
        "log_loss": sk.log_loss(labels, probabilities, labels=[0, 1], **options),
        "brier": sk.brier_score_loss(labels, probabilities, **options),
    }


def assert_equal(found: dict, expected: dict) -> None:
    for name, value in expected.items():
        assert found[name] == pytest.approx(None if np.isnan(value) else value, abs=1e-9), name


@quick
@given(predictions())
def test_agrees_with_scikit_learn(made):
    labels, probabilities, weights, threshold = made
    assert_equal(
        compute_metrics(labels, probabilities, threshold), by_sklearn(labels, probabilities, None, threshold)
    )
    assert_equal(
        compute_metrics(labels, probabilities, threshold, weights),
        by_sklearn(labels, probabilities, weights, threshold),
    )


@quick
@given(predictions(both=False))
def test_calibration_error_agrees_with_scikit_learns_curve(made):
    labels, probabilities, _, _ = made
    sizes = np.bincount(calibration_bin(probabilities), minlength=BINS)
    share, mean = calibration_curve(labels, probabilities, n_bins=BINS)
    error = np.average(np.abs(share - mean), weights=sizes[sizes > 0])
    assert compute_metrics(labels, probabilities, 0.5)["ece"] == pytest.approx(error, abs=1e-9)


@quick
@given(predictions(both=False), st.data())
def test_integer_weights_equal_copies(made, data):
    labels, probabilities, _, threshold = made
    times = data.draw(st.lists(st.integers(0, 3), min_size=len(labels), max_size=len(labels)))
    copied = compute_metrics(np.repeat(labels, times), np.repeat(probabilities, times), threshold)
    weighted = compute_metrics(labels, probabilities, threshold, np.array(times))
    assert weighted == pytest.approx(copied, abs=1e-9)


@quick
@given(predictions(both=False), st.randoms())
def test_each_set_of_weights_is_independent_of_the_others_and_of_the_order(made, random):
    labels, probabilities, weights, threshold = made
    rows = np.stack([weights, np.ones_like(weights), np.zeros_like(weights)])
    many = compute_weighted_metrics(labels, probabilities, threshold, rows)
    order = random.sample(range(len(labels)), len(labels))
    for number, row in enumerate(rows):
        alone = compute_metrics(labels[order], probabilities[order], threshold, row[order])
        assert_equal(alone, {name: values[number] for name, values in many.items()})
    assert all(np.isnan(values[2]) for values in many.values())  # no weight is no images


@pytest.mark.parametrize(
    ("labels", "probabilities", "known"),
    [
        pytest.param(
            [0, 0, 1, 1],
            [0, 0, 1, 1],
            {**dict.fromkeys(METRICS, 1.0), "eer": 0, "log_loss": 0, "brier": 0, "ece": 0},
            id="perfect",
        ),
        pytest.param(
            [0, 0, 1, 1],
            [1, 1, 0, 0],
            {"f1_macro": 0, "accuracy": 0, "roc_auc": 0, "average_precision": 0.5, "eer": 1, "brier": 1},
            id="inverted",
        ),
        pytest.param(
            [0, 0, 0, 1],
            [0.5] * 4,
            {"f1_macro": 0.2, "f1_fake": 0.4, "accuracy": 0.25, "precision": 0.25, "recall": 1}
            | {"roc_auc": 0.5, "average_precision": 0.25, "eer": 0.5, "log_loss": np.log(2)}
            | {"brier": 0.25, "ece": 0.25, "balanced_accuracy": 0.5},
            id="constant",
        ),
        pytest.param(  # the ROC runs (0, 0), (0, 1/2), (1/2, 1), (1, 1)
            [0, 0, 1, 1],
            [0.2, 0.6, 0.6, 0.9],
            {
                "roc_auc": 7 / 8,
                "tpr_at_fpr_0.05": 0.5,
                "eer": 0.25,
                "average_precision": 1 / 2 + 1 / 3,
                "accuracy": 0.75,
            },
            id="a tie between the classes",
        ),
        pytest.param(
            [1, 1, 1],
            [0.9, 0.9, 0.1],
            {"f1_fake": 0.8, "f1_macro": 0.4, "accuracy": 2 / 3, "precision": 1, "recall": 2 / 3}
            | dict.fromkeys(BOTH),
            id="fakes only",
        ),
        pytest.param(
            [0, 0],
            [0.1, 0.3],
            {"f1_fake": 0, "f1_macro": 0.5, "accuracy": 1, "precision": None, "recall": None, "ece": 0.2}
            | dict.fromkeys(BOTH),
            id="reals only",
        ),
        pytest.param(
            [0, 1],
            [0.1, 0.3],
            {"precision": None, "recall": 0, "f1_fake": 0, "f1_macro": 1 / 3, "roc_auc": 1},
            id="nothing called fake",
        ),
        pytest.param([], [], dict.fromkeys(METRICS), id="no images"),
    ],
)
def test_known_answers(labels, probabilities, known):
    found = compute_metrics(np.array(labels, int), np.array(probabilities, float), 0.5)
    assert list(found) == list(METRICS)
    assert {name: found[name] for name in known} == pytest.approx(known, abs=1e-12)


@pytest.mark.parametrize(
    ("reals_above", "known"),
    [
        pytest.param([], (1, 1, 1), id="none of 40 reals is a false positive"),
        pytest.param([0.85], (1, 0.5, 0.5), id="one is 2.5 %"),
        pytest.param([0.85, 0.75], (1, 0.5, 0.5), id="two are 5 %, and still allowed"),
        pytest.param([0.85, 0.75, 0.7], (0.75, 0.5, 0.5), id="three are more"),
        pytest.param([0.9], (1, 0.25, 0.25), id="a tie counts as a false positive"),
        pytest.param([0.99], (1, 0, 0), id="above all fakes"),
    ],
)
def test_the_tpr_at_an_fpr_is_the_highest_that_some_threshold_reaches(reals_above, known):
    """40 reals, of which those of `reals_above` have a high score, and fakes at 0.95, 0.9, 0.8 and 0.7."""
    fakes, reals = [0.95, 0.9, 0.8, 0.7], [0.1] * (40 - len(reals_above)) + reals_above
    found = compute_metrics(np.array([1] * 4 + [0] * 40), np.array(fakes + reals), 0.5)
    assert tuple(found[name] for name in RATES) == known


@pytest.mark.parametrize(
    ("reals", "rate", "allowed"),
    [(999, 0.001, 0), (1000, 0.001, 1), (2999, 0.001, 2), (570, 0.05, 28), (300, 0.01, 3), (0, 0.05, 0)],
)
def test_false_positives_that_a_rate_allows(reals, rate, allowed):
    assert allowed_false_positives(reals, rate) == allowed
    assert allowed <= reals * rate + 1e-9 < allowed + 1


def test_the_log_loss_is_clipped():
    assert compute_metrics(np.array([1]), np.array([0.0]), 0.5)["log_loss"] == pytest.approx(52 * np.log(2))


def test_a_probability_at_the_threshold_is_called_fake():
    assert compute_metrics(np.array([1]), np.array([0.5]), 0.5)["recall"] == 1
    assert compute_metrics(np.array([1]), np.array([0.5]), np.nextafter(0.5, 1))["recall"] == 0


@quick
@given(predictions())
def test_roc_counts_agree_with_scikit_learn(made):
    labels, probabilities, weights, _ = made
    fpr, tpr, thresholds = sk.roc_curve(labels, probabilities, drop_intermediate=False)
    scores, tp, fp = roc_counts(labels, probabilities)
    assert scores.tolist() == thresholds[1:].tolist()
    assert tp / tp[-1] == pytest.approx(tpr) and fp / fp[-1] == pytest.approx(fpr)
    _, many_tp, many_fp = roc_counts(labels, probabilities, np.stack([np.ones(len(labels)), weights]))
    assert many_tp[0].tolist() == tp.tolist() and many_fp[0].tolist() == fp.tolist()
    assert many_tp[1, -1] == pytest.approx(weights[labels == 1].sum())


@quick
@given(predictions(), st.sampled_from(["f1_macro", "eer"]))
def test_no_other_threshold_is_better(made, method):
    labels, probabilities, _, _ = made

    def gain(threshold: float) -> float:
        called = probabilities >= threshold
        if method == "f1_macro":
            return sk.f1_score(labels, called, average="macro", labels=[0, 1], zero_division=0)
        return -abs(called[labels == 0].mean() - (~called)[labels == 1].mean())

    chosen = choose_threshold(labels, probabilities, method)
    assert 0 <= chosen <= 1
    best = max(gain(threshold) for threshold in [0, 1, *probabilities, *np.nextafter(probabilities, 1)])
    assert gain(chosen) >= best - 1e-9


@pytest.mark.parametrize(
    ("labels", "probabilities", "method", "known"),
    [
        pytest.param([0, 1], [0.1, 0.3], "f1_macro", 0.2, id="the middle"),
        pytest.param([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.7], "f1_macro", 0.6, id="the nearer one to 0.5"),
        pytest.param([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], "f1_macro", 0.3, id="else the lower one"),
        pytest.param([0, 0, 1], [0.6, 0.6, 0.6], "f1_macro", 0.8, id="all called real"),
        pytest.param([0, 0, 1], [1, 1, 1], "f1_macro", 0.5, id="nothing is above 1"),
        pytest.param([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], "eer", 0.25, id="eer"),
        pytest.param([1, 1], [0.1, 0.2], "f1_macro", 0.5, id="one class"),
        pytest.param([], [], "eer", 0.5, id="nothing"),
        pytest.param([0, 1], [0.1, 0.3], 0.9, 0.9, id="a number"),
    ],
)
def test_known_thresholds(labels, probabilities, method, known):
    assert choose_threshold(np.array(labels), np.array(probabilities), method) == pytest.approx(known)


@pytest.mark.parametrize("method", ["best", 1.5, float("nan")], ids=["word", "too high", "nan"])
def test_an_unknown_method_is_an_error_that_says_what_to_write(method):
    with pytest.raises(UserError, match="f1_macro"):
        choose_threshold(np.array([0, 1]), np.array([0.1, 0.3]), method)


def test_a_threshold_separates_neighbouring_floats():
    high = np.nextafter(0.7, 1)
    chosen = choose_threshold(np.array([0, 1]), np.array([0.7, high]))
    assert 0.7 < chosen <= high
