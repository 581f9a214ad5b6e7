"""From verdicts to the files that a competition asks for; without a verdict, a name gets a fallback."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from deepfake.checkpoints.inference import LoadedModel
from deepfake.console import log, printable, progress_bar
from deepfake.detection.detect import detect_media
from deepfake.detection.media import MediaFile
from deepfake.detection.verdict import FAKE, NONE, Verdict
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.submissions.names import CONTROL
from deepfake.tables import write_rows


@dataclass(frozen=True)
class Answer:
    """The answer for a listed name: its `verdict`, or None and the `reason` why there is none."""

    name: str
    verdict: Verdict | None
    reason: str = ""


def answer(
    names: Sequence[str],
    files: Sequence[MediaFile | str],
    model: LoadedModel,
    preprocessing: dict,
    people: str,
    workers: int,
) -> list[Answer]:
    """Return the answer for each name, in order; `files` has its media file, or the reason for none.

    `preprocessing`, `people` and `workers` are those of detect.detect_media.
    """
    media = [file for file in files if isinstance(file, MediaFile)]
    verdicts = detect_media(media, model, preprocessing, people=people, workers=workers, shown=0)
    answers = []
    with progress_bar(len(files), "detect", "files") as advance:
        for one in match(names, files, verdicts):
            answers.append(one)
            advance(1)
    return answers


def match(
    names: Sequence[str], files: Sequence[MediaFile | str], verdicts: Iterable[Verdict]
) -> Iterator[Answer]:
    """Yield the answer for each name; `verdicts` are those of the media files among `files`, in order."""
    verdicts = iter(verdicts)
    for name, file in zip(names, files, strict=True):
        if isinstance(file, str):
            yield Answer(name, None, file)
            continue
        verdict = next(verdicts)
        if verdict.verdict == NONE:
            yield Answer(name, None, "; ".join(dict.fromkeys(left.reason for left in verdict.left_out)))
        else:
            yield Answer(name, verdict)
    for extra in verdicts:  # also lets detection finish
        raise ValueError(f"{extra.name}: a verdict for a file that is not among the listed ones")


def write_prediction(path: str | Path, answers: Iterable[Answer], fallback: int) -> None:
    """Write lines `name label`: 1 for fake, 0 for real, `fallback` without a verdict.

    Raises UserError if a name would break a line.
    """
    lines = []
    for one in answers:
        if CONTROL.search(one.name):
            raise UserError(f"{one.name!r} can't be written as a line of {path}; rename that file")
        label = int(one.verdict.verdict == FAKE) if one.verdict else fallback
        lines.append(f"{one.name} {label}\n")
    with new_file(path) as part:
        part.write_text("".join(lines), encoding="utf-8", newline="\n")


def write_submission(
    path: str | Path, answers: Iterable[Answer], fallback: float, clip: tuple[float, float]
) -> None:
    """Write a table of `filename` and `label`, the probability of fake with six digits.

    All probabilities, also the `fallback`, are clipped to `clip` (lowest, highest).
    """
    scores = ((one.name, one.verdict.score if one.verdict else fallback) for one in answers)
    rows = [{"filename": name, "label": f"{min(max(score, clip[0]), clip[1]):.6f}"} for name, score in scores]
    write_rows(path, ["filename", "label"], rows, exact=True)


def log_summary(answers: Sequence[Answer], duplicates: dict[str, int], fallback: float) -> str:
    """Log the names with the fallback and those listed more than once; return one line with all counts."""
    for name, count in duplicates.items():
        log.warning("%s is listed %d times; it is written once", printable(name), count)
    for one in answers:
        if one.verdict is None:
            log.warning(
                "%s: %s; it has the fallback %s", printable(one.name), printable(one.reason), fallback
            )
    fake = sum(one.verdict is not None and one.verdict.verdict == FAKE for one in answers)
    failed = sum(one.verdict is None for one in answers)
    real = len(answers) - fake - failed
    counts = f"{fake} fake, {real} real, {failed} could not be judged and have {fallback}"
    return f"{len(answers)} names: {counts}" + (
        f"; {len(duplicates)} listed more than once" if duplicates else ""
    )
