"""The parts of a face that change from frame to frame: eyes and mouth, and the glasses on top of them.

Coordinates are face pixels (see `rendering`); colours are RGB, 0 to 255.
"""

from functools import lru_cache

import cv2
import numpy as np

from deepfake.demo.canvas import ORIGIN, SHIFT, SIZE, Window, curve, fixed_point, region
from deepfake.demo.person import Person
from deepfake.demo.portrait import Head

# In face pixels from the middle of an eye, from its inner corner to the outer one.
EYE_X = (-17.5, -9.0, 0.7, 10.0, 15.0)
UPPER_LID = (1.2, -6.1, -8.1, -6.5, -4.0)
LOWER_LID = (1.9, 4.8, 5.8, 4.8, 2.2)
IRIS_Y = -1.4
LIP_U = (-1, -0.64, -0.28, 0, 0.28, 0.64, 1)  # in halves of the mouth's width from its middle


@lru_cache(maxsize=2048)
def eye(
    head: Head, side: int, blink: float, gaze: float, bare: bool
) -> tuple[Window, np.ndarray, np.ndarray]:
    """Return the region of an eye on the canvas, and its pixels there, lit from the left and from the right.

    `side` is -1 or 1, `blink` 0 to 1, `gaze` -1 to 1. Eyes are cached, since most frames show them again.
    """
    middle = side * head.person.apart
    at = region((middle - 34, middle + 34, -22, 22))
    centre = np.array((middle + ORIGIN[0] - at[1].start, ORIGIN[1] - at[0].start))
    left, right = (
        _paint_eye(canvas[at], centre, head.person, side, blink, gaze)
        for canvas in (head.bare if bare else head.lit)
    )
    return at, left, right


