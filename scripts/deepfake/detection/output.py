"""Verdicts as detect.py prints and writes them."""

import json
import sys
from collections.abc import Sequence

from deepfake.checkpoints.inference import Opened
from deepfake.detection.tables import COLUMNS, as_json, by_reason, frames_judged, table_rows
from deepfake.detection.verdict import Verdict
from deepfake.files import new_file
from deepfake.pages.text import called, clean, interval, score
from deepfake.tables import write_rows

SHOWN = 8  # frames of a video of which the page shows the faces
TITLE = "Verdicts"
HEADER = ["name", "verdict", "score", "95 % interval", "people", "frames", "not judged, and why"]
LEFT = (0, 1, 6)  # columns of text
LONGEST = 60  # characters of a name


def print_json(verdict: Verdict) -> None:
    """One line of JSON on standard output, at once."""
    print(json.dumps(as_json(verdict)), flush=True)


def print_table(verdicts: Sequence[Verdict]) -> None:
    """A table for people on standard output; what its encoding doesn't have is replaced."""
    rows = [HEADER, *map(_row, verdicts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    encoding = sys.stdout.encoding or "utf-8"
    for row in rows:
        cells = (
            cell.ljust(width) if column in LEFT else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join(cells).rstrip().encode(encoding, "replace").decode(encoding))


def write(
    verdicts: Sequence[Verdict], model: Opened, page: str | None, table: str | None, as_list: str | None
) -> None:
    """Write those of the three files that have a path: a page, a table, and a list of JSON, one a line."""
    if table:
        write_rows(table, COLUMNS, table_rows(verdicts))
    if as_list:
        with new_file(as_list) as part:
            lines = ",\n".join(json.dumps(as_json(verdict)) for verdict in verdicts)
            part.write_text(f"[\n{lines}\n]\n" if lines else "[]\n", encoding="utf-8")
    if page:
        from deepfake.pages.verdicts import page as page_of  # loads what draws pictures

        with new_file(page) as part:
            part.write_text(page_of(list(verdicts), model, TITLE), encoding="utf-8", newline="\n")


def _row(verdict: Verdict) -> list[str]:
    person = verdict.person
    name = clean(verdict.name)
    reasons = (
        f"{reason} ({frames})" if (frames := sum(one.frame is not None for one in left)) > 1 else reason
        for reason, left in by_reason(verdict).items()
    )
    return [
        name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}",
        called(person),
        score(verdict.score),
        interval(person) if person else "",
        str(len(verdict.people)),
        f"{frames_judged(verdict)}/{verdict.frames}",
        clean("; ".join(reasons)),
    ]
