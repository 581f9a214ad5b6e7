"""Verdicts as rows of a table and as JSON, for other programs."""

import math
from collections.abc import Iterable

from deepfake.detection.verdict import LeftOut, Look, Person, Verdict

COLUMNS = "name kind verdict score low high sure person people frames judged left_out reason".split()


def table_rows(verdicts: Iterable[Verdict]) -> list[dict]:
    """A dict of COLUMNS for each medium, in their order; None where there is no number.

    `score`, `low`, `high`, `sure` and `person` are those of the person whose verdict it is; `people` is how
    many were found, `judged` how many of the `frames` asked for, `left_out` how many were not, `reason` why.
    """
    return [
        {
            "name": verdict.name,
            "kind": verdict.kind,
            "verdict": verdict.verdict,
            **_decisive(verdict.person),
            "people": len(verdict.people),
            "frames": verdict.frames,
            "judged": frames_judged(verdict),
            "left_out": frames_left_out(verdict),
            "reason": "; ".join(_counted(reason, left) for reason, left in by_reason(verdict).items()),
        }
        for verdict in verdicts
    ]


def as_json(verdict: Verdict) -> dict:
    """All of a verdict but the crops in plain types that json.dumps takes, null for what is no number."""
    return {
        "name": verdict.name,
        "kind": verdict.kind,
        "verdict": verdict.verdict,
        **_decisive(verdict.person),
        "frames": verdict.frames,
        "judged": frames_judged(verdict),
        "people": [
            {"number": int(person.number), "verdict": person.verdict, **_scored(person)}
            | {"looks": [_look(look) for look in person.looks]}
            for person in verdict.people
        ],
        "left_out": [
            {"frame": None if left.frame is None else int(left.frame), "reason": left.reason}
            for left in verdict.left_out
        ],
    }


def frames_judged(verdict: Verdict) -> int:
    """In how many frames somebody was judged."""
    return len({look.frame for person in verdict.people for look in person.looks})


def frames_left_out(verdict: Verdict) -> int:
    """How many frames could not be judged: all that were asked for where the whole medium could not."""
    if any(left.frame is None for left in verdict.left_out):
        return max(0, verdict.frames - frames_judged(verdict))
    return len({left.frame for left in verdict.left_out})


def by_reason(verdict: Verdict) -> dict[str, list[LeftOut]]:
    """What could not be judged, by reason: first the whole medium, then the reason of most frames."""
    found: dict[str, list[LeftOut]] = {}
    for left in verdict.left_out:
        found.setdefault(left.reason, []).append(left)

    def rank(reason: str) -> tuple[bool, int, str]:
        return all(left.frame is not None for left in found[reason]), -len(found[reason]), reason

    return {reason: found[reason] for reason in sorted(found, key=rank)}


def number(value: float | None) -> float | None:
    """`value` as a float of Python's; None for nan and what else is not finite."""
    return float(value) if value is not None and math.isfinite(value) else None


def _counted(reason: str, left_out: list[LeftOut]) -> str:
    frames = sum(left.frame is not None for left in left_out)
    return f"{reason} ({frames:,} frame{'s' * (frames != 1)})" if frames else reason


def _decisive(person: Person | None) -> dict:
    if person is None:
        return dict.fromkeys(("score", "low", "high", "sure", "person"))
    return _scored(person) | {"person": int(person.number)}


def _scored(person: Person) -> dict:
    bounds = {key: number(getattr(person, key)) for key in ("score", "low", "high")}
    return bounds | {"sure": bool(person.sure)}


def _look(look: Look) -> dict:
    return {
        "frame": int(look.frame),
        "time": number(look.time),
        "box": None if look.box is None else [int(side) for side in look.box],
        "found": number(look.found),
        "probability": number(look.probability),
    }
