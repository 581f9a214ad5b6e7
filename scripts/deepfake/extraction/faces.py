"""The face crops of one clip's frames: the largest face of each, and a row for every frame."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deepfake.extraction import images
from deepfake.extraction.crops import crop_square, cut
from deepfake.tables import FACE_OUTSIDE, NO_FACE, OK, TOO_MANY_FACES, UNREADABLE

if TYPE_CHECKING:  # they load a detector's library, and crops need none
    from deepfake.extraction.detectors import Face
    from deepfake.extraction.tracking import Found

THINNEST = 8  # pixels of an image as it is searched: one cell of dlib's; scaled to none, it can't be

Square = tuple[int, int, int]
"""x and y of the top-left pixel and the side, in frame pixels."""

Search = Callable[[Iterable[np.ndarray]], Iterator]
"""From the pictures of a clip to what tracking.find_faces yields of each."""


def load_search(cfg: dict) -> Search | None:
    """What finds faces by the `faces` section; None for crops, for which no detector's library is loaded.

    Raises ValueError or FileNotFoundError, naming the key, where the section describes no detector.
    """
    if cfg["detector"] == "none":
        return None
    from deepfake.extraction import detectors, tracking

    detector = detectors.load(cfg)
    return lambda pictures: tracking.find_faces(pictures, cfg, detector)


def faces_of_clip(
    frames: Iterable[tuple[dict, bytes]], cfg: dict, search: Search | None
) -> Iterator[tuple[dict, bytes]]:
    """Rows of tables.FACES with the bytes of each crop (empty where there is none).

    `frames` are rows of one clip, of tables.FRAMES or from stills.stills_of, in order with their images;
    those without are carried on, last. `cfg` is the `faces` section. Without a `search` each frame is a crop
    already.
    """
    left_out: list[dict] = []
    if search is None:
        usable = decoded(frames, left_out)
        yield from (_whole(row, data, pixels, cfg) for row, data, pixels in usable)
    else:
        for row, pixels, found in searched(frames, cfg, search, left_out):
            yield _crop(row, pixels, found, cfg)
    yield from ((row, b"") for row in left_out)


def searched(
    frames: Iterable[tuple[dict, bytes]], cfg: dict, search: Search, left_out: list[dict]
) -> Iterator[tuple[dict, np.ndarray, "Found"]]:
    """The frames of one clip that can be searched, with their pixels (uint8 BGR) and all faces in them.

    The rows of the others, with status and reason, are added to `left_out`.
    """
    usable = _searchable(decoded(frames, left_out), left_out, cfg)
    waiting = deque()  # in step: no more than one frame (itertools.tee would keep up to 57)
    for found in search(_noted(usable, waiting)):
        yield *waiting.popleft(), found


def cut_face(pixels: np.ndarray, face: "Face", cfg: dict) -> tuple[np.ndarray, Square, bytes]:
    """The crop of a face, uint8 BGR, the square of the frame that it shows, and its bytes as stored.

    Raises ValueError where nothing of the face lies in the frame.
    """
    square = crop_square(face.box, pixels.shape[1], pixels.shape[0], cfg["margin"])
    crop = cut(pixels, square, cfg["size"])
    return crop, square, images.encode(crop, cfg["format"], cfg.get("quality", 0))


def cut_middle(pixels: np.ndarray, data: bytes, cfg: dict) -> tuple[np.ndarray, Square, bytes, str]:
    """The middle square of a still that is a crop already; the same as cut_face, and its format.

    It is cut, for one that is a little off must not be stretched: faces would be, too. A still of `size` x
    `size` pixels already keeps its bytes, `data`, where datasets can hold them.
    """
    height, width = pixels.shape[:2]
    side = min(width, height)
    x, y = square = ((width - side) // 2, (height - side) // 2)
    if width == height == cfg["size"] and (format := images.kind(data)):
        return pixels, (*square, side), data, format
    shrinking = cv2.INTER_AREA if side > cfg["size"] else cv2.INTER_CUBIC
    crop = cv2.resize(pixels[y : y + side, x : x + side], (cfg["size"],) * 2, interpolation=shrinking)
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return crop, (*square, side), data, cfg["format"]


def _noted(usable: Iterator[tuple[dict, bytes, np.ndarray]], waiting: deque) -> Iterator[np.ndarray]:
    """The pixels alone; `waiting` gets them with their rows."""
    for row, _, pixels in usable:
        waiting.append((row, pixels))
        yield pixels


def decoded(
    frames: Iterable[tuple[dict, bytes]], left_out: list[dict]
) -> Iterator[tuple[dict, bytes, np.ndarray]]:
    """The usable frames with their pixels; the rows of the others go to `left_out`."""
    for row, data in frames:
        if row["status"] == OK:
            try:
                yield row, data, images.decode(data)
                continue
            except images.UnreadableImage as error:
                row = {**row, "status": UNREADABLE, "reason": str(error)}
        left_out.append(_bare(row))


def _searchable(
    frames: Iterator[tuple[dict, bytes, np.ndarray]], left_out: list[dict], cfg: dict
) -> Iterator[tuple[dict, bytes, np.ndarray]]:
    """Those in which there is something to search; stills come in every shape."""
    for row, data, pixels in frames:
        height, width = pixels.shape[:2]
        if min(height, width) * min(1.0, cfg["width"] / width) >= THINNEST:
            yield row, data, pixels
        else:
            reason = f"no face found: an image of {width}x{height} is too thin"
            left_out.append(_bare({**row, "status": NO_FACE, "reason": reason}))


def _bare(row: dict) -> dict:
    return {key: row.get(key, "") for key in ("video", "frame", "time", "status", "reason")}


def _whole(row: dict, data: bytes, pixels: np.ndarray, cfg: dict) -> tuple[dict, bytes]:
    height, width = pixels.shape[:2]
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"x": 0, "y": 0, "width": width, "height": height}
    crop, square, data, format = cut_middle(pixels, data, cfg)
    return _kept(known, crop, square, data, format), data


def _crop(row: dict, pixels: np.ndarray, found: "Found", cfg: dict) -> tuple[dict, bytes]:
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
        return known | {"status": TOO_MANY_FACES, "reason": reason}, b""
    try:
        crop, square, data = cut_face(pixels, face, cfg)
    except ValueError as error:
        return known | {"status": FACE_OUTSIDE, "reason": str(error)}, b""
    return _kept(known, crop, square, data, cfg["format"]), data


def _kept(known: dict, crop: np.ndarray, square: Square, data: bytes, format: str) -> dict:
    return {
        **known,
        "image": f"{known['video']}/{int(known['frame']):06d}.{format}",
        **dict(zip(("crop_x", "crop_y", "crop_side"), square, strict=True)),
        "sharpness": f"{images.sharpness(crop):.2f}",
        **images.facts(data),
        "status": OK,
        "reason": "",
    }