def eyelids(person: Person, side: int, blink: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower lid of an eye, each (33, 2), from the inner corner to the outer one.

    They are relative to the eye's middle, (side * person.apart, 0). A pointed outer corner would be lost in
    the lashes: landmark models see the corner where the white ends.
    """
    e, shut = person.eyes, min(1.0, max(0.0, blink))
    x, lower = np.array(EYE_X) * e, np.array(LOWER_LID) * e
    upper = np.array(UPPER_LID) * e * (1 - 0.16 * person.age)
    upper = upper + (lower - upper) * shut * 0.94
    lean = -person.tilt * x / 46
    top, bottom = (curve(np.c_[x * side, y + lean], closed=False) for y in (upper, lower))
    return top, bottom


def _paint_eye(
    skin: np.ndarray, centre: np.ndarray, person: Person, side: int, blink: float, gaze: float
) -> np.ndarray:
    """Return the region `skin`, uint8 (height, width, 3), with an eye painted on it at the pixel `centre`."""
    big = cv2.resize(skin, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)  # drawn at twice the size
    e, shut = person.eyes, min(1.0, max(0.0, blink))
    top, bottom = eyelids(person, side, blink)

    def corners(points: np.ndarray) -> np.ndarray:
        return fixed_point((points + centre) * 2 + 0.5)  # a pixel becomes two, whose middle is 0.5

    if shut < 0.93:
        white = np.array((232, 226, 221)) * (0.93 if person.skin.mean() < 150 else 1.0)
        ball = np.empty_like(big)
        ball[:] = white * (1 - 0.05 * person.age)
        pupil = corners(np.array((gaze * 4.2, IRIS_Y)))
        iris = np.array(person.iris, float)
        for radius, tone in ((8.5, iris * 0.45), (7.4, iris), (5.3, iris * 1.25), (3.5, iris * 0.14)):
            cv2.circle(
                ball, pupil, round(radius * e * 32), tone.clip(0, 255).tolist(), -1, cv2.LINE_AA, SHIFT
            )
        glint = pupil + np.array((-110, -120))
        cv2.circle(ball, glint, round(2.4 * 32), (250, 250, 250), -1, cv2.LINE_AA, SHIFT)
        cv2.polylines(ball, [corners(top)], False, (120, 104, 98), 9, cv2.LINE_AA, SHIFT)
        ball = cv2.GaussianBlur(ball, (5, 5), 0)
        inside = np.zeros(big.shape[:2], np.float32)
        cv2.fillPoly(inside, [corners(np.concatenate([top, bottom[::-1]]))], 1.0, cv2.LINE_8, SHIFT)
        inside = cv2.GaussianBlur(inside, (5, 5), 0)
        big = cv2.blendLinear(ball, big, inside, 1 - inside)
    lash = (person.skin * (0.20, 0.16, 0.15)).tolist()
    cv2.polylines(big, [corners(top)], False, lash, 6 if person.woman else 4, cv2.LINE_AA, SHIFT)
    lid = (person.skin * (0.60, 0.47, 0.44)).tolist()
    cv2.polylines(big, [corners(bottom)], False, lid, 2, cv2.LINE_AA, SHIFT)
    if person.woman:
        cv2.line(big, *corners(np.array([top[-2], top[-1] + (5 * side, -5)])), lash, 4, cv2.LINE_AA, SHIFT)
    return cv2.resize(big, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def lips(
    person: Person, opening: float, smile: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the upper edges of the upper lip, of its lower edge, and the two of the lower lip.

    Each is (49, 2) from left to right, with every eighth point at LIP_U times half the mouth's width.
    """
    wide = 37.5 * person.smile * (1 + 0.05 * smile - 0.04 * opening)
    full, gap = person.lips, 19 * opening
    u = np.array(LIP_U)
    bend = 88 + (0.2 * gap - 3.0 * smile) * u**2  # the corners of a mouth that opens sink a little

    def lip(bow: tuple, by: float, drop: float = 0.0) -> np.ndarray:
        fall = np.array((0, 0.8, 1, 1, 1, 0.8, 0)) * drop
        return curve(np.array((u * wide, bend + np.array(bow) * by + fall)).T, closed=False)

    above = lip((0, -5.2, -9, -7, -9, -5.2, 0), full) - (0, 0.12 * gap)
    middle = lip((0, -0.4, 0.3, 1.0, 0.3, -0.4, 0), 1.0) - (0, 0.1 * gap)
    below = lip((0, 0.8, 1, 1, 1, 0.8, 0), 0.8, gap)
    under = lip((0, 8.2, 13.2, 14, 13.2, 8.2, 0), 0.35 + 0.65 * full, gap)
    return above, middle, below, under


def paint_mouth(canvas: np.ndarray, person: Person, opening: float, smile: float) -> None:
    """Paint the mouth onto a canvas, uint8; `opening` is 0 to 1, `smile` -1 to 1."""
    at = region((-52, 52, 62, 126))
    patch = canvas[at].copy()
    above, middle, below, under = lips(person, opening, smile)

    def corners(points: np.ndarray) -> np.ndarray:
        return fixed_point(points + (52, -62))

    red = person.skin * (0.86, 0.60, 0.60) if not person.woman else person.skin * (0.82, 0.48, 0.50)
    red = red * (1 - 0.06 * person.age)
    for one, two, tone in ((above, middle, red * 0.86), (below, under, red)):
        cv2.fillPoly(patch, [corners(np.concatenate([one, two[::-1]]))], tone.tolist(), cv2.LINE_AA, SHIFT)
    cv2.polylines(patch, [corners(under[3:-3] * (0.6, 1) + (0, -6 * person.lips))], False,
                  np.minimum(red * 1.16 + 6, 255).tolist(), 3, cv2.LINE_AA, SHIFT)  # fmt: skip
    if opening > 0.04:
        inside = corners(np.concatenate([middle, below[::-1]]))
        cv2.fillPoly(patch, [inside], (58, 22, 22), cv2.LINE_AA, SHIFT)
        teeth = np.minimum(middle + (0, 2.0 + 5.0 * min(1.0, 2 * opening)), below + (99, 0))
        show = slice(len(middle) // 6, -(len(middle) // 6))
        teeth = corners(np.concatenate([middle[show], teeth[show][::-1]]))
        cv2.fillPoly(patch, [teeth], (226, 219, 208), cv2.LINE_AA, SHIFT)
    cv2.polylines(patch, [corners(middle)], False, (red * 0.42).tolist(), 2, cv2.LINE_AA, SHIFT)
    canvas[at] = cv2.GaussianBlur(patch, (3, 3), 0)


def paint_glasses(canvas: np.ndarray, person: Person, kind: str) -> None:
    """Paint glasses, "round" or "square", onto a canvas, uint8; "none" paints nothing."""
    if kind == "none":
        return
    at, rim, rest = _rims(kind, person.apart, person.width)
    tone = np.empty((*rim.shape, 3), np.uint8)
    tone[:] = (38, 32, 30) if person.seed % 2 else (96, 60, 40)
    canvas[at] = cv2.blendLinear(tone, np.ascontiguousarray(canvas[at]), rim, rest)


@lru_cache(maxsize=64)
def _rims(kind: str, apart: float, width: float) -> tuple[Window, np.ndarray, np.ndarray]:
    """Return the region of the glasses on the canvas, their opacity there, and that of the face below."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    power, tall = (1.0, 31) if kind == "round" else (0.55, 28)
    x, y = (np.sign(f) * np.abs(f) ** power for f in (np.cos(angles), np.sin(angles)))
    inner = apart + 1 - 34
    parts = [(curve(np.array([(-inner, 0), (0, -5), (inner, 0)]), closed=False), False)]
    for side in (-1, 1):
        parts.append((np.stack([34 * x + side * (apart + 1), tall * y + 4], axis=1), True))
        parts.append((np.array([(side * (apart + 34), -3), (side * 103 * width, -8)]), False))
    for points, closed in parts:
        cv2.polylines(mask, [fixed_point(points + ORIGIN)], closed, 255, 4, cv2.LINE_AA, SHIFT)
    at = region((-115, 115, -32, 40))
    rim = mask[at].astype(np.float32) / 255
    return at, rim, 1 - rim
