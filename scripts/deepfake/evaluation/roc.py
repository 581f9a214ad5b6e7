"""The points of the ROC curve, and what is read off it, for one set of sample weights or many at once."""

from collections.abc import Sequence

import numpy as np

ROUNDING = 1e-12
"""By how much of itself a sum of weights may be above a limit and still count as at it."""


def roc_counts(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the distinct scores (K,), descending, and the numbers of true and of false positives (K + 1,).

    The numbers at index k are those if the k highest scores are predicted fake. `labels` (N,) are 0 for real
    and 1 for fake; `probabilities` (N,) are of fake. With `weights` (R, N) the numbers are sums of weights,
    (R, K + 1) each.
    """
    one_set = np.ones((1, len(labels))) if weights is None else weights
    scores, tp, fp = sorted_roc_counts(*in_descending_order(labels, probabilities, one_set))
    return (scores, tp[0], fp[0]) if weights is None else (scores, tp, fp)


def in_descending_order(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels (N,), probabilities (N,) and weights (R, N), the highest probability first."""
    labels, probabilities = np.asarray(labels), np.asarray(probabilities, np.float64)
    order = np.argsort(-probabilities, kind="stable")
    return labels[order], probabilities[order], np.take(weights, order, axis=1)


def sorted_roc_counts(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return `roc_counts` of what `in_descending_order` returns."""
    last = np.diff(probabilities, append=-1.0) != 0  # the last of equal scores
    start = np.zeros((len(weights), 1))
    tp = np.cumsum(weights * (labels == 1), axis=1)[:, last]
    fp = np.cumsum(weights * (labels == 0), axis=1)[:, last]
    return probabilities[last], np.hstack([start, tp]), np.hstack([start, fp])


def roc_areas(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Return the area under the curve from its first point to each point, (R, K + 1), in true times false.

    `tp` and `fp` (R, K + 1) are those of `roc_counts` with weights. Points are joined by straight lines, so
    that a tie of a real and a fake counts half. The last column over all fakes times all reals is the AUC.
    """
    steps = np.diff(fp, axis=1) * (tp[:, 1:] + tp[:, :-1]) / 2
    return np.hstack([np.zeros((len(tp), 1)), np.cumsum(steps, axis=1)])


def roc_auc(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Return the area under each curve, (R,), from its points (R, K + 1); NaN without both classes."""
    return ratio(roc_areas(tp, fp)[:, -1], tp[:, -1] * fp[:, -1])


def last_points(fp: np.ndarray, rates: Sequence[float]) -> np.ndarray:
    """Return the index of each curve's last point whose FPR is at most a rate, (R, len(rates))."""
    limits = np.multiply.outer(fp[:, -1], np.asarray(rates) * (1 + ROUNDING))
    after = [np.searchsorted(*pair, side="right") for pair in zip(fp, limits, strict=True)]
    return np.array(after, np.intp).reshape(limits.shape) - 1


def partial_auc(
    tp: np.ndarray, fp: np.ndarray, areas: np.ndarray, last: np.ndarray, max_fpr: float
) -> np.ndarray:
    """Return the AUC up to `max_fpr`, (R,), scaled to 1 for a perfect order and to 0.5 for chance.

    `areas` are those of `roc_areas`; `last` (R,) is the last point at or below `max_fpr`, from which a
    straight line leads to the next point (McClish, "Analyzing a portion of the ROC curve", Medical Decision
    Making 1989). NaN without both classes.
    """
    rows, after = np.arange(len(tp)), np.minimum(last + 1, tp.shape[1] - 1)
    fakes, reals = tp[:, -1], fp[:, -1]
    width = max_fpr * reals - fp[rows, last]
    rise = ratio(tp[rows, after] - tp[rows, last], fp[rows, after] - fp[rows, last])
    rest = width * (tp[rows, last] + rise * width / 2)
    area = ratio(areas[rows, last] + rest, fakes * reals)
    chance = max_fpr**2 / 2
    return (1 + (area - chance) / (max_fpr - chance)) / 2


def equal_error_rate(tp: np.ndarray, fp: np.ndarray) -> np.ndarray:
    """Return the rate at which FPR and FNR are equal, (R,), on straight lines between points of the curve.

    NaN without both classes. FPR - FNR rises from -1 to 1 along the curve.
    """
    fpr = ratio(fp, fp[:, -1:])
    difference = fpr - 1 + ratio(tp, tp[:, -1:])
    after = np.argmax(difference >= 0, axis=1)  # never the first point, where it is -1
    rows, before = np.arange(len(tp)), np.maximum(after - 1, 0)
    part = ratio(-difference[rows, before], difference[rows, after] - difference[rows, before])
    return fpr[rows, before] + part * (fpr[rows, after] - fpr[rows, before])


def allowed_false_positives(reals: int, rate: float) -> int:
    """Return how many of `reals` may be called fake so that the false positive rate is at most `rate`."""
    return int(reals * rate * (1 + ROUNDING))


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return `above` / `below`, NaN where `below` is 0."""
    shape = np.broadcast_shapes(np.shape(above), np.shape(below))
    return np.divide(above, below, out=np.full(shape, np.nan), where=np.broadcast_to(below, shape) > 0)
