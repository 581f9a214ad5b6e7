"""Faces as they stand on the page of verdicts: small pictures of them, and what speaks for fake in them."""

import io
from collections.abc import Iterator, Sequence

import numpy as np
from PIL import Image

from deepfake.checkpoints.inference import Opened
from deepfake.detection.text import score
from deepfake.detection.verdict import Person, ScoredFace
from deepfake.evaluation.mistakes import overlay
from deepfake.inputs.pixels import decode, fit
from deepfake.pages.html import embedded
from deepfake.pages.text import clock

SIDE = 112  # pixels of a face in the strip
LARGE = 224  # pixels of one that is explained
AT_ONCE = 8  # pictures whose gradients are held


def strip(person: Person) -> str:
    """The faces of a person that crops are kept of, as HTML, each with its time and its score below."""
    tiles = [tile(look, person.number) for look in person.faces if look.crop]
    if not tiles:
        return ""
    return f'<div class="strip" role="group" aria-label="Person {person.number}">{"".join(tiles)}</div>'


def tile(look: ScoredFace, number: int, side: int = SIDE) -> str:
    """One face, as HTML."""
    about = f"Person {number}, frame {look.frame}, score {score(look.probability)}"
    shown = embedded(jpeg(decode(look.crop), side), ".jpg", about)
    below = "<br>".join(filter(None, [clock(look.time), score(look.probability)]))
    return f"<figure>{shown}<figcaption>{below}</figcaption></figure>"


def highest(person: Person) -> ScoredFace | None:
    """The look of the highest score among those that crops are kept of; of equals the first."""
    shown = [look for look in person.faces if look.crop]
    return max(shown, key=lambda look: np.nan_to_num(look.probability, nan=-1.0), default=None)


def explained(looks: Sequence[ScoredFace], model: Opened) -> Iterator[tuple[bytes, bytes]]:
    """Of each look, which has a crop, the picture as the model saw it, and under its Grad-CAM: two jpgs.

    `model.detector` must not be None.
    """
    from deepfake.networks.gradcam import gradcam_of

    for start in range(0, len(looks), AT_ONCE):
        pictures = [decode(look.crop) for look in looks[start : start + AT_ONCE]]
        for picture, heat in zip(pictures, gradcam_of(model, pictures), strict=True):
            seen = fit(picture, model.geometries[0])
            yield jpeg(seen, LARGE), jpeg(overlay(seen, heat), LARGE)


def jpeg(picture: np.ndarray, side: int) -> bytes:
    """`picture`, uint8 (H, W, 3) RGB, as a jpg, scaled down where a side is over `side` pixels."""
    image = Image.fromarray(picture)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()
