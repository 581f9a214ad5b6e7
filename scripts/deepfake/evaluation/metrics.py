"""How good predictions are, in the measures of the field, for one set of weights or for many at once."""

import numpy as np

METRICS = {
    "f1_macro": "macro F1",
    "f1_fake": "F1 of fake",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision of fake",
    "recall": "recall of fake",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "eer": "EER",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
}
"""What `measure` gives, each with its name for people. Higher is better, but for the last four."""

BINS = 15
"""Bins of the calibration error: of equal width over [0, 1], each without its lower end but the first (Guo et
al., "On Calibration of Modern Neural Networks", ICML 2017)."""


def compute_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """METRICS of predictions: `labels` (N,) of 0 real and 1 fake, `probabilities` (N,) of fake in [0, 1].

    An image is called fake where its probability is at or above `threshold`. `weights` (N,) are at or above
    0, all 1 where none are given. None stands for what is undefined:
    - everything, where there are no images (or no weight);
    - balanced accuracy, ROC AUC, average precision and EER, where one of the classes is absent;
    - recall where there is no fake, precision where nothing is called fake.
    F1 is 0 for a class that is neither there nor predicted, and macro F1 is the mean over both classes, also
    where one is absent (scikit-learn's labels=[0, 1] and zero_division=0). Equal probabilities are one
    threshold of the ROC; the EER is where FPR = FNR on the straight lines between its points, not on their
    convex hull. The log loss clips probabilities at the float64 epsilon.
    """
    one = np.ones((1, len(labels))) if weights is None else np.asarray(weights, np.float64)[None]
    many = compute_weighted_metrics(labels, probabilities, threshold, one)
    return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in many.items()}


def compute_weighted_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The same for each row of `weights` (R, N): float64 arrays (R,) by name, NaN in place of None."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, weights = labels[order], probabilities[order], np.take(weights, order, axis=1)
    scores, tp, fp = cumulate(labels, probabilities, weights)
    called = np.count_nonzero(scores >= threshold)
    return {
        **_decisions(tp[:, called], fp[:, called], tp[:, -1], fp[:, -1]),
        **_ranking(tp, fp),
        **_probabilities(labels, probabilities, weights),
    }


def cumulate(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The points of the ROC, for `probabilities` (N,) that fall and `weights` (R, N).

    Gives the distinct scores (K,), falling, and the weight of true and of false positives, each (R, K + 1):
    in column k where the k highest scores are called fake.
    """
    last = np.diff(probabilities, append=-1.0) != 0  # the last of each run of equal scores
    start = np.zeros((len(weights), 1))
    tp = np.cumsum(weights * (labels == 1), axis=1)[:, last]
    fp = np.cumsum(weights * (labels == 0), axis=1)[:, last]
    return probabilities[last], np.hstack([start, tp]), np.hstack([start, fp])


def curve(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distinct scores (K,), falling, and how many are true and false positives (K + 1,): see cumulate."""
    probabilities = np.asarray(probabilities, np.float64)
    order = np.argsort(-probabilities, kind="stable")
    scores, tp, fp = cumulate(np.asarray(labels)[order], probabilities[order], np.ones((1, len(order))))
    return scores, tp[0], fp[0]


def f1_scores(tp: np.ndarray, fp: np.ndarray, fakes: float, reals: float) -> tuple[np.ndarray, np.ndarray]:
    """F1 of fake and macro F1, for true and false positives out of so many fakes and reals."""
    fn, tn = fakes - tp, reals - fp
    fake = np.nan_to_num(_ratio(2 * tp, 2 * tp + fp + fn))
    real = np.nan_to_num(_ratio(2 * tn, 2 * tn + fp + fn))
    return fake, (fake + real) / 2


def bin_of(probabilities: np.ndarray) -> np.ndarray:
    """The bin of the calibration error that each probability is in, from 0 to BINS - 1."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probabilities, side="left")


def _decisions(tp: np.ndarray, fp: np.ndarray, fakes: np.ndarray, reals: np.ndarray) -> dict[str, np.ndarray]:
    """What depends on the threshold: from true and false positives (R,)."""
    whole = fakes + reals
    fake, macro = f1_scores(tp, fp, fakes, reals)
    recall, specificity = _ratio(tp, fakes), _ratio(reals - fp, reals)
    return {
        "f1_macro": np.where(whole > 0, macro, np.nan),
        "f1_fake": np.where(whole > 0, fake, np.nan),
        "accuracy": _ratio(tp + reals - fp, whole),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": _ratio(tp, tp + fp),
        "recall": recall,
    }


def _ranking(tp: np.ndarray, fp: np.ndarray) -> dict[str, np.ndarray]:
    """What depends on the order of the scores: from the points of the ROC (R, K + 1)."""
    fakes, reals = tp[:, -1], fp[:, -1]
    both = np.where((fakes > 0) & (reals > 0), 1.0, np.nan)
    more = np.diff(tp, axis=1)
    area = np.einsum("rk,rk->r", np.diff(fp, axis=1), tp[:, 1:] - more / 2)
    step = np.einsum("rk,rk->r", more, np.nan_to_num(_ratio(tp[:, 1:], tp[:, 1:] + fp[:, 1:])))
    return {
        "roc_auc": both * _ratio(area, fakes * reals),
        "average_precision": both * _ratio(step, fakes),
        "eer": both * _eer(tp, fp),
    }


def _eer(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Where FPR and FNR cross, (R,): FPR - FNR rises from -1 to 1 along the ROC."""
    fpr = _ratio(fp, fp[:, -1:])
    ahead = fpr - 1 + _ratio(tp, tp[:, -1:])
    after = np.argmax(ahead >= 0, axis=1)  # never the first point, where it is -1
    rows, before = np.arange(len(tp)), np.maximum(after - 1, 0)
    part = _ratio(-ahead[rows, before], ahead[rows, after] - ahead[rows, before])
    return fpr[rows, before] + part * (fpr[rows, after] - fpr[rows, before])


def _probabilities(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """What depends on the probabilities themselves, which fall; sums without BLAS, the same on all cores."""
    whole = weights.sum(axis=1)
    right = np.where(labels == 1, probabilities, 1 - probabilities)
    eps = np.finfo(np.float64).eps
    surprise = -np.log(np.clip(right, eps, 1 - eps))
    excess = probabilities - labels
    bins = bin_of(probabilities)
    ends = np.flatnonzero(np.diff(bins, prepend=-1, append=-1))
    gaps = np.zeros(len(weights))
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        gaps += np.abs(np.einsum("rn,n->r", weights[:, start:end], excess[start:end]))
    return {
        "log_loss": _ratio(np.einsum("rn,n->r", weights, surprise), whole),
        "brier": _ratio(np.einsum("rn,n->r", weights, excess**2), whole),
        "ece": _ratio(gaps, whole),
    }


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """`above` over `below`, NaN where that is 0."""
    shape = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.divide(above, below, out=np.full(shape, np.nan), where=np.broadcast_to(below, shape) > 0)
