"""How often something real is called fake: rates with intervals, by photo, by window and by hour of video."""

import math
from collections.abc import Iterable
from itertools import groupby

import numpy as np
from scipy.stats import chi2, norm

Z = norm.ppf(0.975)


def threshold_at(reals: np.ndarray, rate: float) -> float:
    """Return the lowest score from which at most `rate` of the scores of `reals` (N,) are called fake.

    What scores exactly so is called fake, so the threshold lies right above the highest score that isn't.
    """
    allowed = math.floor(rate * len(reals) + 1e-9)
    descending = np.sort(np.asarray(reals, np.float64))[::-1]
    if allowed >= len(descending):
        return float("-inf")
    return float(np.nextafter(descending[allowed], np.inf))


def share(found: int, number: int) -> dict:
    """Return `found` of `number` as a share with Wilson's 95 % interval; both null of nothing."""
    if not number:
        return {"found": 0, "of": 0, "share": None, "interval": None}
    p, spread = found / number, Z * Z / number
    centre = (p + spread / 2) / (1 + spread)
    half = Z * math.sqrt(p * (1 - p) / number + spread / (4 * number)) / (1 + spread)
    interval = [max(0.0, centre - half), min(1.0, centre + half)]
    return {"found": int(found), "of": int(number), "share": p, "interval": interval}


def per_hour(events: int, hours: float) -> dict:
    """Return events an hour with the exact 95 % interval of a Poisson process (Garwood 1936)."""
    low = chi2.ppf(0.025, 2 * events) / 2 if events else 0.0
    high = chi2.ppf(0.975, 2 * events + 2) / 2
    return {"events": int(events), "rate": events / hours, "interval": [low / hours, high / hours]}


def windows(looks: Iterable[dict], seconds: float, least: int) -> dict[int, float]:
    """Return the mean score of a person in each window of a video, by the window's number.

    `looks` are those of a person in verdicts.json, with `time` in seconds and `probability`. Windows with
    fewer than `least` of them are left out.
    """
    found: dict[int, list[float]] = {}
    for look in looks:
        found.setdefault(int(look["time"] // seconds), []).append(look["probability"])
    return {n: float(np.mean(scores)) for n, scores in sorted(found.items()) if len(scores) >= least}


def alarms(scores: dict[int, float], threshold: float) -> int:
    """Return how many alarms the windows of a person give: neighbouring windows called fake are one."""
    fake = [n for n in sorted(scores) if scores[n] >= threshold]
    return len([run for run, _ in groupby(enumerate(fake), key=lambda pair: pair[1] - pair[0])])
