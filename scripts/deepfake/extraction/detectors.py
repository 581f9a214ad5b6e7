"""The face detectors that `faces.detector` of the config can name.

A detector finds the boxes of all faces in one image. To add one, write a function like `yunet` below, which
takes the config section `faces` and returns a Detector, and name it in DETECTORS. The keys that it needs are
listed in `settings`. `faces.search: track` works with every detector (see `tracking`), and in a list of
detectors the next is asked where those before it find nothing.
"""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepfake.errors import UserError
from deepfake.extraction.boxes import Box
from deepfake.extraction.package_models import MMOD, package_model
from deepfake.extraction.settings import detector_names

MAX_CNN_PIXELS = 4 * 640 * 480  # searched at once by mmod, which takes about 1 kB for each
SMALLEST_CNN_SIDE = 40  # pixels: a smaller image has no room for a face, and some are an error to the CNN
MODEL_HINT = "YuNet is face_detection_yunet_2023mar.onnx of the OpenCV model zoo"


@dataclass(frozen=True)
class Detector:
    """A loaded face detector. It keeps nothing from one image to the next.

    `find` takes an image, uint8 BGR (height, width, 3), and returns the boxes of all faces in it. `find_near`
    takes an image and a box, and returns the boxes of the faces at about that place; without it, tracking
    runs `find` on a part of the image, which goes beyond the box by `pad`, a multiple of its longer side.
    `members` are the detectors of a list by name: a face is followed by the one that found it.
    """

    find: Callable[[np.ndarray], list[Box]]
    find_near: Callable[[np.ndarray, Box], list[Box]] | None = None
    members: dict[str, "Detector"] = field(default_factory=dict)
    pad: float = 1.0


def load_detector(cfg: dict[str, Any]) -> Detector | None:
    """Return the detector that the config section `faces` describes, or None for `detector: none`.

    Raises UserError or FileNotFoundError, which name the key, where the section does not describe one.
    """
    names = detector_names(cfg["detector"])
    if names == ["none"]:
        return None
    for name in names:
        if name not in DETECTORS:
            known = f"write one of {', '.join(sorted(DETECTORS))}, or a list of some"
            raise UserError(f"faces.detector is {cfg['detector']!r}: {known}, or none alone")
    cv2.setNumThreads(1)  # of this process: the scheduler counts cores, and a frame is too small to divide
    members = {name: named(name, DETECTORS[name](cfg)) for name in names}
    return members[names[0]] if len(members) == 1 else first_that_finds(members)


def named(name: str, detector: Detector) -> Detector:
    """Return the detector with its name in the boxes that it finds; tracking keeps the name."""
    return replace(detector, find=lambda image: [replace(box, found_by=name) for box in detector.find(image)])


def first_that_finds(members: dict[str, Detector]) -> Detector:
    """Return a detector that asks each of `members` only where those before it find nothing in the image."""

    def find(image: np.ndarray) -> list[Box]:
        for member in members.values():
            if boxes := member.find(image):
                return boxes
        return []

    return Detector(find, members=members)


