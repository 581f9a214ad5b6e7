"""Landmarks of faces: the points that `faces.landmarks` of the config asks for.

`five`: YuNet's own, where it found the face; else those of dlib's 5-point model. Crops that are aligned by
YuNet's points need better ones, so these are refined. `68`: dlib's 68-point model (Kazemi and Sullivan 2014),
on the box of any detector. CONVENTIONS says which points they are.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from deepfake.errors import UserError
from deepfake.extraction.alignment import (
    DLIB_5_TEMPLATE,
    Place,
    aligned_place,
    cut,
    similarity,
    square_in_frame,
)
from deepfake.extraction.boxes import Box, Face, Points, overlap
from deepfake.extraction.detectors import yunet
from deepfake.extraction.package_models import FIVE_POINTS, SIXTY_EIGHT_POINTS, package_model
from deepfake.extraction.settings import detector_names, is_aligned

CONVENTIONS = {
    "yunet": "eye, eye, tip of the nose, corner of the mouth, corner of the mouth",
    "dlib_5": "right eye: outer corner, inner corner; left eye: outer corner, inner corner; base of the nose",
    "dlib_68": "iBUG 300-W: jaw 0-16, brows 17-26, nose 27-35, eyes 36-47, mouth 48-67",
}
"""By the table's column `landmarker`: the points in their order. "yunet" names the left one in the image
first; "dlib_5" begins with the eye that is on the right in the image."""

MODELS = {"five": ("dlib_5", FIVE_POINTS), "68": ("dlib_68", SIXTY_EIGHT_POINTS)}
"""By `faces.landmarks`: the convention and the file of dlib's model."""

DLIB_5_OF_68 = [45, 42, 36, 39, 33]  # those of "dlib_5"

UPRIGHT_BOX = (56.0, 70.2, 88.4)
"""The centre and side of the box that dlib's HOG detector finds, in a face aligned to the template's pixels:
medians over 891 photos and frames."""

SQUARES = {"yunet": (0.054, 0.93), "mmod": (0.085, 1.05)}
"""By detector: how far below the centre of its box, in heights, the HOG detector's centre lies, and its
side as a multiple of the root of the box's area. Medians over 891 (YuNet) and 97 (mmod) faces."""

BOX_SIDES = (100, 200)
"""Pixels of the box that dlib's models see, first and then: they give whole pixels, 0.25 % of the second."""

REGION = 1.5  # sides of that box that are shown to a model: it looks at points around the box, too

