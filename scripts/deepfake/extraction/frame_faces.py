"""The faces of each frame of one video: decoded, searched, and smoothed along it where the config says so."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from deepfake.extraction import images
from deepfake.extraction.appearance import LENGTH, SIDE, describe
from deepfake.extraction.boxes import Face
from deepfake.extraction.crops import crop_and_resize, crop_square
from deepfake.extraction.detectors import Detector
from deepfake.extraction.landmarks import Landmarker
from deepfake.extraction.settings import detector_names, is_smoothed
from deepfake.extraction.smoothing import Sighting, smooth
from deepfake.extraction.tracking import Detections, FaceTracker
from deepfake.tables import NO_FACE, OK, UNREADABLE

MIN_SIDE = 8  # pixels of the scaled image: one cell of dlib's; a thinner one can't be searched
MAX_RATIO = 16  # of an image's sides: only the width is scaled, and a higher one would take gigabytes
LOOK_MARGIN = 1.3  # of the square whose appearance tells people apart
PIXELS_WAITING = 16_000_000  # bytes of decoded frames that may wait for later ones; beyond, they wait encoded


@dataclass(frozen=True, eq=False)
class SearchedFrame:
    """One frame: its row, the bytes of its image, its pixels, and its faces.

    `row` has the columns video, frame, time, status and reason. `pixels` are uint8 BGR (height, width, 3),
    None if the frame can't be used. `found` is None then, and without a detector. `is_shared` says that the
    faces are those of a fake's original.
    """

    row: dict
    data: bytes
    pixels: np.ndarray | None
    found: Detections | None
    is_shared: bool = False


Shared = Callable[[dict, np.ndarray], Detections | None]
"""Takes a frame's row and pixels; returns the faces of a fake's original, None to search the frame."""


def search_frames(
    frames: Iterable[tuple[dict, bytes]],
    cfg: dict[str, Any],
    detector: Detector | None,
    limits: dict | None = None,
    landmarker: Landmarker | None = None,
    shared: Shared | None = None,
) -> Iterator[SearchedFrame]:
    """Yield each frame of one video with its faces, in order.

    `frames` are rows with the bytes of their images, `cfg` is the `faces` section of the config, `limits` are
    those of decode_frame. With `smooth` the faces are smoothed, with the landmarks that the `landmarker`
    finds; without, it isn't used here. The faces of a fake's original, which are `shared`, have been.
    """
    tracker = FaceTracker(detector, cfg) if detector else None
    searched = _search(frames, cfg["width"] if tracker else None, tracker, limits, shared)
    if tracker is None or not is_smoothed(cfg):
        yield from searched
        return
    sightings = (_sighting(each, cfg, landmarker) for each in searched)
    for each, faces in smooth(sightings, cfg["smooth"], cfg["smoothing"]):
        if each.found is None:
            yield each
            continue
        pixels = images.decode(each.data, limits=limits) if each.pixels is None else each.pixels
        found = each.found if each.is_shared else replace(each.found, faces=faces)
        yield replace(each, pixels=pixels, found=found)


def decode_frame(
    row: dict, data: bytes, search_width: int | None = None, limits: dict | None = None
) -> tuple[dict, np.ndarray | None]:
    """Return a frame's row, and its pixels, uint8 BGR (height, width, 3), or None if it can't be used.

    A frame can't be used if its status isn't OK, or if its bytes are no image or one over `limits` (None: any
    size). With `search_width`, the width to which a detector scales it, it must not be too thin to be
    searched either: stills come in every shape. The row of a frame that can't be used has the status and the
    reason.
    """
    if row["status"] != OK:
        return row, None
    try:
        pixels = images.decode(data, limits=limits)
    except images.UnreadableImage as error:
        return {**row, "status": UNREADABLE, "reason": str(error)}, None
    height, width = pixels.shape[:2]
    thinnest = min(height, width) * min(1.0, search_width / width) if search_width else MIN_SIDE
    if thinnest < MIN_SIDE or (search_width and max(height, width) > MAX_RATIO * min(height, width)):
        reason = f"no face found: an image of {width}x{height} is too thin"
        return {**row, "status": NO_FACE, "reason": reason}, None
    return row, pixels


def no_face_reason(cfg: dict) -> str:
    """Return the reason for a frame in which no detector of the `faces` section finds a face."""
    return f"no face found by {' or '.join(detector_names(cfg['detector']))}"


def _search(
    frames: Iterable[tuple[dict, bytes]],
    width: int | None,
    tracker: FaceTracker | None,
    limits: dict | None,
    shared: Shared | None,
) -> Iterator[SearchedFrame]:
    for row, data in frames:
        row, pixels = decode_frame(row, data, width, limits)
        if tracker is None or pixels is None:
            yield SearchedFrame(row, data, pixels, None)
            continue
        found = shared(row, pixels) if shared else None
        if found is not None:
            yield SearchedFrame(row, data, pixels, found, is_shared=True)
        else:
            yield SearchedFrame(row, data, pixels, tracker.find(pixels))


def _sighting(frame: SearchedFrame, cfg: dict, landmarker: Landmarker | None) -> Sighting:
    """Return what smoothing needs of a frame. Its pixels are left out where too many would wait."""
    if frame.found is None:
        return Sighting(frame, (), [], [])
    waiting = cfg["smooth"] // 2 if cfg["smoothing"] == "median" else 0
    kept = frame if frame.pixels.nbytes * waiting <= PIXELS_WAITING else replace(frame, pixels=None)
    if frame.is_shared:  # smoothed already; it ends the tracks of the fake's own faces
        return Sighting(kept, (), [], [])
    faces = [landmarker(frame.pixels, face) if landmarker else face for face in frame.found.faces]
    looks = [_look(frame.pixels, face) for face in faces]
    return Sighting(kept, frame.pixels.shape, faces, looks)


def _look(pixels: np.ndarray, face: Face) -> np.ndarray:
    """Return the descriptor of a face; nan, which is like nobody, if no part of it lies in the frame."""
    height, width = pixels.shape[:2]
    try:
        square = crop_square(face.xywh, width, height, LOOK_MARGIN)
    except ValueError:
        return np.full(LENGTH, np.nan)
    return describe(cv2.cvtColor(crop_and_resize(pixels, square, SIDE), cv2.COLOR_BGR2RGB))
