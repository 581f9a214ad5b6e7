"""DeLong's test: whether two detectors' areas under the ROC curve differ, on the same images or videos."""

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy.stats import norm, rankdata

ROUNDING = 1e-12
"""Differences of areas, and their errors, below which they are 0 but for rounding."""


@dataclass(frozen=True)
class AucDifference:
    """The AUC of one detector less that of another, and DeLong's test of it.

    `low` and `high` are the ends of its interval; `z` and the two-sided `p` are those of the hypothesis that
    it is 0. Numbers that are not defined are nan.
    """

    difference: float
    low: float
    high: float
    z: float
    p: float


def compare_aucs(
    labels: np.ndarray, one: np.ndarray, other: np.ndarray, level: float = 0.95
) -> AucDifference:
    """Return DeLong's test of two detectors' scores for the same N samples.

    `labels` (N,) are 0 for real and 1 for fake; `one` and `other` (N,) are scores, the higher the more likely
    fake. Samples are taken to be independent, which videos of one person are not. Equal detectors have p = 1.
    All is undefined without both classes; z and p are, too, with one sample of a class, and where the AUCs
    differ but don't vary, as those of a perfect and of an inverted order do.

    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver operating
    characteristic curves", Biometrics 1988; by ranks as in Sun and Xu, "Fast implementation of DeLong's
    algorithm", IEEE Signal Processing Letters 2014.
    """
    labels = np.asarray(labels)
    scores = np.array([one, other], np.float64)
    fakes, reals = scores[:, labels == 1], scores[:, labels == 0]
    if not (fakes.size and reals.size):
        return AucDifference(nan, nan, nan, nan, nan)
    of_fakes, of_reals = placements(fakes, reals)
    shares = (of_fakes[0] - of_fakes[1], of_reals[0] - of_reals[1])
    difference = float(shares[0].mean())
    if min(map(len, shares)) < 2:
        return AucDifference(difference, nan, nan, nan, nan)
    error = sqrt(sum(np.var(share, ddof=1) / len(share) for share in shares))
    if error < ROUNDING:
        same = abs(difference) < ROUNDING
        return AucDifference(0, 0, 0, 0, 1) if same else AucDifference(difference, nan, nan, nan, nan)
    z, width = difference / error, float(norm.ppf((1 + level) / 2)) * error
    return AucDifference(difference, difference - width, difference + width, z, float(2 * norm.sf(abs(z))))


def placements(fakes: np.ndarray, reals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each fake the share of reals below it, and for each real the share of fakes above it.

    `fakes` (M, P) and `reals` (M, N) are the scores of M detectors; the shares have the same shapes. Equal
    scores count half. Each detector's AUC is the mean of either. A midrank among both classes less that among
    its own class is how many of the other class are below.
    """
    ranks = rankdata(np.hstack([fakes, reals]), axis=1)
    below = ranks[:, : fakes.shape[1]] - rankdata(fakes, axis=1)
    above = fakes.shape[1] - (ranks[:, fakes.shape[1] :] - rankdata(reals, axis=1))
    return below / reals.shape[1], above / fakes.shape[1]
