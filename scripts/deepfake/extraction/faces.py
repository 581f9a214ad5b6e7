"""The face crops of one video's frames: the largest face of each frame, and a row for every frame."""

from collections.abc import Iterable, Iterator

import cv2
import numpy as np

from deepfake.extraction import images
from deepfake.extraction.boxes import Face
from deepfake.extraction.crops import Square, crop_and_resize, crop_square
from deepfake.extraction.detectors import Detector
from deepfake.extraction.tracking import Detections, FaceTracker
from deepfake.tables import FACE_OUTSIDE, NO_FACE, OK, TOO_MANY_FACES, UNREADABLE

MIN_SIDE = 8  # pixels of the scaled image: one cell of dlib's; a thinner one can't be searched
MAX_RATIO = 16  # of an image's sides: only the width is scaled, and a higher one would take gigabytes


def faces_of_video(
    frames: Iterable[tuple[dict, bytes]], cfg: dict, detector: Detector | None, limits: dict | None = None
) -> Iterator[tuple[dict, bytes]]:
    """Yield a row of tables.FACES and the bytes of the crop (empty if there is none) for each frame.

    `frames` are rows of one video with the bytes of their images, in order: rows of tables.FRAMES, or from
    stills.read_stills. Frames without a usable image come last. `cfg` is the `faces` section of the config;
    without a `detector` each frame is a crop already. `limits` are those of decode_frame.
    """
    tracker = FaceTracker(detector, cfg) if detector else None
    unusable = []
    for row, data in frames:
        row, pixels = decode_frame(row, data, cfg["width"] if tracker else None, limits)
        if pixels is None:
            unusable.append({key: row.get(key, "") for key in ("video", "frame", "time", "status", "reason")})
        elif tracker is None:
            yield _center_crop_row(row, data, pixels, cfg)
        else:
            yield _face_row(row, pixels, tracker.find(pixels), cfg)
    yield from ((row, b"") for row in unusable)


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


def crop_face(pixels: np.ndarray, face: Face, cfg: dict) -> tuple[np.ndarray, Square, bytes]:
    """Return the crop of a face, uint8 BGR (size, size, 3), the square that it shows, and its encoded bytes.

    `pixels` is the frame, uint8 BGR; `cfg` is the `faces` section, with `margin`, `size`, `format` and
    `quality`. Raises ValueError if no part of the face lies in the frame.
    """
    square = crop_square(face.xywh, pixels.shape[1], pixels.shape[0], cfg["margin"])
    crop = crop_and_resize(pixels, square, cfg["size"])
    return crop, square, images.encode(crop, cfg["format"], cfg.get("quality", 0))


def center_crop(pixels: np.ndarray, data: bytes, cfg: dict) -> tuple[np.ndarray, Square, bytes, str]:
    """Return the central square of a still that is a face crop already: as crop_face, and its format.

    It is cropped rather than stretched, which would distort the face. A still that has `size` x `size` pixels
    keeps its bytes, `data`, if it is a JPEG or PNG.
    """
    height, width = pixels.shape[:2]
    side = min(width, height)
    x, y = (width - side) // 2, (height - side) // 2
    if width == height == cfg["size"] and (format := images.kept_format(data)):
        return pixels, (x, y, side), data, format
    interpolation = cv2.INTER_AREA if side > cfg["size"] else cv2.INTER_CUBIC
    crop = cv2.resize(pixels[y : y + side, x : x + side], (cfg["size"],) * 2, interpolation=interpolation)
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return crop, (x, y, side), data, cfg["format"]


def _center_crop_row(row: dict, data: bytes, pixels: np.ndarray, cfg: dict) -> tuple[dict, bytes]:
    height, width = pixels.shape[:2]
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"x": 0, "y": 0, "width": width, "height": height}
    crop, square, data, format = center_crop(pixels, data, cfg)
    return known | _crop_columns(row, crop, square, data, format), data


def _face_row(row: dict, pixels: np.ndarray, found: Detections, cfg: dict) -> tuple[dict, bytes]:
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"faces": len(found.faces), "counted": found.counted}
    if not found.faces:
        return known | {"status": NO_FACE, "reason": f"no face found by {cfg['detector']}"}, b""
    face = found.faces[0]
    known |= {"x": face.x, "y": face.y, "width": face.width, "height": face.height}
    known |= {"score": f"{face.score:.4f}"}
    if len(found.faces) > cfg["max_faces"]:
        reason = f"{len(found.faces)} faces, more than max_faces = {cfg['max_faces']}"
        return known | {"status": TOO_MANY_FACES, "reason": reason}, b""
    try:
        crop, square, data = crop_face(pixels, face, cfg)
    except ValueError as error:
        return known | {"status": FACE_OUTSIDE, "reason": str(error)}, b""
    return known | _crop_columns(row, crop, square, data, cfg["format"]), data


def _crop_columns(row: dict, crop: np.ndarray, square: Square, data: bytes, format: str) -> dict:
    """The columns of a row that has a crop: its name, place, sharpness and status."""
    return {
        "image": f"{row['video']}/{int(row['frame']):06d}.{format}",
        **dict(zip(("crop_x", "crop_y", "crop_side"), square, strict=True)),
        "sharpness": f"{images.sharpness(crop):.2f}",
        **images.image_columns(data),
        "status": OK,
        "reason": "",
    }
