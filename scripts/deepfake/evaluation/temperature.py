"""Temperature scaling: a number that all logits are divided by, so that probabilities say what they mean."""

import numpy as np
from scipy.optimize import minimize_scalar

HIGHEST = 100.0
SURE = 10.0
"""No logit of val grows beyond it: where none is wrong the loss would fall for ever, and probabilities of
float32 soon be 0 and 1 alone, equal where the logits are not."""


def fit_temperature(labels: np.ndarray, logits: np.ndarray) -> float:
    """The temperature, from 1 / HIGHEST to HIGHEST, that makes `log_loss` of `logits` over it lowest.

    `labels` (N,) are 0 for real and 1 for fake, `logits` (N,) those of fake. Never makes it higher than 1
    would. Without both classes, or where all logits are 0, it is 1. (Guo et al., "On Calibration of Modern
    Neural Networks", ICML 2017.)
    """
    logits = np.asarray(logits, np.float64)
    largest = np.abs(logits).max(initial=0)
    if len(set(np.asarray(labels).tolist())) < 2 or not largest:
        return 1.0
    lowest = min(1.0, max(largest / SURE, 1 / HIGHEST))
    # by the inverse the loss is convex, so that it has one minimum
    found = minimize_scalar(
        lambda inverse: log_loss(labels, logits * inverse),
        bounds=(1 / HIGHEST, 1 / lowest),
        method="bounded",
        options={"xatol": 1e-6 / HIGHEST},
    )
    temperature = round(1 / float(found.x), 6)  # the last digits differ between processors
    better = log_loss(labels, logits / temperature) < log_loss(labels, logits)
    return temperature if better else 1.0


def log_loss(labels: np.ndarray, logits: np.ndarray) -> float:
    """The mean log loss, in nats, of `labels` (N,) of 0 and 1 and `logits` (N,) of 1."""
    signs = np.where(np.asarray(labels) == 1, 1.0, -1.0)
    return float(np.logaddexp(0, -signs * logits).mean())
