"""Crop geometry: the square around a face, in frame pixels, and the image cut from it.

The square is the one of FaceForensics++ (Rössler et al. 2019): its side is `margin` times the longer side of
the face's box, and it has the same centre. A square that would leave the frame is first moved in from the
left and top border, then made smaller at the right and bottom border. So a crop never shows pixels that were
not in the frame.
"""

import cv2
import numpy as np

Square = tuple[int, int, int]
"""x and y of the top-left pixel, and the side, in frame pixels."""


def crop_square(box: tuple[int, int, int, int], frame_width: int, frame_height: int, margin: float) -> Square:
    """Return the square to crop for a face.

    `box` is (x, y, width, height) in frame pixels, and may reach beyond the frame. `margin` is the side of
    the square as a multiple of the longer side of the box. Raises ValueError if no part of the square lies
    in the frame.
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


def crop_and_resize(frame: np.ndarray, square: Square, size: int) -> np.ndarray:
    """Return the pixels of a square, resized bicubically to uint8 (size, size, 3).

    `frame` is uint8 (height, width, 3); its channel order stays. Raises ValueError for a square that is not
    wholly inside the frame.
    """
    x, y, side = square
    height, width = frame.shape[:2]
    if side < 1 or x < 0 or y < 0 or x + side > width or y + side > height:
        raise ValueError(f"the square x={x} y={y} side={side} is not inside the frame of {width}x{height}")
    return cv2.resize(frame[y : y + side, x : x + side], (size, size), interpolation=cv2.INTER_CUBIC)
