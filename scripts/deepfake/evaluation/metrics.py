"""Metrics of binary predictions, for one set of sample weights or for many sets at once."""

import numpy as np

from deepfake.evaluation.roc import (
    equal_error_rate,
    in_descending_order,
    last_points,
    partial_auc,
    ratio,
    roc_areas,
    sorted_roc_counts,
)

METRICS = {
    "f1_macro": "macro F1",
    "f1_fake": "F1 of fake",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "precision": "precision of fake",
    "recall": "recall of fake",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "partial_auc": "AUC to 10 % FPR",
    "tpr_at_fpr_0.05": "TPR at 5 % FPR",
    "tpr_at_fpr_0.01": "TPR at 1 % FPR",
    "tpr_at_fpr_0.001": "TPR at 0.1 % FPR",
    "eer": "EER",
    "log_loss": "log loss",
    "brier": "Brier score",
    "ece": "calibration error",
}
"""The metrics that `compute_metrics` returns, with their titles. Lower is better for the last four."""

FALSE_POSITIVE_RATES = {f"tpr_at_fpr_{rate}": rate for rate in (0.05, 0.01, 0.001)}
"""The metrics that are a true positive rate at a false positive rate, and that rate."""

PARTIAL_AUC_FPR = 0.1
"""The false positive rate up to which the partial AUC is taken."""

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
    - balanced accuracy, and all from ROC AUC to EER, if one of the classes is absent;
    - recall if there is no fake, precision if nothing is predicted fake.

    F1 is 0 for a class that is neither present nor predicted, and macro F1 is the mean over both classes even
    if one is absent (scikit-learn's labels=[0, 1] and zero_division=0). Equal probabilities are one point of
    the ROC curve. The EER is where FPR equals FNR on straight lines between its points, not on their convex
    hull. The TPR at an FPR is the highest TPR of all thresholds whose FPR isn't above it, without lines
    between points: with few reals it is the TPR without any false positive (`roc.allowed_false_positives`).
    The partial AUC is the area up to PARTIAL_AUC_FPR, scaled as scikit-learn's max_fpr. The log loss clips
    probabilities at the float64 epsilon.
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
    labels, probabilities, weights = in_descending_order(labels, probabilities, weights)
    scores, tp, fp = sorted_roc_counts(labels, probabilities, weights)
    positives = np.count_nonzero(scores >= threshold)
    return {
        **_threshold_metrics(tp[:, positives], fp[:, positives], tp[:, -1], fp[:, -1]),
        **_ranking_metrics(tp, fp),
        **_probability_metrics(labels, probabilities, weights),
    }


def f1_scores(tp: np.ndarray, fp: np.ndarray, fakes: float, reals: float) -> tuple[np.ndarray, np.ndarray]:
    """Return F1 of fake and macro F1, from true and false positives and the numbers of fakes and reals."""
    fn, tn = fakes - tp, reals - fp
    fake = np.nan_to_num(ratio(2 * tp, 2 * tp + fp + fn))
    real = np.nan_to_num(ratio(2 * tn, 2 * tn + fp + fn))
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
    recall, specificity = ratio(tp, fakes), ratio(reals - fp, reals)
    return {
        "f1_macro": np.where(total > 0, macro, np.nan),
        "f1_fake": np.where(total > 0, fake, np.nan),
        "accuracy": ratio(tp + reals - fp, total),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": ratio(tp, tp + fp),
        "recall": recall,
    }


def _ranking_metrics(tp: np.ndarray, fp: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics that depend on the order of the scores, from points of the ROC curve (R, K + 1)."""
    fakes, reals = tp[:, -1], fp[:, -1]
    both = np.where((fakes > 0) & (reals > 0), 1.0, np.nan)
    areas = roc_areas(tp, fp)
    precision = np.nan_to_num(ratio(tp[:, 1:], tp[:, 1:] + fp[:, 1:]))
    precision_sum = np.einsum("rk,rk->r", np.diff(tp, axis=1), precision)
    last = last_points(fp, [PARTIAL_AUC_FPR, *FALSE_POSITIVE_RATES.values()])
    found = np.take_along_axis(tp, last[:, 1:], axis=1)
    return {
        "roc_auc": ratio(areas[:, -1], fakes * reals),
        "average_precision": both * ratio(precision_sum, fakes),
        "partial_auc": partial_auc(tp, fp, areas, last[:, 0], PARTIAL_AUC_FPR),
        **{n: both * ratio(found[:, i], fakes) for i, n in enumerate(FALSE_POSITIVE_RATES)},
        "eer": both * equal_error_rate(tp, fp),
    }


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
        "log_loss": ratio(np.einsum("rn,n->r", weights, losses), total),
        "brier": ratio(np.einsum("rn,n->r", weights, error**2), total),
        "ece": ratio(gaps, total),
    }
