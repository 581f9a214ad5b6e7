"""The face crops of one clip's frames: the largest face of each, and a row for every frame."""

from collections.abc import Iterable, Iterator
from itertools import tee

import numpy as np

from deepfake import images
from deepfake.crops import crop_square, cut
from deepfake.detectors import Detector
from deepfake.tracking import Found, find_faces

OK, NO_FACE, TOO_MANY, UNUSABLE = "ok", "no_face", "too_many_faces", "face_outside"


def faces_of_clip(
    frames: Iterable[tuple[dict, bytes]], cfg: dict, detector: Detector
) -> Iterator[tuple[dict, bytes]]:
    """Rows of tables.FACES with the bytes of each crop (empty where there is none).

    `frames` are rows of tables.FRAMES with their images, in order, of one clip; `cfg` is the `faces` section.
    """
    decoded = ((row, images.decode(data)) for row, data in frames)
    rows, pictures = tee(decoded)  # in step: no more than one frame waits
    found = find_faces((pixels for _, pixels in pictures), cfg, detector)
    for (row, pixels), faces in zip(rows, found, strict=True):
        yield _crop(row, pixels, faces, cfg)


def carried(row: dict) -> dict:
    """The row of a frame that was left out before: the same video, frame, status and reason."""
    return {key: row[key] for key in ("video", "frame", "time", "status", "reason")}


def _crop(row: dict, pixels: np.ndarray, found: Found, cfg: dict) -> tuple[dict, bytes]:
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"faces": found.n_faces, "counted": found.counted}
    if not found.faces:
        return known | {"status": NO_FACE, "reason": f"no face found by {cfg['detector']}"}, b""
    face = found.faces[0]
    known |= {
        "x": face.x,
        "y": face.y,
        "width": face.width,
        "height": face.height,
        "score": f"{face.score:.4f}",
    }
    if found.n_faces > cfg["max_faces"]:
        reason = f"{found.n_faces} faces, more than max_faces = {cfg['max_faces']}"
        return known | {"status": TOO_MANY, "reason": reason}, b""
    try:
        square = crop_square(face.box, pixels.shape[1], pixels.shape[0], cfg["margin"])
    except ValueError as error:
        return known | {"status": UNUSABLE, "reason": str(error)}, b""
    crop = cut(pixels, square, cfg["size"])
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return {
        **known,
        "image": f"{row['video']}/{int(row['frame']):06d}.{cfg['format']}",
        **dict(zip(("crop_x", "crop_y", "crop_side"), square, strict=True)),
        "sharpness": f"{images.sharpness(crop):.2f}",
        **images.facts(crop, data),
        "status": OK,
        "reason": "",
    }, data
