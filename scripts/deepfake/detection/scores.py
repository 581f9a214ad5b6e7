"""From the probabilities of looks to people's scores and verdicts, and to whose verdict is a medium's."""

import math
from collections.abc import Sequence
from statistics import median

import numpy as np

from deepfake.detection.verdict import FAKE, REAL, Look, Person
from deepfake.names import draw

CELLS = 1_000_000  # draws times looks at once: 8 MB
OFTEN = 10  # who is seen in less than a tenth of the frames with faces, or but once, may be no face at all


def score_person(
    number: int, looks: list[Look], threshold: float, rounds: int, seed: int, name: str
) -> Person:
    """A person of the medium `name` by `looks`: the mean of their probabilities, and its 95 % interval.

    The interval is that of the percentile bootstrap over looks (Efron and Tibshirani 1993), `rounds` draws;
    it depends on `seed`, `name` and `number`. Frames of one video are alike, so that another video of the
    same person may differ by more.
    """
    values = np.array([look.probability for look in looks], np.float64)
    score = float(values.mean())
    low, high = interval(values, rounds, draw(seed, "detect", name, number))
    verdict = FAKE if score >= threshold else REAL
    sure = low >= threshold if verdict == FAKE else high < threshold  # nan is neither
    return Person(number, looks, score, low, high, verdict, bool(sure))


def interval(values: np.ndarray, rounds: int, seed: int) -> tuple[float, float]:
    """The middle 95 % of the means of as many values, drawn with replacement; nan of less than two values."""
    if len(values) < 2 or rounds < 1:
        return math.nan, math.nan
    generator = np.random.default_rng(seed)
    at_once = max(1, CELLS // len(values))
    means = [
        values[generator.integers(len(values), size=(min(at_once, rounds - start), len(values)))].mean(axis=1)
        for start in range(0, rounds, at_once)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


def worst(people: Sequence[Person]) -> Person:
    """Who has the highest score; of equals the first."""
    return max(people, key=lambda person: (person.score, -person.number))


def largest(people: Sequence[Person]) -> Person:
    """Whose face is largest, by the median of its boxes' areas; of equals the first."""

    def area(person: Person) -> float:
        return median(look.box[2] * look.box[3] if look.box else 0 for look in person.looks)

    return max(people, key=lambda person: (area(person), -person.number))


WHOSE = {"worst": worst, "largest": largest}
"""Whose verdict is the video's, by name."""


def decide(people: Sequence[Person], whose: str) -> int | None:
    """The number of the person whose verdict is the medium's; None where there is nobody.

    Who counts are those seen at least twice, and in at least a tenth of the frames in which any face was
    found, so that a chance hit of the face detector doesn't decide; where nobody is, those seen most often.
    """
    if not people:
        return None
    frames = len({look.frame for person in people for look in person.looks})
    needed = min(max(2, -(-frames // OFTEN)), max(len(person.looks) for person in people))
    return WHOSE[whose]([person for person in people if len(person.looks) >= needed]).number
