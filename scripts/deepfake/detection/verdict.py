"""The result of detection for one media file: its people, their scores, and what could not be judged."""

import math
from dataclasses import dataclass, field

FAKE, REAL, NONE = "fake", "real", "none"
"""The values of a verdict; "none" where nothing could be judged."""


@dataclass(frozen=True)
class ScoredFace:
    """One face in one frame, or one whole frame, with the model's probability.

    `frame` is its index in presentation order, `time` in seconds (nan for images), `box` (x, y, width,
    height) of the face in frame pixels (None for whole frames and images that are crops already),
    `detection_score` the face detector's score (nan without a detector), `probability` that of fake, in [0,
    1]. `crop` holds the encoded image that the model saw, jpg or png, for a few frames spread evenly over
    the video; it is empty for the others.
    """

    frame: int
    time: float
    box: tuple[int, int, int, int] | None
    detection_score: float
    probability: float
    crop: bytes = b""


@dataclass(frozen=True)
class Person:
    """One person of a video: `faces` in the order of frames, and `score`, the mean of their probabilities.

    `low` and `high` bound the score's 95 % interval, by bootstrap over faces; nan if there is only one.
    `verdict` is FAKE or REAL, by the model's threshold; `sure` says that the whole interval lies on the
    same side of it.
    """

    number: int
    faces: list[ScoredFace]
    score: float
    low: float
    high: float
    verdict: str
    sure: bool


@dataclass(frozen=True)
class LeftOut:
    """A frame that could not be judged, or the whole media file (`frame` None), and the reason."""

    frame: int | None
    reason: str


@dataclass(frozen=True)
class Verdict:
    """The verdict of one media file: `name` as it was given, `kind` "video", "image", or "" if unknown.

    `frames` is the number of sampled frames, `people` the people found in them, `decisive` the number of
    the person who decides the verdict (None if there is nobody), `left_out` what could not be judged.
    `threshold` is the score from which a person in it is called fake (nan if there is nobody), and
    `candidates` the number of people of whom the highest score decides, on which the threshold depends; it is
    1 where the score of one person counts, whatever those of the others.
    """

    name: str
    kind: str
    frames: int
    people: list[Person] = field(default_factory=list)
    decisive: int | None = None
    left_out: list[LeftOut] = field(default_factory=list)
    threshold: float = math.nan
    candidates: int = 1

    @property
    def person(self) -> Person | None:
        """The person who decides the verdict."""
        return next((person for person in self.people if person.number == self.decisive), None)

    @property
    def verdict(self) -> str:
        return self.person.verdict if self.person else NONE

    @property
    def score(self) -> float:
        return self.person.score if self.person else math.nan


def frames_judged(verdict: Verdict) -> int:
    """Return the number of frames in which at least one face was judged."""
    return len({face.frame for person in verdict.people for face in person.faces})


def frames_left_out(verdict: Verdict) -> int:
    """Return the number of frames that could not be judged.

    Where the reason concerns the whole file, these are all sampled frames that were not judged.
    """
    if any(left.frame is None for left in verdict.left_out):
        return max(0, verdict.frames - frames_judged(verdict))
    return len({left.frame for left in verdict.left_out})


def by_reason(verdict: Verdict) -> dict[str, list[LeftOut]]:
    """Return what was left out by reason: the whole file's reasons first, then those of most frames."""
    found: dict[str, list[LeftOut]] = {}
    for left in verdict.left_out:
        found.setdefault(left.reason, []).append(left)

    def rank(reason: str) -> tuple[bool, int, str]:
        return all(left.frame is not None for left in found[reason]), -len(found[reason]), reason

    return {reason: found[reason] for reason in sorted(found, key=rank)}