def shrink(frame: np.ndarray, width: int) -> tuple[np.ndarray, float]:
    """Return the frame scaled down to at most `width` pixels, and the scale, 0 < scale <= 1.

    `frame` is uint8 BGR (height, width, 3); anything else raises ValueError. Bilinear, as users of
    FaceForensics++ do it: dlib's boxes would move with another filter.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise ValueError(f"a frame is uint8 (height, width, 3), not {frame.dtype} {frame.shape}")
    scale = min(1.0, width / frame.shape[1])
    return (frame if scale == 1 else cv2.resize(frame, None, fx=scale, fy=scale)), scale


def dlib_hog(cfg: dict[str, Any]) -> Detector:
    """dlib's frontal face detector: HOG (Dalal and Triggs 2005) as trained by King (2009), scores above 0.

    `upsample` is how often the image is doubled first: the smallest box is 73 pixels / 2**upsample.
    """
    import dlib  # here, since crops and other detectors need none of it

    from deepfake.extraction import dlib_pyramid

    hog = dlib.get_frontal_face_detector()

    def find(image: np.ndarray) -> list[Box]:
        boxes, scores, _ = hog.run(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), cfg["upsample"])
        return [dlib_pyramid.to_box(box, score) for box, score in zip(boxes, scores, strict=True)]

    if cfg["search"] == "full":
        return Detector(find)
    return Detector(find, dlib_pyramid.local_search(hog, cfg["upsample"]))


def dlib_mmod(cfg: dict[str, Any]) -> Detector:
    """dlib's CNN face detector: max-margin object detection (King 2015), scores above 0, about 1 mostly.

    `upsample` is how often the image is doubled first: the smallest box is about 80 pixels / 2**upsample. An
    image that would then have more than MAX_CNN_PIXELS is scaled to have so many, which bounds the time and
    the memory.
    """
    import dlib

    cnn = dlib.cnn_face_detection_model_v1(str(package_model(MMOD, "faces.detector: mmod")))

    def find(image: np.ndarray) -> list[Box]:
        scale, doublings = 1.0, cfg["upsample"]
        if image.shape[0] * image.shape[1] * 4**doublings > MAX_CNN_PIXELS:
            scale, doublings = math.sqrt(MAX_CNN_PIXELS / (image.shape[0] * image.shape[1])), 0
            image = cv2.resize(image, None, fx=scale, fy=scale)
        if min(image.shape[:2]) * 2**doublings < SMALLEST_CNN_SIDE:
            return []
        return [
            Box(*(side / scale for side in sides(each.rect)), each.confidence, "mmod")
            for each in cnn(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), doublings)
        ]

    def sides(rectangle: dlib.rectangle) -> tuple[int, int, int, int]:
        return rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom()

    return Detector(find)


def yunet(cfg: dict[str, Any], most_overlap: float = 0.3) -> Detector:
    """YuNet (Wu et al. 2023) from an ONNX file with the SHA-256 that the config gives, on one thread.

    It finds faces of about 10 to 300 pixels in the searched image, with scores from `min_score` to 1, and
    five landmarks of each. Of boxes that overlap by more than `most_overlap` (intersection over union) the
    best is kept; with 1 all are.
    """
    model = cv2.FaceDetectorYN.create(str(verify_model(cfg["model"], cfg["sha256"])), "", (320, 320))
    model.setScoreThreshold(cfg["min_score"])
    model.setNMSThreshold(most_overlap)

    def find(image: np.ndarray) -> list[Box]:
        model.setInputSize((image.shape[1], image.shape[0]))
        rows = model.detect(image)[1]
        rows = [] if rows is None else [[float(value) for value in row] for row in rows]
        return [
            Box(x, y, x + w, y + h, score, "yunet", tuple(zip(points[::2], points[1::2], strict=True)))
            for x, y, w, h, *points, score in rows
            if w >= 1 and h >= 1
        ]

    return Detector(find, pad=0.5)  # on 539 faces of real clips no face is lost with it, nor with 0.4


def verify_model(model: str | None, sha256: str | None) -> Path:
    """Return the path of a model file whose SHA-256 is the one of the config.

    Raises UserError or FileNotFoundError, which say what to write to faces.model and faces.sha256.
    """
    if not model:
        raise UserError(f"faces.model is not set: write the path of an ONNX file there; {MODEL_HINT}")
    path = Path(model)
    if not path.is_file():
        raise FileNotFoundError(f"faces.model: there is no file {path}; {MODEL_HINT}")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if not sha256:
        raise UserError(f"faces.sha256 is not set: if you trust {path}, write {digest}")
    if digest != sha256.lower():
        raise UserError(
            f"faces.sha256 is {sha256}, but {path} has {digest}: "
            "download the file again, or write the latter if it is the one you mean"
        )
    return path


DETECTORS: dict[str, Callable[[dict[str, Any]], Detector]] = {
    "dlib": dlib_hog,
    "mmod": dlib_mmod,
    "yunet": yunet,
}
"""By the value of `faces.detector`: the function that loads the detector."""
