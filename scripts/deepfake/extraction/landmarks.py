"""Landmarks of faces: the points that `faces.landmarks` of the config asks for.

`five`: YuNet's own, where it found the face; else those of dlib's 5-point model. `68`: dlib's 68-point model
(Kazemi and Sullivan 2014), on the box of any detector. CONVENTIONS says which points they are.
"""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from deepfake.errors import UserError
from deepfake.extraction.boxes import Face, Points
from deepfake.extraction.package_models import FIVE_POINTS, SIXTY_EIGHT_POINTS, package_model
from deepfake.extraction.settings import detector_names

CONVENTIONS = {
    "yunet": "eye, eye, tip of the nose, corner of the mouth, corner of the mouth",
    "dlib_5": "right eye: outer corner, inner corner; left eye: outer corner, inner corner; base of the nose",
    "dlib_68": "iBUG 300-W: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67",
}
"""By the table's column `landmarker`: the points in their order. "yunet" names the left one in the image
first; "dlib_5" begins with the eye that is on the right in the image."""

MODELS = {"five": ("dlib_5", FIVE_POINTS), "68": ("dlib_68", SIXTY_EIGHT_POINTS)}
"""By `faces.landmarks`: the convention and the file of dlib's model."""

REGION = 2.0  # sides of the face's box that are shown to the model: it looks at points around the box, too
BOX_SIDE = 200  # pixels of the box's longer side there: dlib gives whole pixels, so 0.25 % of it at most

Landmarker = Callable[[np.ndarray, Face], Face]
"""Takes a frame, uint8 BGR (height, width, 3), and a face in it; returns the face with its points."""


def load_landmarker(cfg: dict) -> Landmarker | None:
    """Return the function that the config section `faces` describes, or None for `landmarks: none`.

    Raises UserError, which names the key, if a model can't be had.
    """
    name = str(cfg.get("landmarks", "none"))
    if name == "none":
        return None
    if name not in MODELS:
        raise UserError(f"faces.landmarks is {name!r}: write none, five or 68")
    file = landmark_model(cfg)
    if file is None:
        return lambda pixels, face: face
    convention = MODELS[name][0]
    predict = dlib_predictor(str(package_model(file, f"faces.landmarks: {name}")))

    def locate(pixels: np.ndarray, face: Face) -> Face:
        if name == "five" and face.landmarker:
            return face
        return replace(face, points=predict(pixels, face), landmarker=convention)

    return locate


def landmark_model(cfg: dict) -> str | None:
    """Return the name of the file of dlib's model that finds the landmarks; None if there is none.

    `cfg` is the config section `faces`. YuNet's five points come with its boxes.
    """
    name, detectors = str(cfg.get("landmarks", "none")), detector_names(cfg["detector"])
    if name == "none" or detectors == ["none"] or (name == "five" and detectors == ["yunet"]):
        return None
    return MODELS[name][1]


def dlib_predictor(path: str) -> Callable[[np.ndarray, Face], Points]:
    """Return a function that finds the points of one of dlib's shape predictors, in frame pixels.

    The part of the frame around the face is scaled first, so that the points don't depend on the frame's
    resolution; beyond the frame it is as its border.
    """
    import dlib  # here, since YuNet needs none of it

    predictor = dlib.shape_predictor(path)

    def predict(pixels: np.ndarray, face: Face) -> Points:
        scale = BOX_SIDE / max(face.width, face.height, 1)
        half = round(REGION * BOX_SIDE / 2)
        across, down = face.x + face.width / 2, face.y + face.height / 2
        to_region = np.array([[scale, 0, half - scale * across], [0, scale, half - scale * down]])
        region = cv2.warpAffine(pixels, to_region, (2 * half, 2 * half), borderMode=cv2.BORDER_REPLICATE)
        width, height = round(face.width * scale / 2), round(face.height * scale / 2)
        box = dlib.rectangle(half - width, half - height, half + width, half + height)
        found = predictor(cv2.cvtColor(region, cv2.COLOR_BGR2RGB), box).parts()
        return tuple((across + (p.x - half) / scale, down + (p.y - half) / scale) for p in found)

    return predict


def points_text(points: Points) -> str:
    """Return points as a table holds them: "x y x y …", in frame pixels with two decimals."""
    return " ".join(f"{value:.2f}" for point in points for value in point)


def parse_points(text: str) -> Points:
    """Return the points of `points_text`; () for ""."""
    values = [float(value) for value in text.split()]
    return tuple(zip(values[::2], values[1::2], strict=True))
