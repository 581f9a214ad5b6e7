"""Search a small part of an image with dlib's detector, and find the same boxes as in the whole image.

dlib slides a window of 10 x 10 cells of 8 x 8 pixels over an image pyramid whose levels shrink by 5/6. So a
face has a level, and a place on that level's grid of cells. An arbitrary part of the image has another grid,
at another scale, and gives other boxes. This module makes only the cells around a given place, on the level
of the given box and on the two next to it, on dlib's own grid, and by the same steps as dlib makes them from
the whole image. Apart from rounding, the boxes are those of the search of the whole image.
"""

import math
from collections.abc import Callable, Iterator

import cv2
import dlib
import numpy as np

from deepfake.errors import UserError
from deepfake.extraction.boxes import Box

CELL = 8  # pixels, the side of a cell of dlib's HOG
BOX_SIDE = 72  # pixels on its level between the sides of the box that dlib reports of a face
WINDOW_CELLS = 7  # needed on each side of a centre: 5 of the face, 1 around it, 1 to normalise that one
MOVE_CELLS = 3  # cells that a face may move before it is searched again from there: a third of its box
MIN_STEPS_AFTER_SHORTCUT = 3  # resampling steps that have to follow a shortcut through the pyramid
SMALLEST_LEVEL = 64  # pixels, the shorter side of dlib's last level
UP, DOWN = dlib.pyramid_down(2), dlib.pyramid_down(6)  # these map boxes between levels

Size = tuple[int, int]
"""Width and height in pixels."""

Region = tuple[int, int, int, int]
"""left, top, right, bottom in pixels; right and bottom are just outside."""


def to_box(rectangle: dlib.rectangle, score: float) -> Box:
    """Return dlib's rectangle as a Box.

    dlib's `right` is the last column inside. It is taken as it is, so that the width is right - left, one
    less than dlib's own, as in the crop of FaceForensics++.
    """
    return Box(rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom(), float(score), "dlib")


def local_search(hog: dlib.fhog_object_detector, upsample: int) -> Callable[[np.ndarray, Box], list[Box]]:
    """Return the `find_near` of dlib's detector `hog`: see detectors.Detector.

    `upsample` is how often the search of the whole image doubles the image.
    """
    one_level = without_pyramid(hog)

    def find_near(image: np.ndarray, box: Box) -> list[Box]:
        """The faces around `box`, at most one level of the pyramid larger or smaller than it."""
        stages = pyramid(image.shape[1], image.shape[0], upsample)
        level = round(math.log(box.width * 2**upsample / BOX_SIDE, 6 / 5))
        regions = {
            stage: region_around(box, stages[0], stages[stage])
            for stage in range(upsample + max(level - 1, 0), upsample + level + 2)
            if stage < len(stages)
        }
        found = []
        for stage, part in make_regions(image, stages, regions):
            left, top, _, _ = regions[stage]
            rectangles, scores, _ = one_level.run(cv2.cvtColor(part, cv2.COLOR_BGR2RGB), 0)
            for rectangle, score in zip(rectangles, scores, strict=True):
                rectangle = dlib.translate_rect(rectangle, dlib.point(left, top))
                rectangle = DOWN.rect_up(rectangle, stage - upsample)
                found.append(to_box(UP.rect_down(rectangle, upsample), score))
        return found

    return find_near


def without_pyramid(hog: dlib.fhog_object_detector) -> dlib.fhog_object_detector:
    """Return the same detector with one level: it finds only faces as large as its window.

    dlib has no setter for the number of levels in Python. But the pickled state starts with the settings of
    the scanner, where the largest number of levels, 1000, is two bytes after their count. Raises UserError
    if the state is different.
    """
    state = hog.__getstate__()[0]
    head, levels, rest = state.partition(b"\x02\xe8\x03")
    if not levels or len(head) > 32:
        raise UserError("faces.search: this release of dlib saves detectors in another format; write full")
    one_level = dlib.fhog_object_detector.__new__(dlib.fhog_object_detector)
    one_level.__setstate__((head + b"\x01\x01" + rest,))
    return one_level


