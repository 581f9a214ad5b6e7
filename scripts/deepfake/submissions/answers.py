"""From verdicts to the lines of a submission; what could not be judged gets the fallback, and is named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepfake.console import log
from deepfake.detection.media import MediaFile
from deepfake.detection.verdict import FAKE, NONE, Verdict
from deepfake.files import new_file
from deepfake.submissions.names import CONTROL
from deepfake.tables import write_rows

Judge = Callable[[list[MediaFile]], Iterable[Verdict]]
"""Judges media: a verdict for each, in their order."""


@dataclass(frozen=True)
class Answer:
    """What is known of a listed name: its `verdict`, or None and the `reason` why there is none."""

    name: str
    verdict: Verdict | None
    reason: str = ""


def answers(names: Sequence[str], places: Sequence[MediaFile | str], judge: Judge) -> Iterator[Answer]:
    """An answer for each name, in order; `places` has its medium, or the reason why there is none."""
    verdicts = iter(judge([place for place in places if not isinstance(place, str)]))
    for name, place in zip(names, places, strict=True):
        if isinstance(place, str):
            yield Answer(name, None, place)
            continue
        verdict = next(verdicts)
        if verdict.verdict == NONE:
            yield Answer(name, None, "; ".join(dict.fromkeys(left.reason for left in verdict.left_out)))
        else:
            yield Answer(name, verdict)
    for extra in verdicts:  # lets who judges come to an end
        raise ValueError(f"{extra.name}: a verdict that nobody asked for")


def write_prediction(path: str | Path, found: Iterable[Answer], fallback: int) -> None:
    """Write lines `name label`: 1 for fake, 0 for real, `fallback` for what has no verdict.

    ValueError where a name can't stand in a line.
    """
    lines = []
    for one in found:
        if CONTROL.search(one.name):
            raise ValueError(f"{one.name!r} can't stand in a line of {path}; rename that file")
        label = int(one.verdict.verdict == FAKE) if one.verdict else fallback
        lines.append(f"{one.name} {label}\n")
    with new_file(path) as part:
        part.write_text("".join(lines), encoding="utf-8", newline="\n")


def write_submission(
    path: str | Path, found: Iterable[Answer], fallback: float, clip: tuple[float, float]
) -> None:
    """Write a table of `filename` and `label`, the probability of fake, with six digits.

    All of them, `fallback` too, are kept within `clip`, lowest and highest.
    """
    scores = ((one.name, one.verdict.score if one.verdict else fallback) for one in found)
    rows = [{"filename": name, "label": f"{min(max(score, clip[0]), clip[1]):.6f}"} for name, score in scores]
    write_rows(path, ["filename", "label"], rows)


def tell(found: Sequence[Answer], again: dict[str, int], fallback: float) -> str:
    """Name in the log what got the fallback and what is listed twice; a line that counts all of them."""
    for name, count in again.items():
        log.warning("%s is listed %d times; it stands once", name, count)
    for one in found:
        if one.verdict is None:
            log.warning("%s: %s; the fallback %s stands for it", one.name, one.reason, fallback)
    fakes = sum(one.verdict is not None and one.verdict.verdict == FAKE for one in found)
    left = sum(one.verdict is None for one in found)
    counts = f"{fakes} fake, {len(found) - fakes - left} real, {left} could not be judged and have {fallback}"
    return f"{len(found)} names: {counts}" + (f"; {len(again)} listed more than once" if again else "")
