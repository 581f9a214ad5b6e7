"""Crop geometry: the square around a face, in frame pixels, and the picture cut from it.

The square is the one of FaceForensics++ (Rössler et al. 2019): `margin` times the longer side of the box,
about the box's centre. A square that would leave the frame is first shifted in from the left and top
border, then made smaller at the right and bottom one, so a crop never shows pixels that were not in the
frame.
"""

import cv2
import numpy as np


def crop_square(
    box: tuple[int, int, int, int], frame_width: int, frame_height: int, margin: float
) -> tuple[int, int, int]:
    """The square to cut for a face: x and y of its top-left pixel and its side, all in frame pixels.

    `box` is (x, y, width, height) in frame pixels and may reach beyond the frame; `margin` is the side of
    the square in lengths of the longer side of the box. Raises ValueError where no pixel is left of the
    square.
    """
    x, y, width, height = box
    side = int(max(width, height) * margin)
    left = max((x + x + width) // 2 - side // 2, 0)
    top = max((y + y + height) // 2 - side // 2, 0)
    side = min(frame_width - left, side)
    side = min(frame_height - top, side)
    if side < 1:
        raise ValueError(
            f"no crop for the face box x={x} y={y} width={width} height={height} with margin {margin}: "
            f"nothing of it lies in the frame of {frame_width}x{frame_height}"
        )
    return left, top, side


def cut(frame: np.ndarray, square: tuple[int, int, int], size: int) -> np.ndarray:
    """The crop of `square` (x, y, side) as uint8 (size, size, 3), resized bicubically, channels as in
    `frame`.

    `frame` is uint8 (height, width, 3). Raises ValueError for a square that is not wholly inside it.
    """
    x, y, side = square
    height, width = frame.shape[:2]
    if side < 1 or x < 0 or y < 0 or x + side > width or y + side > height:
        raise ValueError(f"the square x={x} y={y} side={side} is not inside the frame of {width}x{height}")
    return cv2.resize(frame[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_CUBIC)
