"""Verdicts, scores and intervals as text for people."""

import math

from deepfake.detection.verdict import Person
from deepfake.names import visible

NOT_JUDGED = "not judged"


def clean(text: str) -> str:
    """Return `text` with escapes for what can't be seen: controls, invalid bytes, marks of direction.

    Other characters that can't be printed, such as those that Unicode doesn't know yet, become �.
    """
    return "".join(c if c.isprintable() else "�" for c in visible(text))


def score(value: float) -> str:
    """Return a score with three digits; a dash for nan."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def interval(person: Person) -> str:
    """Return the 95 % interval of a person's score, such as "0.120 to 0.340"; "" if there is none."""
    return f"{person.low:.3f} to {person.high:.3f}" if math.isfinite(person.low) else ""


def is_unsure(person: Person | None) -> bool:
    """Return whether the interval of a person's score contains the threshold."""
    return person is not None and not person.sure and math.isfinite(person.low)


def called(person: Person | None) -> str:
    """Return the verdict of a person as text: "fake", "real, unsure", …; NOT_JUDGED for None."""
    if person is None:
        return NOT_JUDGED
    return f"{person.verdict}, unsure" if is_unsure(person) else person.verdict
