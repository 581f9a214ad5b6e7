"""Numbers, times and verdicts as they are written for people."""

import math

from deepfake.detection.verdict import Verdict


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


def threshold_of(verdict: Verdict, facts: dict) -> float:
    """The score from which this kind of medium is called fake, by what a model's file holds."""
    return float(facts["threshold" if verdict.kind == "image" else "video_threshold"])
