"""What is known of one video or still once it has been judged."""

import math
from dataclasses import dataclass, field

FAKE, REAL, NONE = "fake", "real", "none"
"""What a verdict may be; none where nothing could be judged."""


@dataclass(frozen=True)
class Look:
    """One face in one frame, or one whole frame, as the model saw it.

    `frame` is its index in presentation order, `time` in seconds (nan for stills), `box` (x, y, width,
    height) of the face in frame pixels (None for whole frames and stills that are crops), `found` the face
    detector's score (nan without one), `probability` of fake in [0, 1]. `crop` holds the bytes of the image
    that the model saw, jpg or png, of a few looks evenly over the video; empty for the others.
    """

    frame: int
    time: float
    box: tuple[int, int, int, int] | None
    found: float
    probability: float
    crop: bytes = b""


@dataclass(frozen=True)
class Person:
    """One person of a video: `looks` in order of frames, and the `score`, the mean of their probabilities.

    `low` and `high` bound its 95 % interval, by bootstrap over looks; nan where there is but one. `verdict`
    is FAKE or REAL, by the model's threshold, and `sure` says whether the interval lies on its side of it.
    """

    number: int
    looks: list[Look]
    score: float
    low: float
    high: float
    verdict: str
    sure: bool


@dataclass(frozen=True)
class LeftOut:
    """A frame that could not be judged, or the whole medium (`frame` None), and why."""

    frame: int | None
    reason: str


@dataclass(frozen=True)
class Verdict:
    """One medium: `name` as it was given, `kind` "video" or "image" ("" where it can't be told).

    `frames` is how many were asked for, `people` whom was found in them, `decided` the number of the person
    whose verdict it is (None where there is none). `left_out` says what could not be judged.
    """

    name: str
    kind: str
    frames: int
    people: list[Person] = field(default_factory=list)
    decided: int | None = None
    left_out: list[LeftOut] = field(default_factory=list)

    @property
    def person(self) -> Person | None:
        return next((person for person in self.people if person.number == self.decided), None)

    @property
    def verdict(self) -> str:
        return self.person.verdict if self.person else NONE

    @property
    def score(self) -> float:
        return self.person.score if self.person else math.nan
