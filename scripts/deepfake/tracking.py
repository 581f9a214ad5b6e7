"""Faces of the frames of one clip: each frame searched whole, or first where the faces were in the one before.

dlib slides a window of 10x10 cells of 8x8 pixels over a pyramid in which each level is 5/6 of the one before, so
a face has a level and a place on that level's grid of cells. A part of the frame cut out anywhere, at any scale,
gives another grid and other boxes. Here only the cells around the last face are made, on the last face's level
and its two neighbours, by the very steps by which dlib makes them from the whole frame, and on the same grid: what
comes out is, but for rounding, what the whole search would have found there.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import dlib
import numpy as np

from deepfake.detectors import Detector, Face, Spot, load, shrink, spot_of, to_faces

CELL = 8  # pixels
BOX = 72  # pixels
WINDOW = 80  # pixels
MARGIN = 2  # cells that the detector wants around a face: one it looks at, one to norm that by
REACH = 5  # cells that a face may move from one frame to the next: half its size
SMALLEST = 64  # pixels; dlib makes no level smaller than this
FOLLOWED = 4  # faces; with more, the whole frame costs about as much as the places of all

UP = dlib.pyramid_down(2)
DOWN = dlib.pyramid_down(6)


@dataclass(frozen=True)
class Found:
    """The faces of one frame, largest first.

    `counted` says where they were looked for: "frame", everywhere, so that their number is that of the frame, or
    "window", only where the frame before had faces, so that a face that has newly come is not among them.
    """

    faces: list[Face]
    counted: str

    @property
    def n_faces(self) -> int:
        return len(self.faces)


def find_faces(
    frames: Iterable[np.ndarray], cfg: dict[str, Any], detector: Detector | None = None
) -> Iterator[Found]:
    """Search the frames of one clip, in order, and yield what each has; one frame is held at a time.

    Frames are uint8 BGR (h, w, 3); `cfg` is the config section `faces`. With `search: full` every frame is searched
    whole. With `search: track` a frame is first searched around each face of the frame before; it is searched whole
    where one of them is not found again, where there was none, on the first frame, and on every `recount`-th
    (0: on no others). A `detector` from detectors.load(cfg) saves loading it for every clip; what is found depends
    on the frames of this clip alone.
    """
    detector = detector or load(cfg)
    last: list[Spot] = []
    shape = None
    for number, frame in enumerate(frames):
        picture, scale = shrink(frame, cfg["width"])
        due = cfg["recount"] > 0 and number % cfg["recount"] == 0
        spots = None
        if cfg["search"] == "track" and not due and picture.shape == shape:
            spots = follow(detector, picture, last, cfg)
        counted = "frame" if spots is None else "window"
        last = detector.whole(picture) if spots is None else spots
        shape = picture.shape
        yield Found(to_faces(last, scale), counted)


def follow(detector: Detector, picture: np.ndarray, last: list[Spot], cfg: dict[str, Any]) -> list[Spot] | None:
    """The faces of `picture` (uint8 BGR) near those of the frame before; None unless each of them is found."""
    if not 0 < len(last) <= FOLLOWED:
        return None
    found: list[Spot] = []
    for spot in last:
        near = NEAR[detector.name](detector, picture, spot, cfg)
        if near is None or any(overlap(near, other) > 0.3 for other in found):
            return None
        found.append(near)
    return found


def overlap(one: Spot, other: Spot) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.area + other.area - shared)


def near_dlib(detector: Detector, picture: np.ndarray, spot: Spot, cfg: dict[str, Any]) -> Spot | None:
    """The best face that dlib sees in `picture` about where `spot` was, or None."""
    hog = one_level(detector.model)
    stages = pyramid(picture.shape[1], picture.shape[0], cfg["upsample"])
    first = cfg["upsample"]  # the stage that is dlib's level 0
    level = round(math.log((spot.right - spot.left) * 2**first / BOX, 6 / 5))
    wanted = {}
    for stage in range(first + max(level - 1, 0), first + level + 2):
        if stage < len(stages):
            wanted[stage] = cells_around(spot, stages[0], stages[stage])
    hits = []
    for stage, (left, top), window in windows(picture, stages, wanted):
        boxes, scores, _ = hog.run(cv2.cvtColor(window, cv2.COLOR_BGR2RGB), 0)
        for box, score in zip(boxes, scores, strict=True):
            if box.width() > WINDOW + CELL: continue
            box = dlib.translate_rect(box, dlib.point(left, top))
            box = DOWN.rect_up(box, stage - first) if stage > first else box
            box = UP.rect_down(box, first) if first else box
            hits.append(spot_of(box, score))
    return max(hits, key=lambda hit: hit.score, default=None)


def one_level(hog):
    state = hog.__getstate__()[0]
    at = state.index(b"\x02\xe8\x03")
    one = dlib.fhog_object_detector.__new__(dlib.fhog_object_detector)
    one.__setstate__((state[:at] + b"\x01\x01" + state[at + 3 :],))
    return one


def pyramid(width: int, height: int, upsample: int) -> list[tuple[int, int]]:
    """Sizes (width, height) of all that dlib makes of a picture, in pixels: it, its doublings, then its levels."""
    stages = [(width, height)]
    for _ in range(upsample):
        w, h = stages[-1]
        box = UP.rect_up(dlib.rectangle(0, 0, w - 1, h - 1))
        stages.append((box.right() + 1, box.bottom() + 1))
    while min(stages[-1]) * 5 // 6 >= SMALLEST:
        stages.append((stages[-1][0] * 5 // 6, stages[-1][1] * 5 // 6))
    return stages


def cells_around(spot, picture, stage):
    """Bounds (left, top, right, bottom) in pixels"""
    half = (WINDOW // 2) // CELL + MARGIN + REACH
    bounds = []
    for low, high, here, there in ((spot.left, spot.right, picture[0], stage[0]), (spot.top, spot.bottom, picture[1], stage[1])):
        middle = round((low + high) / 2 * (there - 1) / (here - 1) / CELL)
        bounds.append((max(0, middle - half) * CELL, min(there, (middle + half) * CELL)))
    (left, right), (top, bottom) = bounds
    return left, top, right, bottom


def windows(picture, stages, wanted):
    need = {}
    for stage in range(max(wanted), -1, -1):
        parts = [wanted[stage]] if stage in wanted else []
        if stage + 1 in need:
            l, t, r, b = need[stage + 1]
            fx, fy = ratio(stages, stage + 1)
            parts.append((int(l * fx), int(t * fy), min(int((r - 1) * fx) + 2, stages[stage][0]), min(int((b - 1) * fy) + 2, stages[stage][1])))
        need[stage] = (min(p[0] for p in parts), min(p[1] for p in parts), max(p[2] for p in parts), max(p[3] for p in parts))
    l, t, r, b = need[0]
    made = picture[t:b, l:r].astype(np.float32)
    for stage in range(max(wanted) + 1):
        if stage:
            l, t, r, b = need[stage]
            l0, t0 = need[stage - 1][:2]
            fx, fy = ratio(stages, stage)
            matrix = np.array([[fx, 0, l * fx - l0], [0, fy, t * fy - t0]])
            made = cv2.warpAffine(made, matrix, (r - l, b - t), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)
            np.floor(made, out=made)
        if stage in wanted:
            x, y, x1, y1 = wanted[stage]
            if x1 - x >= WINDOW and y1 - y >= WINDOW:
                yield stage, (x, y), made[y - t : y1 - t, x - l : x1 - l].astype(np.uint8)


def ratio(stages, stage):
    (w0, h0), (w1, h1) = stages[stage - 1], stages[stage]
    return (w0 - 1) / (w1 - 1), (h0 - 1) / (h1 - 1)


NEAR = {"dlib": near_dlib}
