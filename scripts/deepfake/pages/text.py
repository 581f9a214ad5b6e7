"""Numbers, times and verdicts as they are written for people."""

import math

from deepfake.detection.verdict import NONE, Person, Verdict

WORDS = {NONE: "not judged"}


def clean(text: str) -> str:
    """`text` with a mark for each character that can't be printed: controls, turned writing, bad bytes."""
    return "".join(c if c.isprintable() else "�" for c in text)


def score(value: float) -> str:
    """A score with three digits, a dash where there is none."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def clock(seconds: float) -> str:
    """A time such as 7.4 s, 1:07.4 or 1:01:07.4; "" where it isn't known."""
    if not math.isfinite(seconds):
        return ""
    minutes, tenths = divmod(round(seconds * 10), 600)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{tenths / 10:04.1f}"
    return f"{minutes}:{tenths / 10:04.1f}" if minutes else f"{tenths / 10:.1f} s"


def many(number: int, one: str, several: str = "") -> str:
    """A number of things: `several` is their word where it isn't `one` and an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def interval(person: Person) -> str:
    """The interval of a person's score; "" where there is none."""
    return f"{person.low:.3f} to {person.high:.3f}" if math.isfinite(person.low) else ""


def is_unsure(person: Person | None) -> bool:
    """Whether the interval of a person's score reaches over the threshold."""
    return person is not None and not person.sure and math.isfinite(person.low)


def called(person: Person | None) -> str:
    """What a person, or a medium by that of its person, is called."""
    if person is None:
        return WORDS[NONE]
    return f"{person.verdict}, unsure" if is_unsure(person) else person.verdict


def threshold_of(verdict: Verdict, facts: dict) -> float:
    """The score from which this kind of medium is called fake, by what a model's file holds."""
    return float(facts["threshold" if verdict.kind == "image" else "video_threshold"])
