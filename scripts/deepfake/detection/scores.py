"""The score and verdict of each person, which person decides for a media file, and from which score."""

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from deepfake.detection.verdict import FAKE, REAL, Person, ScoredFace
from deepfake.hashing import seeded_hash

CHUNK = 1_000_000  # resampled values held at a time: 8 MB
RARE = 10  # people in less than a tenth of the frames with faces may be false detections


def score_person(
    number: int, faces: list[ScoredFace], threshold: float, resamples: int, seed: int, name: str
) -> Person:
    """Return person `number` of the media file `name`: score, 95 % interval and verdict by `threshold`.

    The score is the mean probability of `faces`. The interval is that of the percentile bootstrap over
    faces (Efron and Tibshirani 1993); its random numbers depend on `seed`, `name` and `number`. Frames of
    one video are alike, so another video of the same person may differ by more than the interval.
    """
    values = np.array([face.probability for face in faces], np.float64)
    score = float(values.mean())
    low, high = interval(values, resamples, seeded_hash(seed, "detect", name, number))
    verdict = FAKE if score >= threshold else REAL
    sure = low >= threshold if verdict == FAKE else high < threshold  # nan is neither
    return Person(number, faces, score, low, high, verdict, bool(sure))


def interval(values: np.ndarray, resamples: int, seed: int) -> tuple[float, float]:
    """Return the 2.5th and 97.5th percentile of the means of bootstrap resamples of `values`, float64 (n,).

    Both are nan if there are fewer than two values.
    """
    if len(values) < 2 or resamples < 1:
        return math.nan, math.nan
    generator = np.random.default_rng(seed)
    chunk = max(1, CHUNK // len(values))
    means = [
        values[generator.integers(len(values), size=(min(chunk, resamples - start), len(values)))].mean(
            axis=1
        )
        for start in range(0, resamples, chunk)
    ]
    low, high = np.quantile(np.concatenate(means), [0.025, 0.975])
    return float(low), float(high)


def worst(people: Sequence[Person]) -> Person:
    """Return the person with the highest score; of equals the first."""
    return max(people, key=lambda person: (person.score, -person.number))


def largest(people: Sequence[Person]) -> Person:
    """Return the person with the largest median area of the face boxes; of equals the first."""

    def area(person: Person) -> float:
        return median(face.box[2] * face.box[3] if face.box else 0 for face in person.faces)

    return max(people, key=lambda person: (area(person), -person.number))


WORST = "worst"
DECISIVE = {WORST: worst, "largest": largest}
"""By the config's `detect.people`: the function that picks the person who decides the verdict."""


def possible_deciders(faces: Mapping[int, Sequence[ScoredFace]]) -> list[int]:
    """Return the numbers of the people who can decide the verdict, given the faces of each.

    These are people with at least two faces, and in at least a tenth of the frames with faces, so that a
    false detection doesn't decide. Where there are no such people, they are those with most faces.
    """
    frames = len({face.frame for of_one in faces.values() for face in of_one})
    needed = min(max(2, -(-frames // RARE)), max(map(len, faces.values()), default=0))
    return [number for number, of_one in faces.items() if len(of_one) >= needed]


def decide(people: Sequence[Person], rule: str) -> int | None:
    """Return the number of the person who decides the verdict by `rule`, a key of DECISIVE; None for nobody.

    Of `people`, only the possible_deciders count.
    """
    able = possible_deciders({person.number: person.faces for person in people})
    return DECISIVE[rule]([person for person in people if person.number in able]).number if able else None


def threshold_for(metadata: dict, is_image: bool, candidates: int) -> float:
    """Return the score from which a person is called fake, by the metadata of a model.

    `candidates` are the people of whom the highest score decides: the more there are, the higher one of them
    scores by chance, so a video of several people has a higher threshold (thresholds.people_thresholds).
    Images have one threshold, and so has a model that lacks `people_thresholds`, of an earlier version.
    """
    if is_image:
        return float(metadata["threshold"])
    thresholds = metadata.get("people_thresholds") or [metadata["video_threshold"]]
    return float(thresholds[min(max(candidates, 1), len(thresholds)) - 1])
