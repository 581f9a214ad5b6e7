"""The manipulated region of a fake's face: where its frame differs from the same frame of its original.

Both frames have been compressed, each by itself, so they differ everywhere, most at edges. That noise
averages out over an area, and its strength is measured around the face. What remains is the region in which
the difference is visible: all of a swapped face, but only the mouth of one whose lips alone have changed.
"""

import cv2
import numpy as np

from deepfake.extraction.alignment import Place, cut

FACE_SIDE = 64  # pixels to which a face is scaled down, which averages the noise of compression
REACH = 2.5  # side of the compared square, as a multiple of the box's longer side
BORDER = 0.25  # of the box's sides: what is as near as that may belong to the face
NOISE_QUANTILE, NOISE_FACTOR = 0.75, 2.5  # of the differences outside the face; a quarter may be manipulated
LEAST_DIFFERENCE = 3.0  # of 255; less is not seen, and made by JPEG alone
GAP = 4  # pixels of the scaled face: smaller gaps are closed
LEAST_AREA = 12  # pixels of the scaled face; smaller spots are noise


def manipulated_region(fake: np.ndarray, original: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    """Return where a frame of a fake differs from that of its original, uint8 (height, width), 0 to 255.

    `fake` and `original` are uint8 BGR (height, width, 3) of the same size, `box` is the face's x, y, width
    and height in frame pixels. The region is 255 inside, and smooth at its border: half of 255 is its edge.
    It has only parts that reach into the face.
    """
    height, width = fake.shape[:2]
    region = np.zeros((height, width), np.uint8)
    x, y, box_width, box_height = box
    side = max(box_width, box_height)
    left, right = _span(x + box_width / 2, side * REACH, width)
    top, bottom = _span(y + box_height / 2, side * REACH, height)
    if right <= left or bottom <= top:
        return region
    scale = min(1.0, FACE_SIDE / side)
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    difference = _difference(
        *(
            cv2.resize(image[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
            for image in (fake, original)
        )
    )
    middle = (x + box_width / 2 - left) * scale, (y + box_height / 2 - top) * scale
    face, near = (
        _rectangle(size, middle, (box_width * scale * grown, box_height * scale * grown))
        for grown in (1, 1 + 2 * BORDER)
    )
    found = _significant(difference, face, near)
    region[top:bottom, left:right] = cv2.resize(found, (right - left, bottom - top))
    return region


def mask_of_crop(region: np.ndarray, place: Place, size: int, is_aligned: bool) -> np.ndarray:
    """Return the part of a region that a crop shows, uint8 (size, size), 0 or 255.

    `place` is that of the crop, which is `is_aligned` or else a square inside the frame.
    """
    if is_aligned:
        soft = cut(region, place, size, "black", cv2.INTER_LINEAR)
    else:
        x, y, side = int(place.x), int(place.y), int(place.side)
        soft = cv2.resize(region[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_LINEAR)
    return np.where(soft > 127, 255, 0).astype(np.uint8)


def _span(middle: float, length: float, limit: int) -> tuple[int, int]:
    """Return the first pixel and the one after the last of a line, as far as it lies within 0 to `limit`."""
    return max(0, int(middle - length / 2)), min(limit, int(middle + length / 2))


def _rectangle(size: tuple[int, int], middle: tuple[float, float], sides: tuple[float, float]) -> np.ndarray:
    """Return where a rectangle is in an image of this width and height, bool (height, width)."""
    across, down = map(_span, middle, sides, size)
    inside = np.zeros(size[::-1], bool)
    inside[slice(*down), slice(*across)] = True
    return inside


def _difference(fake: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Return by how much two scaled images differ, float32 (height, width), in the worst channel."""
    signed = cv2.GaussianBlur(fake.astype(np.float32) - original, (0, 0), 0.8)
    return cv2.GaussianBlur(np.abs(signed).max(axis=2), (0, 0), 1.2)


def _significant(difference: np.ndarray, face: np.ndarray, near: np.ndarray) -> np.ndarray:
    """Return where a difference is above the noise, uint8, 0 or 255, in parts that reach into the face.

    `face` and `near` are bool: where the face is, and where it may be; the noise is measured outside.
    """
    noise = np.quantile(difference[~near], NOISE_QUANTILE) if not near.all() else 0.0
    found = (difference > max(LEAST_DIFFERENCE, NOISE_FACTOR * noise)).astype(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * GAP + 1, 2 * GAP + 1))
    pad = [2 * GAP] * 4  # closing must not stick to the border
    padded = cv2.copyMakeBorder(found, *pad, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc)[2 * GAP : -2 * GAP, 2 * GAP : -2 * GAP]
    closed = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, parts, statistics, _ = cv2.connectedComponentsWithStats(closed)
    kept = statistics[:, cv2.CC_STAT_AREA] >= LEAST_AREA
    kept &= np.isin(np.arange(len(kept)), parts[face])
    kept[0] = False  # what is no part
    return np.where(kept[parts], 255, 0).astype(np.uint8)
