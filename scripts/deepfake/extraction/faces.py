"""The face crops of one video's frames: the largest face of each frame, and a row for every frame."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from deepfake.extraction import images
from deepfake.extraction.alignment import Place, aligned_place, cut, share_outside
from deepfake.extraction.boxes import Face
from deepfake.extraction.crops import crop_and_resize, crop_square
from deepfake.extraction.detectors import Detector
from deepfake.extraction.frame_faces import SearchedFrame, no_face_reason, search_frames
from deepfake.extraction.landmarks import Landmarker, points_text
from deepfake.extraction.pairs import Original, Pair
from deepfake.extraction.settings import is_aligned
from deepfake.extraction.tracking import Detections
from deepfake.tables import FACE_OUTSIDE, NO_FACE, OK, TOO_MANY_FACES


@dataclass(frozen=True, eq=False)
class Crop:
    """A face crop: `pixels`, uint8 BGR (size, size, 3), and the bytes of its file, `data`.

    `place` is where it was cut from the frame, `filled` the share of it that lies outside, 0 to 1, and
    `format` is "jpg" or "png".
    """

    pixels: np.ndarray
    place: Place
    filled: float
    data: bytes
    format: str


def faces_of_video(
    frames: Iterable[tuple[dict, bytes]],
    cfg: dict,
    detector: Detector | None,
    limits: dict | None = None,
    landmarker: Landmarker | None = None,
    pair: Pair | None = None,
    keep: Original | None = None,
) -> Iterator[tuple[dict, bytes]]:
    """Yield a row of tables.FACES and the bytes of the crop (empty if there is none) for each frame.

    `frames` are rows of one video with the bytes of their images, in order: rows of tables.FRAMES, or from
    stills.read_stills. Frames without a usable image come last. `cfg` is the `faces` section of the config;
    without a `detector` each frame is a crop already. `limits` are those of decode_frame. A `landmarker`
    finds the points of each face that is kept. `pair` is what a fake's original gives for its faces, and
    `keep` is where the faces of an original are kept for its fakes.
    """
    unusable = []
    for frame in search_frames(frames, cfg, detector, limits, landmarker, pair.faces if pair else None):
        row = frame.row
        if frame.pixels is None:
            unusable.append({key: row.get(key, "") for key in ("video", "frame", "time", "status", "reason")})
        elif frame.found is None:
            yield _center_crop_row(row, frame.data, frame.pixels, cfg)
        else:
            found = _located(frame.pixels, frame.found, cfg, landmarker)
            if keep:
                keep.add(row, frame.data, frame.pixels, found)
            yield _face_row(replace(frame, found=found), cfg, landmarker, pair)
    yield from ((row, b"") for row in unusable)


def crop_face(pixels: np.ndarray, face: Face, cfg: dict) -> Crop:
    """Return the crop of a face: with `align: five_points` turned upright by its landmarks, else a square.

    `pixels` is the frame, uint8 BGR; `cfg` is the `faces` section, with `align`, `margin`, `size`, `format`
    and `quality`. Raises ValueError if no part of the face lies in the frame, or its landmarks are not those
    of a face.
    """
    height, width = pixels.shape[:2]
    if not is_aligned(cfg):
        x, y, side = crop_square(face.xywh, width, height, cfg["margin"])
        place, filled = Place(x, y, side), 0.0
        crop = crop_and_resize(pixels, (x, y, side), cfg["size"])
    else:
        place = aligned_place(face, cfg["margin"])
        filled = share_outside(place, cfg["size"], width, height)
        if filled == 1:
            raise ValueError(f"no crop: nothing of the aligned face lies in the frame of {width}x{height}")
        crop = cut(pixels, place, cfg["size"], cfg["border"])
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return Crop(crop, place, filled, data, cfg["format"])


def center_crop(pixels: np.ndarray, data: bytes, cfg: dict) -> Crop:
    """Return the central square of a still that is a face crop already.

    It is cropped rather than stretched, which would distort the face. A still that has `size` x `size` pixels
    keeps its bytes, `data`, if it is a JPEG or PNG.
    """
    height, width = pixels.shape[:2]
    side = min(width, height)
    x, y = (width - side) // 2, (height - side) // 2
    place = Place(x, y, side)
    if width == height == cfg["size"] and (format := images.kept_format(data)):
        return Crop(pixels, place, 0.0, data, format)
    interpolation = cv2.INTER_AREA if side > cfg["size"] else cv2.INTER_CUBIC
    crop = cv2.resize(pixels[y : y + side, x : x + side], (cfg["size"],) * 2, interpolation=interpolation)
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return Crop(crop, place, 0.0, data, cfg["format"])


def _center_crop_row(row: dict, data: bytes, pixels: np.ndarray, cfg: dict) -> tuple[dict, bytes]:
    height, width = pixels.shape[:2]
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"x": 0, "y": 0, "width": width, "height": height}
    crop = center_crop(pixels, data, cfg)
    return known | _crop_columns(row, crop), crop.data


def _located(pixels: np.ndarray, found: Detections, cfg: dict, landmarker: Landmarker | None) -> Detections:
    """Return the faces of a frame, with the landmarks of the largest if it is kept."""
    if not landmarker or not 0 < len(found.faces) <= cfg["max_faces"]:
        return found
    return replace(found, faces=[landmarker(pixels, found.faces[0]), *found.faces[1:]])


def _face_row(
    frame: SearchedFrame, cfg: dict, landmarker: Landmarker | None, pair: Pair | None
) -> tuple[dict, bytes]:
    row, pixels, found = frame.row, frame.pixels, frame.found
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"faces": len(found.faces), "counted": found.counted}
    where = " in the original" if frame.is_shared else ""
    if not found.faces:
        return known | {"status": NO_FACE, "reason": no_face_reason(cfg) + where}, b""
    face = found.faces[0]
    known |= {"x": face.x, "y": face.y, "width": face.width, "height": face.height}
    known |= {"score": f"{face.score:.4f}", "found_by": face.found_by}
    if len(found.faces) > cfg["max_faces"]:
        reason = f"{len(found.faces)} faces{where}, more than max_faces = {cfg['max_faces']}"
        return known | {"status": TOO_MANY_FACES, "reason": reason}, b""
    if landmarker:
        known |= {"landmarks": points_text(face.points), "landmarker": face.landmarker}
    try:
        crop = crop_face(pixels, face, cfg)
    except ValueError as error:
        return known | {"status": FACE_OUTSIDE, "reason": str(error)}, b""
    mask = pair.mask(row, pixels, face, crop.place) if pair else {}
    return known | _crop_columns(row, crop) | mask, crop.data


def _crop_columns(row: dict, crop: Crop) -> dict:
    """The columns of a row that has a crop: its name, place, sharpness and status."""
    place = crop.place
    return {
        "image": f"{row['video']}/{int(row['frame']):06d}.{crop.format}",
        **{f"crop_{name}": _short(getattr(place, name)) for name in ("x", "y", "side", "angle")},
        "filled": _short(crop.filled, 4),
        "sharpness": f"{images.sharpness(crop.pixels):.2f}",
        **images.image_columns(crop.data),
        "status": OK,
        "reason": "",
    }


def _short(value: float, decimals: int = 2) -> int | str:
    return int(value) if value == int(value) else f"{value:.{decimals}f}"
