"""What the page of verdicts shows of one media file: its people, their faces and scores, and Grad-CAM."""

import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from PIL import Image

from deepfake.checkpoints.inference import LoadedModel
from deepfake.detection.text import called, is_unsure
from deepfake.detection.verdict import LeftOut, Person, ScoredFace, Verdict, by_reason, frames_judged
from deepfake.evaluation.mistakes import overlay
from deepfake.inputs.pixels import decode, fit
from deepfake.pages.timeline import draw_timeline, line_style
from deepfake.plotting import GREY

PEOPLE_SHOWN = 12  # of a file; the table lists all of them
FRAMES_LISTED = 24  # numbers of frames that are written out
FACE_SIDE = 112  # pixels of a face in the row of faces
EXPLAINED_SIDE = 224  # pixels of a face beside its Grad-CAM
BATCH = 8  # faces whose gradients are held at once


def file_details(verdict: Verdict, explained: Mapping[int, tuple[bytes, bytes]]) -> dict:
    """Return the values of one file's section; see the loop over `files` in templates/verdicts.html.j2.

    `explained` has, by the number of a person, the images that `explain` gives of that person's face.
    """
    people = _people_shown(verdict)
    scored_frames = {face.frame for person in verdict.people for face in person.faces}
    failed_frames = {left.frame for left in verdict.left_out if left.frame is not None} - scored_frames
    is_video = verdict.kind != "image"
    has_timeline = is_video and len(scored_frames) > 1
    return {
        "name": verdict.name,
        "verdict": verdict.verdict,
        "called": called(verdict.person),
        "is_unsure": is_unsure(verdict.person),
        "person": verdict.person,
        "threshold": verdict.threshold,
        "candidates": verdict.candidates,
        "is_video": is_video,
        "frames": verdict.frames,
        "frames_judged": frames_judged(verdict),
        "people": [_row(person) for person in sorted(verdict.people, key=lambda person: person.number)],
        "timeline": draw_timeline(verdict, people, verdict.threshold) if has_timeline else None,
        "has_failed_frames": bool(failed_frames),
        "shown": [
            _row(person)
            | {
                "colour": line_style(place)[0] if is_video else GREY,
                "highest": _highest(person),
                "explained": explained.get(person.number),
                "faces": [(face, jpeg(decode(face.crop), FACE_SIDE)) for face in person.faces if face.crop],
            }
            for place, person in enumerate(people)
        ],
        "left_out": left_out_lines(verdict),
    }


def left_out_lines(verdict: Verdict) -> list[str]:
    """Return what could not be judged: a line for each reason, with the numbers of the frames."""
    return [
        f"{frames}: {reason}" if (frames := _frame_numbers(left_out)) else reason
        for reason, left_out in by_reason(verdict).items()
    ]


def faces_to_explain(verdict: Verdict) -> dict[int, ScoredFace]:
    """Return the face with the highest score of each person shown, by the person's number."""
    faces = {person.number: _highest(person) for person in _people_shown(verdict)}
    return {number: face for number, face in faces.items() if face}


def explain(faces: Sequence[ScoredFace], model: LoadedModel) -> Iterator[tuple[bytes, bytes]]:
    """Yield two JPEGs for each face: as the model saw it, and with its Grad-CAM on it.

    Every face must have a crop, and `model.detector` must not be None.
    """
    from deepfake.networks.gradcam import gradcam_maps  # loads torch

    for start in range(0, len(faces), BATCH):
        images = [decode(face.crop) for face in faces[start : start + BATCH]]
        for image, heat in zip(images, gradcam_maps(model.detector, model.geometries, images), strict=True):
            seen = fit(image, model.geometries[0])
            yield jpeg(seen, EXPLAINED_SIDE), jpeg(overlay(seen, heat), EXPLAINED_SIDE)


def jpeg(image: np.ndarray, side: int) -> bytes:
    """Return an image, uint8 (H, W, 3) RGB, as a JPEG that is scaled down to at most `side` pixels a side."""
    scaled = Image.fromarray(image)
    scaled.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    scaled.save(out, "JPEG", quality=85)
    return out.getvalue()


def _people_shown(verdict: Verdict) -> list[Person]:
    """Return up to PEOPLE_SHOWN people: the one who decides first, then by score, then by number."""

    def rank(person: Person) -> tuple[bool, float, int]:
        score = -1.0 if math.isnan(person.score) else person.score
        return person.number != verdict.decisive, -score, person.number

    return sorted(verdict.people, key=rank)[:PEOPLE_SHOWN]


def _row(person: Person) -> dict:
    first_and_last = person.faces[:1] + person.faces[-1:]
    return {"person": person, "called": called(person), "times": [face.time for face in first_and_last]}


def _highest(person: Person) -> ScoredFace | None:
    """Return the face with the highest score among those with a crop, the first one of equals."""
    faces = [face for face in person.faces if face.crop]
    return max(faces, key=lambda face: np.nan_to_num(face.probability, nan=-1.0), default=None)


def _frame_numbers(left_out: Iterable[LeftOut]) -> str:
    numbers = sorted({left.frame for left in left_out if left.frame is not None})
    if len(numbers) < 2:
        return "".join(f"frame {number}" for number in numbers)
    more = f" and {len(numbers) - FRAMES_LISTED:,} more" if len(numbers) > FRAMES_LISTED else ""
    return f"{len(numbers):,} frames ({', '.join(map(str, numbers[:FRAMES_LISTED]))}{more})"
