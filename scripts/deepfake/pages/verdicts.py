"""The page of verdicts: which media files are called fake, by which model, and what could not be judged."""

import math
from collections.abc import Sequence

from deepfake.checkpoints.inference import LoadedModel
from deepfake.detection.text import called, is_unsure
from deepfake.detection.verdict import FAKE, Verdict, by_reason, frames_judged
from deepfake.pages.model_description import describe_model
from deepfake.pages.render import render
from deepfake.pages.verdict_details import (
    explain,
    faces_to_explain,
    file_details,
    left_out_lines,
)

FILES_SHOWN = 50  # files with a section of their own: those of the highest scores


def page(
    verdicts: Sequence[Verdict], model: LoadedModel, title: str, home: str = "", warning: str = ""
) -> str:
    """Return the HTML page of all verdicts, with their images in it. The same verdicts give the same text.

    `home` is the address of the local page, to which a link leads, where the page is one of its answers. A
    `warning` concerns all verdicts, and stands above them.
    """
    judged = sorted((v for v in verdicts if v.person), key=_rank)
    failed = sorted((v for v in verdicts if not v.person), key=lambda v: v.name)
    return render(
        "verdicts.html.j2",
        title=title,
        home=home,
        warning=warning,
        total=len(verdicts),
        fake=sum(v.verdict == FAKE for v in judged),
        real=sum(v.verdict != FAKE for v in judged),
        unsure=sum(is_unsure(v.person) for v in judged),
        incomplete=sum(bool(v.left_out) for v in judged),
        judged=[_row(verdict) for verdict in judged],
        failed=[_row(verdict) | {"reasons": left_out_lines(verdict)} for verdict in failed],
        model=describe_model(model.metadata),
        files=_details(judged[:FILES_SHOWN], model),
        explains=model.detector is not None,
        frames_by_reason=_frames_by_reason(judged),
    )


def _rank(verdict: Verdict) -> tuple[float, str]:
    """Return the sort key: the highest score first, nan last, then by name."""
    return (1.0 if math.isnan(verdict.score) else -verdict.score), verdict.name


def _row(verdict: Verdict) -> dict:
    return {
        "name": verdict.name,
        "verdict": verdict.verdict,
        "called": called(verdict.person),
        "person": verdict.person,
        "threshold": verdict.threshold,
        "people": len(verdict.people),
        "frames_judged": frames_judged(verdict),
        "frames": verdict.frames,
    }


def _details(verdicts: list[Verdict], model: LoadedModel) -> list[dict]:
    """Return the details of each file, with Grad-CAM for the faces of the highest scores.

    The faces of all files are explained in one go, so that the network gets them in batches.
    """
    faces = [(place, n, face) for place, v in enumerate(verdicts) for n, face in faces_to_explain(v).items()]
    images: list[dict[int, tuple[bytes, bytes]]] = [{} for _ in verdicts]
    if model.detector is not None:
        explained = explain([face for _, _, face in faces], model)
        for (place, number, _), pair in zip(faces, explained, strict=True):
            images[place][number] = pair
    return [file_details(verdict, pairs) for verdict, pairs in zip(verdicts, images, strict=True)]


def _frames_by_reason(verdicts: list[Verdict]) -> list[tuple[str, int, int]]:
    """Return each reason with the numbers of frames and of files it left out, the most frequent first."""
    found: dict[str, tuple[int, int]] = {}
    for verdict in verdicts:
        for reason, left_out in by_reason(verdict).items():
            frames, files = found.get(reason, (0, 0))
            found[reason] = frames + sum(left.frame is not None for left in left_out), files + 1
    rows = [(reason, *numbers) for reason, numbers in found.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))