YUNET_SIDE = 128  # pixels of the upright square in which YuNet's points are refined: the cost grows with them
YUNET_MARGIN = 1.3  # of that square; with 1.8 turned crops differed half as much again
YUNET_SCORE = 0.5  # of the boxes whose points are averaged, 8 or 9 mostly; 0.1 to 0.7 gave the same
MIRRORED = [1, 0, 2, 4, 3]  # the points of "yunet" as a mirrored image has them

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
    own = yunet_refiner(cfg) if _refines(cfg) else lambda pixels, face: face
    file = landmark_model(cfg)
    if file is None:
        return own
    convention = MODELS[name][0]
    predict = dlib_predictor(str(package_model(file, f"faces.landmarks: {name}")))

    def locate(pixels: np.ndarray, face: Face) -> Face:
        if name == "five" and face.landmarker == "yunet":
            return own(pixels, face)
        if face.landmarker == convention:
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

    It predicts twice: in the box of the detector, and in an upright square that the first points give, where
    the HOG detector's box would lie. The models are trained on such boxes, and this makes the points
    independent of the detector. On 247 faces, frames turned by 20 degrees gave crops that differed by 1.4
    (five) and 1.6 (68) pixels of 224 from those of the unturned frame, and with one prediction by 1.9 and
    3.2; crops on YuNet's boxes differed by 1.3 and 2.1 pixels from those on the HOG detector's, and with one
    prediction in YuNet's own box by 4.7 and 4.2.
    """
    import dlib  # here, since YuNet needs none of it

    predictor = dlib.shape_predictor(path)

    def predict_in(pixels: np.ndarray, place: Place, box_side: int) -> Points:
        side = round(REGION * box_side)
        low, high = (side - box_side) // 2, (side + box_side) // 2
        region = cut(pixels, place, side, "replicate", cv2.INTER_LINEAR)
        box = dlib.rectangle(low, low, high, high)
        found = predictor(cv2.cvtColor(region, cv2.COLOR_BGR2RGB), box).parts()
        return _in_frame(np.array([(p.x, p.y) for p in found], float), place, side)

    def predict(pixels: np.ndarray, face: Face) -> Points:
        points = predict_in(pixels, _first_region(face), BOX_SIDES[0])
        five = points if len(points) == 5 else tuple(points[i] for i in DLIB_5_OF_68)
        try:
            return predict_in(pixels, _upright_region(five), BOX_SIDES[1])
        except ValueError:  # the points are not those of a face
            return points

    return predict


def _refines(cfg: dict) -> bool:
    """Return whether YuNet's points are refined; `cfg` is the config section `faces`.

    Only aligned crops depend on them, and refining takes time.
    """
    aligned_by_five = str(cfg["landmarks"]) == "five" and is_aligned(cfg)
    return aligned_by_five and "yunet" in detector_names(cfg["detector"])


def yunet_refiner(cfg: dict) -> Landmarker:
    """Return a function that refines the points of a face that YuNet has found; any other is returned as is.

    `cfg` has YuNet's keys of the config section `faces`. In a turned face YuNet's points show only a part of
    the turn, and they scatter. So it searches the face again in an upright square that its points give,
    twice, and a third time in the square's mirror image; the mean of the last two leans to neither side. Each
    time the points of all its overlapping boxes are averaged, which scatter less than those of the best. On
    95 faces of photos and videos, frames turned by 20 degrees gave crops that differed by 2.3 pixels of 224
    from those of the unturned frame, and by 14.5 with the points as they were first. The points stay as they
    are where YuNet finds no face at the middle of a square.
    """
    find = yunet(cfg | {"min_score": YUNET_SCORE}, most_overlap=1.0).find

    def refine(pixels: np.ndarray, face: Face) -> Face:
        if face.landmarker != "yunet" or face.refined:
            return face
        runs = [face]
        for mirror in (False, False, True):
            try:
                place = aligned_place(runs[-1], YUNET_MARGIN)
            except ValueError:  # the points are not those of a face
                return replace(face, refined=True)
            region = cut(pixels, place, YUNET_SIDE, "replicate", cv2.INTER_LINEAR)
            points = _mean_points(find(cv2.flip(region, 1) if mirror else region))
            if points is None:
                return replace(face, refined=True)
            if mirror:
                points = ([YUNET_SIDE - 1, 0] + points * [-1, 1])[MIRRORED]
            runs.append(replace(face, points=_in_frame(points, place, YUNET_SIDE)))
        mean = np.mean([run.points for run in runs[-2:]], axis=0)
        return replace(face, points=tuple((float(x), float(y)) for x, y in mean), refined=True)

    return refine


def _mean_points(boxes: list[Box]) -> np.ndarray | None:
    """Return the mean points, (5, 2), of the boxes of the face at the middle of the square; None without."""
    middle, reach = YUNET_SIDE / 2, YUNET_SIDE / 4
    near = [
        box
        for box in boxes
        if max(abs(box.left + box.width / 2 - middle), abs(box.top + box.height / 2 - middle)) < reach
    ]
    if not near:
        return None
    best = max(near, key=lambda box: box.score)
    return np.mean([box.points for box in near if overlap(box, best) > 0.5], axis=0)


def _in_frame(points: np.ndarray, place: Place, side: int) -> Points:
    """Return points of a square of `side` pixels, (n, 2), in pixels of the frame that it was cut from."""
    at = place.corner + place.step(side) * (points @ (1, 1j))
    return tuple((float(z.real), float(z.imag)) for z in at)


def _first_region(face: Face) -> Place:
    """Return the part of the frame that is shown to a model, for the box of a detector."""
    down, factor = SQUARES.get(face.found_by, (0.0, 1.0))
    half = max(math.sqrt(face.width * face.height) * factor, 1.0) * REGION / 2
    across, along = face.x + face.width / 2, face.y + face.height * (0.5 + down)
    return Place(across - half, along - half, 2 * half)


def _upright_region(five: Points) -> Place:
    """Return the part of the frame that is shown to a model, for points of "dlib_5"; or ValueError."""
    x, y, side = UPRIGHT_BOX
    a, b = similarity(np.array(five), np.array(DLIB_5_TEMPLATE))
    half = side * REGION / 2
    return square_in_frame(a, b, x - half, y - half, 2 * half)


def points_text(points: Points) -> str:
    """Return points as a table holds them: "x y x y …", in frame pixels with two decimals."""
    return " ".join(f"{value:.2f}" for point in points for value in point)


def parse_points(text: str) -> Points:
    """Return the points of `points_text`; () for ""."""
    values = [float(value) for value in text.split()]
    return tuple(zip(values[::2], values[1::2], strict=True))
