"""A canvas for heads, and the strokes painted on it. Coordinates are face pixels: see `rendering`."""

from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np

SIZE = (416, 520)  # width, height of a canvas
ORIGIN = (208, 225)  # the canvas pixel of the point between the eyes
SHIFT = 4  # binary digits after the point in the coordinates that OpenCV draws with

Window = tuple[slice, slice]
"""Rows and columns of a canvas or of a frame."""


@dataclass
class Canvas:
    """An image with opacity: `rgb` (height, width, 3) float32, 0 to 255; `alpha` (height, width), 0 to 1."""

    rgb: np.ndarray
    alpha: np.ndarray = field(default_factory=lambda: np.zeros(SIZE[::-1], np.float32))

    def copy(self) -> "Canvas":
        return Canvas(self.rgb.copy(), self.alpha.copy())

    def paint(self, mask: np.ndarray, colour: np.ndarray, strength: float = 1.0) -> None:
        """Mix in a colour, (3,) or one for each pixel, (height, width, 3), by the mask, 0 to 1."""
        x, y, w, h = cv2.boundingRect((mask > 0).view(np.uint8))
        at = (slice(y, y + h), slice(x, x + w))
        colour = np.asarray(colour, np.float32)
        colour = colour[at] if colour.ndim == 3 else colour
        self.rgb[at] += (colour - self.rgb[at]) * (mask[at] * np.float32(strength))[..., None]

    def paint_opaque(self, mask: np.ndarray, colour: np.ndarray) -> None:
        """Paint, and make the canvas opaque where the mask is: it becomes a part of the head."""
        alpha = mask + self.alpha * (1 - mask)
        self.paint(mask / np.maximum(alpha, 1e-6), colour)
        self.alpha = alpha

    def shade(self, mask: np.ndarray, amount: np.ndarray) -> None:
        """Brighten by the fraction `amount` where the mask is, or darken if it is negative."""
        self.rgb *= (1 + mask * amount)[..., None]

    def glow(self, centre: tuple[float, float], radii: tuple[float, float], factors: object) -> None:
        """Multiply the three colours by `factors` in a soft ellipse."""
        at = region((centre[0] - 2.6 * radii[0], centre[0] + 2.6 * radii[0],
                       centre[1] - 2.6 * radii[1], centre[1] + 2.6 * radii[1]))  # fmt: skip
        x, y = (g[at] for g in grid())
        falloff = np.exp(-(((x - centre[0]) / radii[0]) ** 2) - ((y - centre[1]) / radii[1]) ** 2)
        self.rgb[at] *= 1 + falloff[..., None] * (np.asarray(factors, np.float32) - 1)

    def line(
        self, points: np.ndarray, width: float, colour: np.ndarray, strength: float, blur: float
    ) -> None:
        """Mix in a stroke along points; `blur` is the standard deviation of a Gaussian filter, 0 for none."""
        if strength <= 0:
            return
        low, high = points.min(0) - width - 4 * blur - 2, points.max(0) + width + 4 * blur + 2
        at = region((low[0], high[0], low[1], high[1]))
        mask = np.zeros((at[0].stop - at[0].start, at[1].stop - at[1].start), np.uint8)
        corners = fixed_point(points + ORIGIN - (at[1].start, at[0].start))
        cv2.polylines(mask, [corners], False, 255, max(1, round(width)), cv2.LINE_AA, SHIFT)
        if blur:
            mask = cv2.GaussianBlur(mask, (0, 0), blur)
        part = self.rgb[at]
        part += (np.asarray(colour, np.float32) - part) * (mask * np.float32(strength / 255))[..., None]


def fixed_point(points: np.ndarray) -> np.ndarray:
    """Return points in 1/16 pixels, int32, as OpenCV draws them with `shift` = SHIFT."""
    return np.round(points * 2**SHIFT).astype(np.int32)


@lru_cache(maxsize=1)
def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of each pixel of a canvas, each (height, width) float32."""
    x, y = np.meshgrid(np.arange(SIZE[0], dtype=np.float32), np.arange(SIZE[1], dtype=np.float32))
    return x - ORIGIN[0], y - ORIGIN[1]


def region(bounds: tuple[float, float, float, float]) -> Window:
    """Return the rows and columns of a canvas between left, right, top and bottom."""
    left, right, top, bottom = bounds
    rows = slice(max(0, round(top) + ORIGIN[1]), min(SIZE[1], round(bottom) + ORIGIN[1]))
    return rows, slice(max(0, round(left) + ORIGIN[0]), min(SIZE[0], round(right) + ORIGIN[0]))


def curve(points: np.ndarray, closed: bool = True, steps: int = 8) -> np.ndarray:
    """Return a smooth curve through points: from (n, 2) to (m, 2), with `steps` points for each given one.

    It is the cubic spline of Catmull and Rom (1974).
    """
    return _curve_weights(len(points), closed, steps) @ np.asarray(points, float)


@lru_cache(maxsize=256)
def _curve_weights(n: int, closed: bool, steps: int) -> np.ndarray:
    """Return the weights of the points, (m, n). They are cached, since curves are drawn for every frame."""
    p = np.eye(n)
    ends = (p[-1:], p[:1], p[1:2]) if closed else (2 * p[:1] - p[1:2], p[:0], 2 * p[-1:] - p[-2:-1])
    p = np.concatenate([ends[0], p, ends[1], ends[2]])
    t = np.linspace(0, 1, steps, endpoint=False)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None] for i in range(4))
    out = b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)))
    out = out.reshape(-1, n)
    return out if closed else np.concatenate([out, p[-2:-1]])


def shape(points: np.ndarray, blur: float) -> np.ndarray:
    """Return a filled polygon as a mask, (height, width) float32 0 to 1, with a Gaussian `blur`."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    cv2.fillPoly(mask, [fixed_point(points + ORIGIN)], 255, cv2.LINE_AA, SHIFT)
    return cv2.GaussianBlur(mask, (0, 0), blur).astype(np.float32) / 255


def noise(rng: np.random.Generator, size: float) -> np.ndarray:
    """Return smooth noise, (height, width) with deviation 1 and spots of about `size` face pixels."""
    step = max(1.0, size / 2)  # canvas pixels in a pixel of the noise before it is enlarged
    small = rng.standard_normal((int(SIZE[1] / step) + 2, int(SIZE[0] / step) + 2)).astype(np.float32)
    small = cv2.GaussianBlur(small, (0, 0), max(0.3, size / step / 2))
    large = cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC)
    return (large - large.mean()) / large.std()
