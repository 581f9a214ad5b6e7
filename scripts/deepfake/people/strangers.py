"""How often two strangers look alike by dlib's network: with enough of them, some pair always does."""

import numpy as np

RATES = {
    0.26: 1.0e-6, 0.28: 2.0e-6, 0.30: 9.1e-6, 0.32: 4.3e-5, 0.34: 1.4e-4, 0.35: 2.5e-4, 0.36: 4.1e-4,
    0.38: 1.2e-3, 0.40: 3.4e-3, 0.44: 2.2e-2,
}  # fmt: skip
"""By distance: the share of pairs of strangers that are nearer, of 986,197 of LFW, as docs/people.md has it.
Within one corpus, whose people sit before the same cameras, it may be higher."""


def share_within(distance: float) -> float:
    """Return the share of pairs of strangers that are at most so far apart, within the bounds of RATES.

    Between two of them its logarithm is taken for linear.
    """
    return float(10 ** np.interp(distance, list(RATES), np.log10(list(RATES.values()))))


def has_lookalike(strangers: int, share: float) -> float:
    """Return how likely a face is to have one of so many strangers within a distance, 0 to 1.

    `share` is that of pairs of strangers within the distance.
    """
    return float(-np.expm1(strangers * np.log1p(-share)))
