"""How often a real video of several people is called fake, because the highest of their scores is taken."""

from math import comb

import numpy as np
import pandas as pd

from deepfake.evaluation.bootstrap import MIN_UNITS, interval, resampled_weights
from deepfake.evaluation.predictions import resampling_unit

PEOPLE = (1, 2, 3, 4, 5)
"""Numbers of people in a video that the report shows."""


def false_alarms_by_people(
    videos: pd.DataFrame, thresholds: list[float], rounds: int = 1000, *, seed: int, level: float = 0.95
) -> list[dict]:
    """Return how often the highest score of each number of real people, PEOPLE, reaches the threshold.

    `videos` are those of `aggregate_to_videos`; of them only reals count. `thresholds` are those of
    `people_thresholds`, the first one that of a single person. No video of the dataset needs to show several
    people: what is computed is the share over all sets of k different people (units of `resampling_unit`), of
    whom each gives one video at random. This supposes that people in one video score as people in different
    ones do; where light and compression are common to them, scores are more alike, and false alarms rarer.

    Each of the dicts has `people`; `threshold`, for so many; and `single`, with the threshold of one person,
    and `corrected`, with `threshold`: the share of false alarms as `value`, and its interval `low` and `high`
    by `rounds` of the bootstrap over people, None without one. There is no dict for more people than there
    are reals of.
    """
    reals = videos[videos["label"] == 0]
    names, unit = np.unique(resampling_unit(reals).to_numpy().astype(str), return_inverse=True)
    scores, number = reals["probability"].to_numpy(), np.bincount(unit, minlength=len(names))
    cases, below = [], []
    for people in (k for k in PEOPLE if k <= len(names)):
        for threshold in (thresholds[0], thresholds[min(people, len(thresholds)) - 1]):
            cases.append((people, threshold))
            below.append(np.bincount(unit, scores < threshold, len(names)) / number)
    drawn: list[list[np.ndarray]] = [[] for _ in cases]
    for weights in resampled_weights(names, rounds, seed) if len(names) >= MIN_UNITS else ():
        for (people, _), share, of_case in zip(cases, below, drawn, strict=True):
            of_case.append(share_of_alarms(share, weights, people))
    whole = np.ones((1, len(names)))
    found = []
    for (people, _), share, of_case in zip(cases, below, drawn, strict=True):
        low, high = (interval(np.concatenate(of_case), level) if of_case else None) or (None, None)
        found.append({"value": float(share_of_alarms(share, whole, people)[0]), "low": low, "high": high})
    return [
        {"people": people, "threshold": threshold, "single": single, "corrected": corrected}
        for (people, threshold), single, corrected in zip(cases[1::2], found[::2], found[1::2], strict=True)
    ]


def share_of_alarms(below: np.ndarray, weights: np.ndarray, people: int) -> np.ndarray:
    """Return the share of sets of `people` different units with a score that isn't below a threshold, (R,).

    `below` (U,) is the share of each unit's scores that is below it, and `weights` (R, U) says how often each
    unit is there, in each of R rounds; a round has at least `people`. A unit that is there twice counts as
    two. The sum of the products of all sets, the elementary symmetric polynomial, is computed from power
    sums by Newton's identities.
    """
    powers = [np.einsum("ru,u->r", weights, below**k) for k in range(1, people + 1)]
    sums = [np.ones(len(weights))]
    for k in range(1, people + 1):
        sums.append(sum((-1) ** (i - 1) * sums[k - i] * powers[i - 1] for i in range(1, k + 1)) / k)
    sets = np.array([comb(round(total), people) for total in weights.sum(axis=1)], np.float64)
    return np.clip(1 - sums[people] / sets, 0.0, 1.0)
