"""Find the faces of a video's sampled frames, with a search of each whole frame or by tracking.

Tracking first searches a frame around each face of the frame before, which costs a fraction of a search of
the whole frame.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepfake.errors import UserError
from deepfake.extraction.boxes import Box, Face, distance, overlap, to_faces
from deepfake.extraction.detectors import Detector, shrink

MAX_TRACKED = 4  # faces; to search around more of them costs about as much as the whole frame
MAX_SEARCHES = 3  # around one face, before the whole frame is searched
MIN_SCORE_RATIO = 1 / 3  # of the last score: what scores less may be a false hit where a face has been
SAME_FACE_IOU = 0.3  # intersection over union above which two boxes show one face
MAX_MOVE = 20 / 72  # of the box's width: half a cell less than dlib_pyramid.MOVE_CELLS
STRIDE = 32  # pixels; windows start at multiples of YuNet's coarsest stride
MAX_WINDOW = 0.6  # of the image: a larger window saves nothing


@dataclass(frozen=True)
class Detections:
    """The faces of one frame, largest first.

    `counted` says where they were searched: "frame", so that their number is that of the whole frame, or
    "window", only near the faces of the frame before, so that a new face is not among them.
    """

    faces: list[Face]
    counted: str


class FaceTracker:
    """Finds the faces of one video's frames, which are given in order.

    `cfg` is the config section `faces`. With `search: full` every frame is searched whole. With
    `search: track` a frame is first searched near each face of the frame before. It is searched whole if it
    is the first frame or has another size, if there was no face, if one of them is not found again, and on
    every `recount`-th frame (0: never for this reason). The results depend on the frames of this video alone.
    Raises UserError if `search` is neither.
    """

    def __init__(self, detector: Detector, cfg: dict[str, Any]):
        if cfg["search"] not in ("full", "track"):
            raise UserError(f"faces.search is {cfg['search']!r}: write full or track")
        self._detector, self._width = detector, cfg["width"]
        self._tracks, self._recount = cfg["search"] == "track", cfg.get("recount", 0)
        self._boxes: list[Box] = []
        self._shape: tuple[int, ...] | None = None
        self._number = 0

    def find(self, frame: np.ndarray) -> Detections:
        """Return the faces of the next frame, uint8 BGR (height, width, 3); ValueError if it is not that."""
        image, scale = shrink(frame, self._width)
        recounts = self._recount > 0 and self._number % self._recount == 0
        boxes = None
        if self._tracks and not recounts and image.shape == self._shape:
            boxes = find_again(self._detector, image, self._boxes)
        counted = "frame" if boxes is None else "window"
        self._boxes = self._detector.find(image) if boxes is None else boxes
        self._shape = image.shape
        self._number += 1
        return Detections(to_faces(self._boxes, scale), counted)


def find_again(detector: Detector, image: np.ndarray, last: list[Box]) -> list[Box] | None:
    """Return the box in `image` of each face of the last frame; None unless all of them are found."""
    if not 0 < len(last) <= MAX_TRACKED:
        return None
    found: list[Box] = []
    for box in last:
        box = find_one_again(detector, image, box)
        if box is None or any(overlap(box, other) > SAME_FACE_IOU for other in found):
            return None
        found.append(box)
    return found


def find_one_again(detector: Detector, image: np.ndarray, last: Box) -> Box | None:
    """Return the box in `image` of the face that was at `last`; None if it is not found for certain.

    Of a list of detectors, the one that found the face searches for it. If it has moved to the border of the
    window that was searched, a better box may lie beyond: then it is searched once more from there.
    """
    detector, near = detector.members.get(last.found_by, detector), last
    for _ in range(MAX_SEARCHES):
        found = (
            detector.find_near(image, near) if detector.find_near else find_in_window(detector, image, near)
        )
        best = nearest(last, [box for box in found if box.score >= MIN_SCORE_RATIO * last.score])
        if best is None or distance(best, near) <= MAX_MOVE * near.width:
            return best and replace(best, found_by=last.found_by)
        near = best
    return None


def nearest(last: Box, found: list[Box]) -> Box | None:
    """Return, of several faces, the one nearest to `last`; of several boxes of one face, the best scored."""
    faces: list[Box] = []
    for box in sorted(found, key=lambda box: -box.score):
        if all(overlap(box, face) <= SAME_FACE_IOU for face in faces):
            faces.append(box)
    return min(faces, key=lambda face: distance(face, last), default=None)


def find_in_window(detector: Detector, image: np.ndarray, box: Box) -> list[Box]:
    """Return the faces in the window around `box`, as wide as the detector needs, in pixels of `image`.

    The list is empty if the window is most of the image, which is then better searched whole.
    """
    pad = detector.pad * max(box.width, box.height)
    left, top = (max(0, int((low - pad) // STRIDE) * STRIDE) for low in (box.left, box.top))
    right, bottom = (max(0, math.ceil((high + pad) / STRIDE)) * STRIDE for high in (box.right, box.bottom))
    window = image[top:bottom, left:right]
    if window.size > MAX_WINDOW * image.size or window.size == 0:
        return []
    return [found.shifted(left, top) for found in detector.find(np.ascontiguousarray(window))]
