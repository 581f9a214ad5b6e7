"""Turn a face upright: the crop in which the landmarks come to lie as on the field's template.

The template is the one of ArcFace (Deng et al. 2019) for 112 x 112 pixels. DeepfakeBench and what is built
on it use it with a margin of 1.3 and the points 37, 44, 30, 49 and 55 of the 68.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from deepfake.extraction.boxes import Face

TEMPLATE_SIDE = 112  # pixels
TEMPLATE = ((38.29, 51.70), (73.53, 51.50), (56.03, 71.74), (41.55, 92.37), (70.73, 92.20))
"""Where the eyes, the tip of the nose and the corners of the mouth are to come, in pixels."""

DLIB_5_TEMPLATE = ((80.92, 53.46), (66.81, 53.92), (31.08, 53.46), (45.19, 53.92), (56.00, 80.16))
"""Where dlib's five points lie when a face is aligned by YuNet's: medians over 891 photos and frames.

Made symmetrical, so that a mirrored frame gives the mirrored crop."""

FIVE_OF_68 = (37, 44, 30, 49, 55)
"""DeepfakeBench's points. 49 and 55 lie one beyond the corners of the mouth, 48 and 54, to the same side; so
its crops, and those by the 68 points here, are turned by 2.8 degrees and show 5 % more than those by five."""

BORDERS = {
    "black": cv2.BORDER_CONSTANT,
    "replicate": cv2.BORDER_REPLICATE,
    "reflect": cv2.BORDER_REFLECT_101,
}
"""By `faces.border`: what fills the part of a crop that lies outside the frame."""


@dataclass(frozen=True)
class Place:
    """Where a crop was cut from its frame.

    `x` and `y` are the frame pixel of the crop's top-left pixel, `side` is the crop's side in frame pixels,
    and `angle` how far it is turned clockwise, in degrees from -180 to 180.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    @property
    def corner(self) -> complex:
        """The crop's top-left pixel in the frame, as x + iy."""
        return complex(self.x, self.y)

    def step(self, size: int) -> complex:
        """Return the way in the frame, x + iy, to the next pixel on the right in a crop of `size` pixels."""
        return complex(self.side / size * np.exp(1j * math.radians(self.angle)))


def similarity(points: np.ndarray, targets: np.ndarray) -> tuple[complex, complex]:
    """Return (a, b) such that a * p + b comes nearest to the targets, by least squares (Umeyama 1991).

    `points` and `targets` are float (n, 2), read as complex numbers x + iy: `a` turns and scales, `b` shifts.
    Raises ValueError if all points are one.
    """
    p, q = points @ (1, 1j), targets @ (1, 1j)
    spread = p - p.mean()
    size = float(np.sum(np.abs(spread) ** 2))
    if not size > 1e-12:
        raise ValueError("all landmarks of the face are at one place")
    a = complex(np.sum(spread.conj() * (q - q.mean())) / size)
    if abs(a) < 1e-9:
        raise ValueError("the landmarks of the face are not those of a face")
    return a, complex(q.mean() - a * p.mean())


def aligned_place(face: Face, margin: float) -> Place:
    """Return where to cut the aligned crop of a face that has landmarks.

    `margin` is the crop's side as a multiple of the template's. Raises ValueError for landmarks that no face
    has.
    """
    points = np.array(face.points, float)
    if face.landmarker == "dlib_68":
        points = points[list(FIVE_OF_68)]
    template = np.array(DLIB_5_TEMPLATE if face.landmarker == "dlib_5" else TEMPLATE)
    a, b = similarity(points, template + TEMPLATE_SIDE * (margin - 1) / 2)
    return square_in_frame(a, b, 0, 0, TEMPLATE_SIDE * margin)


def square_in_frame(a: complex, b: complex, left: float, top: float, side: float) -> Place:
    """Return where an upright square lies in the frame, from which `similarity` (a, b) leads to it."""
    corner = (left + 1j * top - b) / a
    return Place(corner.real, corner.imag, side / abs(a), -math.degrees(np.angle(a)))


def cut(
    frame: np.ndarray, place: Place, size: int, border: str, interpolation: int = cv2.INTER_CUBIC
) -> np.ndarray:
    """Return the pixels of a place, uint8 (size, size) or (size, size, 3), turned upright.

    `frame` is uint8 (height, width) or (height, width, 3); `border` is one of BORDERS.
    """
    return cv2.warpAffine(
        frame,
        _to_crop(place, size),
        (size, size),
        flags=interpolation,
        borderMode=BORDERS[border],
        borderValue=(0, 0, 0),
    )


def share_outside(place: Place, size: int, frame_width: int, frame_height: int) -> float:
    """Return the share of a crop's `size` x `size` pixels that lie outside the frame, 0 to 1."""
    pixels = np.arange(size)
    at = place.corner + place.step(size) * (pixels[None, :] + 1j * pixels[:, None])
    inside = (
        (at.real > -0.5) & (at.real < frame_width - 0.5) & (at.imag > -0.5) & (at.imag < frame_height - 0.5)
    )
    return float(1 - inside.mean())


def _to_crop(place: Place, size: int) -> np.ndarray:
    """Return the affine transform from frame pixels to crop pixels, (2, 3)."""
    a = size / place.side * np.exp(-1j * math.radians(place.angle))
    b = -a * place.corner
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])
