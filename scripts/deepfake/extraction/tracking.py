"""Faces of the frames of a clip: each frame searched whole, or first where the last one had its faces.

dlib slides a window of 10x10 cells of 8x8 pixels over a pyramid whose levels shrink by 5/6, so a face has
a level, and a place on that level's grid of cells. A part of the frame cut out anywhere, at any scale, has
another grid and gives other boxes. Here only the cells about the last face are made, on its level and the
two next to it, on the grid and by the very steps with which dlib makes them from the whole frame: but for
rounding, the boxes are those of the whole search. YuNet (Wu et al. 2023) is run on a part of the frame
aligned to its coarsest stride.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import dlib
import numpy as np

from deepfake.extraction.detectors import Detector, Face, Spot, load, shrink, spot_of, to_faces

FOLLOWED = 4  # faces; to look in more places costs about as much as the whole frame
LOOKS = 3  # at most, about where a face is next found, before the whole frame
WEAK = 1 / 3  # of the last score: what scores less may be a chance hit where a face has been
SAME = 0.3  # intersection over union above which two boxes are of one face

CELL = 8  # pixels, of dlib's HOG
BOX = 72  # pixels between the sides of the box that dlib reports of a face on its level
RIM = 7  # cells that dlib needs on each side of a middle: 5 of face, 1 about it, 1 to norm that by
REACH = 3  # cells that a face may move before it is looked for again: a third of its box
SHORT = 3  # steps that have to follow a shortcut through the pyramid
SMALLEST = 64  # pixels, of dlib's last level
UP, DOWN = dlib.pyramid_down(2), dlib.pyramid_down(6)  # know how boxes go from level to level

STRIDE = 32  # pixels, YuNet's coarsest


@dataclass(frozen=True)
class Found:
    """The faces of one frame, largest first.

    `counted` says where they were looked for: "frame", everywhere, so that their number is that of the
    frame, or "window", only where the frame before had faces, so that one that has newly come is not among
    them.
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

    Frames are uint8 BGR (h, w, 3); `cfg` is the config section `faces`. With `search: full` every frame is
    searched whole. With `search: track` a frame is first searched about each face of the frame before, and
    whole where one of them is not found again, where there was none, on the first frame, and on every
    `recount`-th (0: on no others). A `detector` from detectors.load(cfg) saves loading one for every clip;
    what is found depends on the frames of this clip alone. Raises ValueError where `search` is neither, or
    a frame is none.
    """
    if cfg["search"] not in ("full", "track"):
        raise ValueError(f"faces.search is {cfg['search']!r}: write full or track")
    detector = detector or load(cfg)
    recount = cfg.get("recount", 0)
    last: list[Spot] = []
    shape = None
    for number, frame in enumerate(frames):
        picture, scale = shrink(frame, cfg["width"])
        due = recount > 0 and number % recount == 0
        spots = None
        if cfg["search"] == "track" and not due and picture.shape == shape:
            spots = follow(detector, picture, last)
        counted = "frame" if spots is None else "window"
        last = detector.whole(picture) if spots is None else spots
        shape = picture.shape
        yield Found(to_faces(last, scale), counted)


def follow(detector: Detector, picture: np.ndarray, last: list[Spot]) -> list[Spot] | None:
    """The faces of `picture` (uint8 BGR) near those of the last frame; None unless each is found."""
    if not 0 < len(last) <= FOLLOWED:
        return None
    found: list[Spot] = []
    for spot in last:
        spot = again(detector, picture, spot)
        if spot is None or any(overlap(spot, other) > SAME for other in found):
            return None
        found.append(spot)
    return found


def again(detector: Detector, picture: np.ndarray, last: Spot) -> Spot | None:
    """The face that was at `last`, as it is in `picture`; None where it is not found for certain.

    A face near the rim of what was searched may have a better box beyond: then it is looked for from there.
    """
    about = last
    for _ in range(LOOKS):
        hits = NEAR[detector.name](detector, picture, about)
        best = nearest(last, [hit for hit in hits if hit.score >= WEAK * last.score])
        if best is None or distance(best, about) <= (REACH - 0.5) * CELL / BOX * (about.right - about.left):
            return best
        about = best
    return None


def nearest(last: Spot, hits: list[Spot]) -> Spot | None:
    """Of several faces the one nearest to `last`; of several boxes of one face the best scored."""
    faces: list[Spot] = []
    for hit in sorted(hits, key=lambda hit: -hit.score):
        if all(overlap(hit, face) <= SAME for face in faces):
            faces.append(hit)
    return min(faces, key=lambda face: distance(face, last), default=None)


def distance(one: Spot, other: Spot) -> float:
    """Between the centres of two boxes, in pixels, along the axis where it is greater."""
    across = abs(one.left + one.right - other.left - other.right) / 2
    down = abs(one.top + one.bottom - other.top - other.bottom) / 2
    return max(across, down)


def overlap(one: Spot, other: Spot) -> float:
    """Intersection over union of two boxes, 0 to 1."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (one.area + other.area - shared)