def pyramid(width: int, height: int, upsample: int) -> list[Size]:
    """Return the sizes of all stages that dlib makes of an image.

    Stage 0 is the image, stages 1 to `upsample` are its doublings, and the last of these is level 0 of the
    pyramid. The further levels follow.
    """
    stages = [(width, height)]
    for _ in range(upsample):
        whole = UP.rect_up(dlib.rectangle(0, 0, stages[-1][0] - 1, stages[-1][1] - 1))
        stages.append((whole.right() + 1, whole.bottom() + 1))
    while min(stages[-1]) * 5 // 6 >= SMALLEST_LEVEL:
        stages.append((stages[-1][0] * 5 // 6, stages[-1][1] * 5 // 6))
    return stages


def region_around(box: Box, image: Size, stage: Size) -> Region:
    """Return the region of a stage to search around a box of the image: whole cells of that stage's grid."""
    sides = []
    for low, high, here, there in zip(
        (box.left, box.top), (box.right, box.bottom), image, stage, strict=True
    ):
        zoom = (there - 1) / (here - 1)
        centre = (low + high) / 2 * zoom / CELL
        reach = WINDOW_CELLS + MOVE_CELLS * box.width * zoom / BOX_SIDE
        sides.append((max(0, round(centre - reach)) * CELL, min(there, round(centre + reach) * CELL)))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


def make_regions(
    image: np.ndarray, stages: list[Size], regions: dict[int, Region]
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (stage, pixels) of each region that is larger than a face, made through the stages before it.

    `image` is uint8 (height, width, channels), and so are the pixels. dlib makes each stage from the one
    before, bilinearly, and cuts off the fractions. If stages were left out, or fractions rounded, scores
    would change by about 0.05, and with them which of two similar boxes wins. Only for large faces, the
    stages larger than the image are replaced by a blur: they cost most and would be needed almost whole, and
    so many steps follow that the difference is small.
    """
    regions = {
        stage: (left, top, right, bottom)
        for stage, (left, top, right, bottom) in regions.items()
        if right - left > BOX_SIDE < bottom - top
    }
    if not regions:
        return
    first, blur = shortcut(stages, min(regions))
    chain = [0, *range(first, max(regions) + 1)] if first else list(range(max(regions) + 1))
    needed = needed_regions(chain, stages, regions)
    left, top, right, bottom = needed[0]
    pixels = image[top:bottom, left:right].astype(np.float32)
    if blur is not None:
        pixels = cv2.sepFilter2D(pixels, -1, blur, blur)
    before = 0
    for stage in chain:
        if stage:
            pixels = resample(pixels, needed[before], stages[before], needed[stage], stages[stage])
        before = stage
        if stage in regions:
            left, top, right, bottom = regions[stage]
            x, y, _, _ = needed[stage]
            yield stage, pixels[top - y : bottom - y, left - x : right - x].astype(np.uint8)


def shortcut(stages: list[Size], lowest: int) -> tuple[int, np.ndarray | None]:
    """Return the stage to make directly from the image, and the blur that replaces the stages between.

    `lowest` is the first stage that is searched. The result is (0, None) where no stage is to be left out.
    Bilinear resampling blurs with a variance of 1/6 pixel of its source, on average over all fractions, or
    1/8 where it doubles the image. The blur, a filter of 3 taps, has the variance of the stages left out.
    """
    first = next((n for n, stage in enumerate(stages) if n and stage[0] <= stages[0][0]), 0)
    if lowest < first + MIN_STEPS_AFTER_SHORTCUT:
        return 0, None
    variance = -1 / 6
    for before, stage in zip(stages[:first], stages[1 : first + 1], strict=True):
        variance += (1 / 8 if stage > before else 1 / 6) * (stages[0][0] / before[0]) ** 2
    side = max(0.0, variance / 2)
    return first, np.array([side, 1 - 2 * side, side], np.float32)


def needed_regions(chain: list[int], stages: list[Size], regions: dict[int, Region]) -> dict[int, Region]:
    """Return the region needed of each stage of `chain`: its own, and the source of the next stage's."""
    needed: dict[int, Region] = {}
    after = None
    for stage in reversed(chain):
        parts = [regions[stage]] if stage in regions else []
        if after is not None:
            parts.append(source_region(needed[after], stages[after], stages[stage]))
        lefts, tops, rights, bottoms = zip(*parts, strict=True)
        needed[stage] = (min(lefts), min(tops), max(rights), max(bottoms))
        after = stage
    return needed


def source_region(region: Region, stage: Size, before: Size) -> Region:
    """Return the region of the stage before from which a region of a stage is resampled."""
    left, top, right, bottom = region
    zoom_x, zoom_y = ((there - 1) / (here - 1) for there, here in zip(before, stage, strict=True))
    last_x, last_y = int((right - 1) * zoom_x) + 2, int((bottom - 1) * zoom_y) + 2
    return int(left * zoom_x), int(top * zoom_y), min(last_x, before[0]), min(last_y, before[1])


def resample(pixels: np.ndarray, held: Region, before: Size, region: Region, stage: Size) -> np.ndarray:
    """Return a region of a stage, made from the region `held` of the stage before, corner on corner as dlib.

    Both are float32 of whole numbers: with bytes OpenCV would round where dlib cuts off.
    """
    left, top, right, bottom = region
    zoom_x, zoom_y = ((there - 1) / (here - 1) for there, here in zip(before, stage, strict=True))
    matrix = np.array([[zoom_x, 0, left * zoom_x - held[0]], [0, zoom_y, top * zoom_y - held[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = right - left, bottom - top
    pixels = cv2.warpAffine(pixels, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.floor(pixels, out=pixels)
