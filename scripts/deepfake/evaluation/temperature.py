"""Temperature scaling: divide all logits by one number, so that probabilities are calibrated."""

import numpy as np
from scipy.optimize import minimize_scalar

MAX_TEMPERATURE = 100.0

MAX_LOGIT = 10.0
"""A temperature below 1 scales no logit beyond this. Without a limit, logits that separate the classes would
grow for ever. Their float32 probabilities would be only 0 and 1, equal even where the logits differ."""


def fit_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """Return the temperature that minimises the log loss, from 1 / MAX_TEMPERATURE to MAX_TEMPERATURE.

    `labels` (N,) are 0 for real and 1 for fake; `logits` (N,) are of fake, and will be divided by the
    temperature. The result is never worse than 1. It is 1 without both classes, and if all logits are 0.
    (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.)
    """
    logits = np.asarray(logits, np.float64)
    largest = np.abs(logits).max(initial=0)
    if len(set(np.asarray(labels).tolist())) < 2 or not largest:
        return 1.0
    lowest = min(1.0, max(largest / MAX_LOGIT, 1 / MAX_TEMPERATURE))
    # The loss is convex in the inverse temperature, so that it has a single minimum.
    result = minimize_scalar(
        lambda inverse: log_loss(labels, logits * inverse),
        bounds=(1 / MAX_TEMPERATURE, 1 / lowest),
        method="bounded",
        options={"xatol": 1e-6 / MAX_TEMPERATURE},
    )
    temperature = round(1 / float(result.x), 6)  # the last digits differ between processors
    better = log_loss(labels, logits / temperature) < log_loss(labels, logits)
    return temperature if better else 1.0


def log_loss(labels: np.ndarray, logits: np.ndarray) -> float:
    """Return the mean log loss, in nats, of `labels` (N,), 0 or 1, and `logits` (N,) of 1."""
    signs = np.where(np.asarray(labels) == 1, 1.0, -1.0)
    return float(np.logaddexp(0, -signs * logits).mean())