def near_yunet(detector: Detector, picture: np.ndarray, spot: Spot) -> list[Spot]:
    """What YuNet sees in `picture` about `spot`; nothing where that is most of the picture anyway."""
    height, width = picture.shape[:2]
    pad = max(spot.right - spot.left, spot.bottom - spot.top)
    left, top = (max(0, int((low - pad) // STRIDE) * STRIDE) for low in (spot.left, spot.top))
    right, bottom = (max(0, math.ceil((high + pad) / STRIDE)) * STRIDE for high in (spot.right, spot.bottom))
    part = picture[top:bottom, left:right]
    if part.size > 0.6 * picture.size or part.size == 0:
        return []
    return [
        Spot(hit.left + left, hit.top + top, hit.right + left, hit.bottom + top, hit.score)
        for hit in detector.whole(np.ascontiguousarray(part))
    ]


def near_dlib(detector: Detector, picture: np.ndarray, spot: Spot) -> list[Spot]:
    """What dlib sees in `picture` about `spot`, at most one level of its pyramid larger or smaller."""
    first = detector.upsample  # the stage that is level 0 of dlib's pyramid
    stages = pyramid(picture.shape[1], picture.shape[0], first)
    level = round(math.log((spot.right - spot.left) * 2**first / BOX, 6 / 5))
    wanted = {
        stage: cells_about(spot, stages[0], stages[stage])
        for stage in range(first + max(level - 1, 0), first + level + 2)
        if stage < len(stages)
    }
    hits = []
    for stage, image in windows(picture, stages, wanted):
        left, top, _, _ = wanted[stage]
        boxes, scores, _ = detector.one_level.run(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), 0)
        for box, score in zip(boxes, scores, strict=True):
            box = DOWN.rect_up(dlib.translate_rect(box, dlib.point(left, top)), stage - first)
            hits.append(spot_of(UP.rect_down(box, first), score))
    return hits


Size = tuple[int, int]  # width, height in pixels
Bounds = tuple[int, int, int, int]  # left, top, right, bottom in pixels; the latter two just outside


def pyramid(width: int, height: int, upsample: int) -> list[Size]:
    """Sizes of all that dlib makes of a picture: itself, its doublings, then the further levels."""
    stages = [(width, height)]
    for _ in range(upsample):
        box = UP.rect_up(dlib.rectangle(0, 0, stages[-1][0] - 1, stages[-1][1] - 1))
        stages.append((box.right() + 1, box.bottom() + 1))
    while min(stages[-1]) * 5 // 6 >= SMALLEST:
        stages.append((stages[-1][0] * 5 // 6, stages[-1][1] * 5 // 6))
    return stages


def cells_about(spot: Spot, picture: Size, stage: Size) -> Bounds:
    """The part of a stage to search about `spot` of the picture: whole cells of that stage's grid."""
    bounds = []
    for low, high, here, there in zip(spot.box[:2], spot.box[2:], picture, stage, strict=True):
        zoom = (there - 1) / (here - 1)
        middle = (low + high) / 2 * zoom / CELL
        reach = RIM + REACH * (spot.right - spot.left) * zoom / BOX
        bounds.append((max(0, round(middle - reach)) * CELL, min(there, round(middle + reach) * CELL)))
    (left, right), (top, bottom) = bounds
    return left, top, right, bottom


def windows(
    picture: np.ndarray, stages: list[Size], wanted: dict[int, Bounds]
) -> Iterator[tuple[int, np.ndarray]]:
    """Each wanted part of a stage, as uint8 (h, w, channels of `picture`), made through the stages before.

    dlib makes each stage from the one before, bilinearly, and cuts off the fractions. Stages left out, or
    fractions rounded, change scores by about 0.05, and with them which of two like boxes wins. Large faces
    would need nearly all of the stages that are larger than the picture, which cost most: there these are
    left out and their blur is put in their place; many steps follow, and the difference is small.
    """
    wanted = {stage: part for stage, part in wanted.items() if part[2] - part[0] > BOX < part[3] - part[1]}
    if not wanted:
        return
    base, blur = shortcut(stages, min(wanted))
    chain = [0, *range(base, max(wanted) + 1)] if base else list(range(max(wanted) + 1))
    needed = {}
    for stage, after in zip(reversed(chain), [None, *reversed(chain)], strict=False):
        parts = [wanted[stage]] if stage in wanted else []
        if after is not None:
            parts.append(source(needed[after], stages[after], stages[stage]))
        sides = list(zip(*parts, strict=True))
        needed[stage] = (min(sides[0]), min(sides[1]), max(sides[2]), max(sides[3]))
    left, top, right, bottom = needed[0]
    image = picture[top:bottom, left:right].astype(np.float32)
    if blur is not None:
        image = cv2.sepFilter2D(image, -1, blur, blur)
    before = 0
    for stage in chain:
        if stage:
            image = resample(image, needed[before], stages[before], needed[stage], stages[stage])
        before = stage
        if stage in wanted:
            left, top, right, bottom = wanted[stage]
            x, y, _, _ = needed[stage]
            yield stage, image[top - y : bottom - y, left - x : right - x].astype(np.uint8)


def shortcut(stages: list[Size], lowest: int) -> tuple[int, np.ndarray | None]:
    """The stage to make from the picture at once where `lowest` is the first wanted, and the blur for it.

    (0, None) where nothing is to be left out. Bilinear resampling blurs by a variance of 1/6 pixel of its
    source, on average over all fractions, or 1/8 where it doubles; the filter, 3 taps, has the variance
    that is left out.
    """
    base = next((n for n, stage in enumerate(stages) if n and stage[0] <= stages[0][0]), 0)
    if lowest < base + SHORT:
        return 0, None
    variance = -1 / 6
    for before, stage in zip(stages[:base], stages[1 : base + 1], strict=True):
        variance += (1 / 8 if stage > before else 1 / 6) * (stages[0][0] / before[0]) ** 2
    side = max(0.0, variance / 2)
    return base, np.array([side, 1 - 2 * side, side], np.float32)


def source(part: Bounds, stage: Size, before: Size) -> Bounds:
    """The part of the stage before from which a part of a stage is made."""
    low_x, low_y, high_x, high_y = part
    zoom_x, zoom_y = ((there - 1) / (here - 1) for there, here in zip(before, stage, strict=True))
    right, bottom = int((high_x - 1) * zoom_x) + 2, int((high_y - 1) * zoom_y) + 2
    return int(low_x * zoom_x), int(low_y * zoom_y), min(right, before[0]), min(bottom, before[1])


def resample(image: np.ndarray, held: Bounds, before: Size, part: Bounds, stage: Size) -> np.ndarray:
    """`part` of a stage from `image`, the part `held` of the stage before: corner on corner, as dlib does it.

    float32 of whole numbers to the same: with bytes OpenCV would round where dlib cuts off.
    """
    left, top, right, bottom = part
    zoom_x, zoom_y = ((there - 1) / (here - 1) for there, here in zip(before, stage, strict=True))
    matrix = np.array([[zoom_x, 0, left * zoom_x - held[0]], [0, zoom_y, top * zoom_y - held[1]]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = right - left, bottom - top
    image = cv2.warpAffine(image, matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.floor(image, out=image)


NEAR = {"dlib": near_dlib, "yunet": near_yunet}
