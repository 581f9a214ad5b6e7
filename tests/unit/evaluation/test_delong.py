"""DeLong's test: the covariance formula of its authors on all pairs of samples, fractions by hand, and p."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from deepfake.evaluation.delong import compare_aucs, placements

SCORE = st.sampled_from([0.0, 0.2, 1 / 3, 0.5, 1.0]) | st.floats(0, 1)


@st.composite
def scored(draw):
    """Labels with two of each class at least, and two detectors' scores with many ties."""
    labels = [0, 0, 1, 1, *draw(st.lists(st.integers(0, 1), max_size=12))]
    scores = [draw(st.lists(SCORE, min_size=len(labels), max_size=len(labels))) for _ in range(2)]
    return np.array(labels), *map(np.array, scores)


def by_all_pairs(labels: np.ndarray, *scores: np.ndarray) -> tuple[float, float]:
    """Return the difference of the AUCs and its variance, from a matrix of every fake with every real."""
    wins = [np.sign(s[labels == 1][:, None] - s[labels == 0][None]) / 2 + 0.5 for s in scores]
    fakes, reals = wins[0].shape
    of_fakes = np.cov([w.mean(axis=1) for w in wins])
    of_reals = np.cov([w.mean(axis=0) for w in wins])
    covariance = of_fakes / fakes + of_reals / reals
    return wins[0].mean() - wins[1].mean(), covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]


@settings(deadline=None, max_examples=100)
@given(scored())
def test_agrees_with_the_covariances_over_all_pairs(made):
    difference, variance = by_all_pairs(*made)
    found = compare_aucs(*made)
    assert found.difference == pytest.approx(difference, abs=1e-12)
    aucs = [roc_auc_score(made[0], scores) for scores in made[1:]]
    assert found.difference == pytest.approx(aucs[0] - aucs[1], abs=1e-12)
    if variance > 1e-18:
        assert found.z == pytest.approx(difference / variance**0.5, abs=1e-9)
        assert found.p == pytest.approx(2 * norm.sf(abs(found.z)))
        assert (found.high - found.low) / 2 == pytest.approx(1.959964 * variance**0.5, rel=1e-6)
    swapped = compare_aucs(made[0], made[2], made[1])
    assert (swapped.difference, swapped.p) == pytest.approx((-found.difference, found.p), nan_ok=True)


def test_a_difference_by_hand():
    """Three fakes and two reals: one order is perfect, the other has a fake below both reals and a tie."""
    labels = np.array([1, 1, 1, 0, 0])
    one, other = np.array([5, 4, 3, 2, 1]), np.array([5, 3, 1, 3, 2])
    of_fakes, of_reals = placements(*[np.array([one, other])[:, labels == label] for label in (1, 0)])
    assert of_fakes.tolist() == [[1, 1, 1], [1, 0.75, 0]]
    assert of_reals == pytest.approx(np.array([[1, 1], [1 / 2, 2 / 3]]))
    # differences of fakes 0, 1/4, 1 and of reals 1/2, 1/3
    variance = Fraction(13, 48) / 3 + Fraction(1, 72) / 2
    found = compare_aucs(labels, one, other)
    assert found.difference == pytest.approx(5 / 12)
    assert found.z == pytest.approx(5 / 12 / float(variance) ** 0.5)


def test_p_is_uniform_where_both_detectors_are_equally_good():
    rng = np.random.default_rng(7)
    labels = np.arange(120) % 2
    p = []
    for _ in range(400):
        shared = labels + rng.normal(size=120)
        p.append(compare_aucs(labels, *(shared + rng.normal(size=120) for _ in range(2))).p)
    for share in (0.05, 0.2, 0.5, 0.8):
        assert np.mean(np.array(p) < share) == pytest.approx(
            share, abs=3 * (share * (1 - share) / 400) ** 0.5
        )


def test_a_real_difference_has_a_small_p_and_its_interval_excludes_0():
    rng = np.random.default_rng(1)
    labels = np.arange(400) % 2
    found = compare_aucs(labels, labels + rng.normal(0, 0.5, 400), labels + rng.normal(0, 2, 400))
    assert found.p < 1e-6 and 0 < found.low < found.difference < found.high


@pytest.mark.parametrize(
    ("labels", "one", "other", "known"),
    [
        pytest.param([0, 0, 1, 1], [1, 3, 2, 4], [10, 30, 20, 40], (0, 0, 1), id="the same order"),
        pytest.param([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1], (1, None, None), id="perfect and inverted"),
        pytest.param([0, 1, 1], [1, 2, 3], [3, 2, 1], (1, None, None), id="one real"),
        pytest.param([1, 1], [1, 2], [2, 1], (None, None, None), id="one class"),
        pytest.param([], [], [], (None, None, None), id="nothing"),
    ],
)
def test_what_is_not_defined(labels, one, other, known):
    found = compare_aucs(np.array(labels), np.array(one), np.array(other))
    values = [None if np.isnan(v) else v for v in (found.difference, found.z, found.p)]
    assert tuple(values) == known
