"""Verdicts as a table for people, as rows of verdicts.csv and as JSON for other programs."""

import json
import math
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from deepfake.detection.text import called, clean, interval, score
from deepfake.detection.verdict import (
    LeftOut,
    Person,
    ScoredFace,
    Verdict,
    by_reason,
    frames_judged,
    frames_left_out,
)
from deepfake.files import new_file
from deepfake.tables import write_rows

COLUMNS = (
    "name kind verdict score low high sure threshold person people frames judged left_out reason".split()
)

HEADER = ["name", "verdict", "score", "95 % interval", "people", "frames", "not judged, and why"]
TEXT_COLUMNS = (0, 1, 6)  # aligned to the left
NAME_LENGTH = 60  # characters; the start of a longer name is cut


def print_json(verdict: Verdict) -> None:
    """Print a verdict as one line of JSON, and flush."""
    print(json.dumps(as_json(verdict)), flush=True)


def print_table(verdicts: Sequence[Verdict]) -> None:
    """Print a table with a line for each verdict; characters that stdout can't encode are replaced."""
    rows = [HEADER, *map(_printed_row, verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    encoding = sys.stdout.encoding or "utf-8"
    for row in rows:
        cells = (
            cell.ljust(width) if column in TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip().encode(encoding, "replace").decode(encoding))


def write_table(path: str | Path, verdicts: Iterable[Verdict]) -> None:
    """Write verdicts.csv: a row of COLUMNS for each verdict."""
    write_rows(path, COLUMNS, table_rows(verdicts))


def write_json(path: str | Path, verdicts: Iterable[Verdict]) -> None:
    """Write verdicts.json: a list with a line for each verdict."""
    lines = ",\n".join(json.dumps(as_json(verdict)) for verdict in verdicts)
    with new_file(path) as part:
        part.write_text(f"[\n{lines}\n]\n" if lines else "[]\n", encoding="utf-8")


def table_rows(verdicts: Iterable[Verdict]) -> list[dict]:
    """Return a dict of COLUMNS for each verdict, in their order; None if there is no number.

    `score`, `low`, `high`, `sure` and `person` are those of the person who decides the verdict, and
    `threshold` is the score from which that one is called fake; `people` is the number of people found,
    `judged` and `left_out` count the sampled `frames`, `reason` says why.
    """
    return [
        {
            "name": verdict.name,
            "kind": verdict.kind,
            "verdict": verdict.verdict,
            **_decisive(verdict),
            "people": len(verdict.people),
            "frames": verdict.frames,
            "judged": frames_judged(verdict),
            "left_out": frames_left_out(verdict),
            "reason": "; ".join(_with_count(reason, left) for reason, left in by_reason(verdict).items()),
        }
        for verdict in verdicts
    ]


def as_json(verdict: Verdict) -> dict:
    """Return a verdict, without crops, in plain types for json.dumps; null if there is no number."""
    return {
        "name": verdict.name,
        "kind": verdict.kind,
        "verdict": verdict.verdict,
        **_decisive(verdict),
        "candidates": int(verdict.candidates),
        "frames": verdict.frames,
        "judged": frames_judged(verdict),
        "people": [
            {"number": int(person.number), "verdict": person.verdict, **_scores(person)}
            | {"looks": [_face(face) for face in person.faces]}
            for person in verdict.people
        ],
        "left_out": [
            {"frame": None if left.frame is None else int(left.frame), "reason": left.reason}
            for left in verdict.left_out
        ],
    }


def number(value: float | None) -> float | None:
    """Return `value` as a Python float; None if it is nan, infinite or None."""
    return float(value) if value is not None and math.isfinite(value) else None


def _printed_row(verdict: Verdict) -> list[str]:
    person = verdict.person
    name = clean(verdict.name)
    reasons = (
        f"{reason} ({frames})" if (frames := sum(one.frame is not None for one in left)) > 1 else reason
        for reason, left in by_reason(verdict).items()
    )
    return [
        name if len(name) <= NAME_LENGTH else f"…{name[1 - NAME_LENGTH :]}",
        called(person),
        score(verdict.score),
        interval(person) if person else "",
        str(len(verdict.people)),
        f"{frames_judged(verdict)}/{verdict.frames}",
        clean("; ".join(reasons)),
    ]


def _with_count(reason: str, left_out: list[LeftOut]) -> str:
    frames = sum(left.frame is not None for left in left_out)
    return f"{reason} ({frames:,} frame{'s' * (frames != 1)})" if frames else reason


def _decisive(verdict: Verdict) -> dict:
    if verdict.person is None:
        return dict.fromkeys(("score", "low", "high", "sure", "threshold", "person"))
    decided = {"threshold": number(verdict.threshold), "person": int(verdict.person.number)}
    return _scores(verdict.person) | decided


def _scores(person: Person) -> dict:
    bounds = {key: number(getattr(person, key)) for key in ("score", "low", "high")}
    return bounds | {"sure": bool(person.sure)}


def _face(face: ScoredFace) -> dict:
    return {
        "frame": int(face.frame),
        "time": number(face.time),
        "box": None if face.box is None else [int(side) for side in face.box],
        "found": number(face.detection_score),
        "probability": number(face.probability),
    }
