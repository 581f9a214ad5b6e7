"""The face crops of one clip's frames: the largest face of each, and a row for every frame."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import cv2
import numpy as np

from deepfake.media import images
from deepfake.media.crops import crop_square, cut
from deepfake.media.stills import OK, UNREADABLE

THINNEST = 8  # pixels of an image as it is searched: one cell of dlib's; scaled to none, it can't be
NO_FACE, TOO_MANY, UNUSABLE = "no_face", "too_many_faces", "face_outside"

Search = Callable[[Iterable[np.ndarray]], Iterator]
"""From the pictures of a clip to what tracking.find_faces yields of each."""


def load_search(cfg: dict) -> Search | None:
    """What finds faces by the `faces` section; None for crops, for which no detector's library is loaded.

    Raises ValueError or FileNotFoundError, naming the key, where the section describes no detector.
    """
    if cfg["detector"] == "none":
        return None
    from deepfake.media import detectors, tracking

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
    usable = _decoded(frames, left_out)
    if search is None:
        yield from (_whole(row, data, pixels, cfg) for row, data, pixels in usable)
    else:
        usable = _searchable(usable, left_out, cfg)
        waiting = deque()  # in step: no more than one frame (itertools.tee would keep up to 57)
        for faces in search(_noted(usable, waiting)):
            yield _crop(*waiting.popleft(), faces, cfg)
    yield from ((row, b"") for row in left_out)


def _noted(usable: Iterator[tuple[dict, bytes, np.ndarray]], waiting: deque) -> Iterator[np.ndarray]:
    """The pixels alone; `waiting` gets them with their rows."""
    for row, _, pixels in usable:
        waiting.append((row, pixels))
        yield pixels


def _decoded(
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
    """The middle square of a still, for one that is a little off must not be stretched: faces would be, too.

    A still of `size` x `size` pixels already keeps its bytes, where datasets can hold them.
    """
    height, width = pixels.shape[:2]
    side = min(width, height)
    square = ((width - side) // 2, (height - side) // 2, side)
    known = {"video": row["video"], "frame": row["frame"], "time": row["time"]}
    known |= {"x": 0, "y": 0, "width": width, "height": height}
    if width == height == cfg["size"] and (format := images.kind(data)):
        return _kept(known, pixels, square, data, format), data
    x, y, _ = square
    shrinking = cv2.INTER_AREA if side > cfg["size"] else cv2.INTER_CUBIC
    crop = cv2.resize(pixels[y : y + side, x : x + side], (cfg["size"],) * 2, interpolation=shrinking)
    data = images.encode(crop, cfg["format"], cfg.get("quality", 0))
    return _kept(known, crop, square, data, cfg["format"]), data


def _crop(row: dict, pixels: np.ndarray, found, cfg: dict) -> tuple[dict, bytes]:
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
    return _kept(known, crop, square, data, cfg["format"]), data


def _kept(known: dict, crop: np.ndarray, square: tuple[int, int, int], data: bytes, format: str) -> dict:
    return {
        **known,
        "image": f"{known['video']}/{int(known['frame']):06d}.{format}",
        **dict(zip(("crop_x", "crop_y", "crop_side"), square, strict=True)),
        "sharpness": f"{images.sharpness(crop):.2f}",
        **images.facts(data),
        "status": OK,
        "reason": "",
    }
