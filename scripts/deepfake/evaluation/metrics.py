"""Metrics of binary predictions, for one set of sample weights or for many sets at once."""

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
"""The metrics that `compute_metrics` returns, with their titles. Lower is better for the last four."""

BINS = 15
"""Bins of the expected calibration error, of equal width over [0, 1]. Each excludes its lower end, except for
the first (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017)."""


def compute_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, weights: np.ndarray | None = None
) -> dict[str, float | None]:
    """Return METRICS of predictions.

    `labels` (N,) are 0 for real and 1 for fake; `probabilities` (N,) are of fake, in [0, 1]. An image is
    predicted fake if its probability is at or above `threshold`. `weights` (N,) are sample weights, at or
    above 0; all are 1 by default. Undefined metrics are None:

    - all metrics, if there are no images, or all weights are 0;
    - balanced accuracy, ROC AUC, average precision and EER, if one of the classes is absent;
    - recall if there is no fake, precision if nothing is predicted fake.

    F1 is 0 for a class that is neither present nor predicted, and macro F1 is the mean over both classes even
    if one is absent (scikit-learn's labels=[0, 1] and zero_division=0). Equal probabilities are one point of
    the ROC curve. The EER is where FPR equals FNR on straight lines between its points, not on their convex
    hull. The log loss clips probabilities at the float64 epsilon.
    """
    one_set = np.ones((1, len(labels))) if weights is None else np.asarray(weights, np.float64)[None]
    metrics = compute_weighted_metrics(labels, probabilities, threshold, one_set)
    return {name: None if np.isnan(values[0]) else float(values[0]) for name, values in metrics.items()}


def compute_weighted_metrics(
    labels: np.ndarray, probabilities: np.ndarray, threshold: float, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return METRICS for each of R sets of sample weights, `weights` (R, N).

    Values are float64 arrays (R,), NaN where undefined. The other arguments are those of `compute_metrics`.
    """
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, weights = labels[order], probabilities[order], np.take(weights, order, axis=1)
    scores, tp, fp = _weighted_roc_counts(labels, probabilities, weights)
    positives = np.count_nonzero(scores >= threshold)
    return {
        **_threshold_metrics(tp[:, positives], fp[:, positives], tp[:, -1], fp[:, -1]),
        **_ranking_metrics(tp, fp),
        **_probability_metrics(labels, probabilities, weights),
    }


def _weighted_roc_counts(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the points of the ROC curve, for `probabilities` (N,) in descending order and `weights` (R, N).

    These are the distinct scores (K,), descending, and the weights of true and of false positives, each
    (R, K + 1): column k if the k highest scores are predicted fake.
    """
    last = np.diff(probabilities, append=-1.0) != 0  # the last of equal scores
    start = np.zeros((len(weights), 1))
    tp = np.cumsum(weights * (labels == 1), axis=1)[:, last]
    fp = np.cumsum(weights * (labels == 0), axis=1)[:, last]
    return probabilities[last], np.hstack([start, tp]), np.hstack([start, fp])


def roc_counts(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct scores (K,), descending, and the numbers of true and of false positives (K + 1,).

    The numbers at index k are those if the k highest scores are predicted fake.
    """
    probabilities = np.asarray(probabilities, np.float64)
    order = np.argsort(-probabilities, kind="stable")
    weights = np.ones((1, len(order)))
    scores, tp, fp = _weighted_roc_counts(np.asarray(labels)[order], probabilities[order], weights)
    return scores, tp[0], fp[0]


def f1_scores(tp: np.ndarray, fp: np.ndarray, fakes: float, reals: float) -> tuple[np.ndarray, np.ndarray]:
    """Return F1 of fake and macro F1, from true and false positives and the numbers of fakes and reals."""
    fn, tn = fakes - tp, reals - fp
    fake = np.nan_to_num(_ratio(2 * tp, 2 * tp + fp + fn))
    real = np.nan_to_num(_ratio(2 * tn, 2 * tn + fp + fn))
    return fake, (fake + real) / 2


def calibration_bin(probabilities: np.ndarray) -> np.ndarray:
    """Return the bin of each probability in the calibration error, from 0 to BINS - 1."""
    return np.searchsorted(np.linspace(0, 1, BINS + 1)[1:-1], probabilities, side="left")


def _threshold_metrics(
    tp: np.ndarray, fp: np.ndarray, fakes: np.ndarray, reals: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the metrics that depend on the threshold, from true and false positives at it, (R,) each."""
    total = fakes + reals
    fake, macro = f1_scores(tp, fp, fakes, reals)
    recall, specificity = _ratio(tp, fakes), _ratio(reals - fp, reals)
    return {
        "f1_macro": np.where(total > 0, macro, np.nan),
        "f1_fake": np.where(total > 0, fake, np.nan),
        "accuracy": _ratio(tp + reals - fp, total),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": _ratio(tp, tp + fp),
        "recall": recall,
    }


def _ranking_metrics(tp: np.ndarray, fp: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics that depend on the order of the scores, from points of the ROC curve (R, K + 1)."""
    fakes, reals = tp[:, -1], fp[:, -1]
    both = np.where((fakes > 0) & (reals > 0), 1.0, np.nan)
    tp_steps = np.diff(tp, axis=1)
    area = np.einsum("rk,rk->r", np.diff(fp, axis=1), tp[:, 1:] - tp_steps / 2)
    precision_sum = np.einsum("rk,rk->r", tp_steps, np.nan_to_num(_ratio(tp[:, 1:], tp[:, 1:] + fp[:, 1:])))
    return {
        "roc_auc": both * _ratio(area, fakes * reals),
        "average_precision": both * _ratio(precision_sum, fakes),
        "eer": both * _eer(tp, fp),
    }


def _eer(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Return the rate at which FPR and FNR are equal, (R,); FPR - FNR rises from -1 to 1 along the curve."""
    fpr = _ratio(fp, fp[:, -1:])
    difference = fpr - 1 + _ratio(tp, tp[:, -1:])
    after = np.argmax(difference >= 0, axis=1)  # never the first point, where it is -1
    rows, before = np.arange(len(tp)), np.maximum(after - 1, 0)
    part = _ratio(-difference[rows, before], difference[rows, after] - difference[rows, before])
    return fpr[rows, before] + part * (fpr[rows, after] - fpr[rows, before])


def _probability_metrics(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the metrics that depend on the probabilities themselves, which are in descending order.

    Sums use einsum, not BLAS, so that they are the same for any number of threads.
    """
    total = weights.sum(axis=1)
    of_label = np.where(labels == 1, probabilities, 1 - probabilities)
    eps = np.finfo(np.float64).eps
    losses = -np.log(np.clip(of_label, eps, 1 - eps))
    error = probabilities - labels
    bins = calibration_bin(probabilities)
    ends = np.flatnonzero(np.diff(bins, prepend=-1, append=-1))
    gaps = np.zeros(len(weights))
    for start, end in zip(ends[:-1], ends[1:], strict=True):
        gaps += np.abs(np.einsum("rn,n->r", weights[:, start:end], error[start:end]))
    return {
        "log_loss": _ratio(np.einsum("rn,n->r", weights, losses), total),
        "brier": _ratio(np.einsum("rn,n->r", weights, error**2), total),
        "ece": _ratio(gaps, total),
    }


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return `above` / `below`, NaN where `below` is 0."""
    shape = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.divide(above, below, out=np.full(shape, np.nan), where=np.broadcast_to(below, shape) > 0)
