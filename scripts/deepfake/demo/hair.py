"""Hair, scarves and caps of synthetic people, painted on the canvas of a head (see `portrait`)."""

import cv2
import numpy as np

from deepfake.demo.canvas import Canvas, curve, grid, noise, shape
from deepfake.demo.person import Person

CLOTHS = ((150, 60, 70), (60, 90, 120), (190, 160, 110), (70, 110, 95), (110, 80, 130), (200, 110, 70))

# In face pixels: `volume` above the head, y of the hair's `line` on the brow and of its lower end at each
# `side`, x of the parting (`part`), and the `length` and width (`wide`) of the hair behind the face.
STYLES = {
    "side": dict(volume=20, line=-84, side=-2, part=34, length=0, wide=0),
    "crop": dict(volume=9, line=-90, side=-8, part=0, length=0, wide=0),
    "bald": dict(volume=3, line=-190, side=8, part=0, length=0, wide=0),
    "curls": dict(volume=30, line=-80, side=-4, part=12, length=0, wide=0),
    "quiff": dict(volume=40, line=-92, side=-14, part=-20, length=0, wide=0),
    "receding": dict(volume=7, line=-114, side=2, part=0, length=0, wide=0),
    "afro": dict(volume=58, line=-88, side=2, part=0, length=0, wide=0),
    "beanie": dict(volume=22, line=-62, side=-60, part=0, length=0, wide=0),
    "shoulder": dict(volume=18, line=-88, side=60, part=8, length=135, wide=122),
    "long": dict(volume=16, line=-90, side=95, part=26, length=262, wide=128),
    "bob": dict(volume=20, line=-52, side=92, part=0, length=112, wide=136),
    "bun": dict(volume=10, line=-90, side=-4, part=0, length=0, wide=0),
    "wavy": dict(volume=24, line=-86, side=100, part=-28, length=240, wide=148),
    "scarf": dict(volume=20, line=-70, side=120, part=0, length=250, wide=138),
    "curtain": dict(volume=18, line=-88, side=84, part=0, length=170, wide=132),
    "cloud": dict(volume=48, line=-84, side=50, part=16, length=95, wide=160),
    "pixie": dict(volume=18, line=-66, side=2, part=-38, length=0, wide=0),
    "fringe": dict(volume=16, line=-42, side=96, part=0, length=262, wide=124),
}
CURLY = ("curls", "afro", "cloud")


def paint_behind(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint the hair behind the face."""
    style = STYLES[person.style]
    top, length, wide = -132 - style["volume"], style["length"], style["wide"]
    if person.style == "bun":
        knot = curve(np.array([(-34, -160), (-28, -188), (0, -200), (28, -188), (34, -160), (0, -145)]))
        canvas.paint_opaque(shape(knot, 1.2), _strands(person, rng, 0.7))
    if length:
        right = np.array(
            [(46, top + 10), (wide * 0.72, -96), (wide * 0.92, -20), (wide, length * 0.5),
             (wide * 0.94, length), (wide * 0.5, length + 8)], float
        )  # fmt: skip
        points = np.concatenate([[(0, top)], right, right[::-1] * (-1, 1)])
        if person.style == "wavy":
            points[:, 0] += 9 * np.sin(points[:, 1] / 17) * np.sign(points[:, 0])
        mask = shape(curve(points), 1.4)
        if person.style in CURLY:
            mask = _fuzzy(mask, rng)
        if length > 180 and person.style != "scarf":  # hair in front of the shoulders, not of the throat
            gap = [(-40, 80), (40, 80), (50, 180), (84, 330), (-84, 330), (-50, 180)]
            mask = mask * (1 - shape(np.array(gap), 3.0))
        tone = _cloth(person, rng) if person.style == "scarf" else _strands(person, rng, 0.66)
        canvas.paint_opaque(mask, tone)


def paint_front(canvas: Canvas, person: Person, rng: np.random.Generator) -> np.ndarray:
    """Paint the hair on skull and brow. Return its mask, (height, width) float32 0 to 1."""
    style = STYLES[person.style]
    if person.style == "bald":
        return np.zeros_like(canvas.alpha)
    mask = shape(_outline(style, person), 1.3)
    if person.style in CURLY:
        mask = _fuzzy(mask, rng)
    if person.style in ("crop", "receding"):
        mask = mask * np.float32(0.93 if person.style == "crop" else 0.86)
    if person.style in ("beanie", "scarf"):
        tone = _cloth(person, rng)
    else:
        fall = np.clip(grid()[1] / max(40, style["side"]), 0, 1)
        tone = _strands(person, rng, 1.0) * (1 - 0.34 * fall)[..., None]  # as dark below as the hair behind
        _blend_hairline(canvas, mask, tone)
    shadow = cv2.GaussianBlur(mask, (0, 0), 6.0)
    canvas.shade(canvas.alpha * np.roll(shadow, 5, axis=0), np.float32(-0.30))
    canvas.paint_opaque(mask, tone)
    if person.style == "beanie":
        rim = shape(curve(_rim(style, person)), 1.2)
        canvas.paint_opaque(rim, tone * 0.82)
        mask = np.maximum(mask, rim)
    return mask


def _outline(style: dict, person: Person) -> np.ndarray:
    """Return the outline of the hair on the head: over the skull, and back along the hairline."""
    v, line, low, part = (style[k] for k in ("volume", "line", "side", "part"))
    w = 100 * person.width
    out = max(6.0, v * 0.42)
    right = [
        (46, -128 - v * 0.96), (84 + out * 0.6, -98 - v * 0.62), (w + out, -42), (w + out, min(low, 0) + 4)
    ]  # fmt: skip
    over = np.array([(-x, y) for x, y in right[::-1]] + [(0, -136 - v)] + right, float)
    if low > 20:  # falls over the ears
        drape = [(w + out + 6, low * 0.6), (w + out, low + 6), (w - 4, low)]
        inner = [(w - 7, low * 0.55), (w - 8, 0), (86 * person.width, -46)]
    else:
        drape = [(w + 3, low + 14), (w - 6, low + 14)]
        inner = [(w - 9, -16), (84 * person.width, -50)]
    brow = [(62, line + 16), (30, line + 3)]
    back = [*drape, *inner, *brow]
    mirrored = [(-x, y) for x, y in back[::-1]]
    crown = [(part * 0.5, line - (0 if abs(part) > 10 or line > -70 else 3))]
    points = np.array([*over, *back, *crown, *mirrored], float)
    if abs(part) > 10:  # swept from the parting: more brow shows there, less on the other side
        x, y = points.T
        near, far = np.exp(-(((x - part) / 34) ** 2)), np.exp(-(((x + part * 1.3) / 36) ** 2))
        points[:, 1] += ((y > line - 6) & (y < line + 22)) * (15 * far - 14 * near)
    return curve(points)


def _rim(style: dict, person: Person) -> np.ndarray:
    w = 106 * person.width
    y = style["line"]
    return np.array([(-w, y - 14), (-50, y - 26), (0, y - 29), (50, y - 26), (w, y - 14),
                     (w - 2, y + 22), (50, y + 8), (0, y + 4), (-50, y + 8), (-w + 2, y + 22)])  # fmt: skip


def _strands(person: Person, rng: np.random.Generator, light: float) -> np.ndarray:
    """Return the colour of hair at each pixel: strands that run from the parting, with a band of shine."""
    x, y = grid()
    style = STYLES[person.style]
    if person.style in CURLY:
        grain = 0.17 * noise(rng, 6) + 0.12 * noise(rng, 2.5)
    else:
        angle = np.arctan2(x - style["part"] * 0.8, y + 128 + style["volume"] * 0.5)
        if person.style == "wavy":
            angle = angle + 0.05 * np.sin(y / 15 + 0.8 * np.sign(x))
        angle = angle + 0.012 * noise(rng, 22)
        grain = np.zeros_like(x)
        for count, size in ((70, 0.10), (190, 0.10), (420, 0.07)):
            knots = np.linspace(-np.pi, np.pi, count)
            grain += size * np.interp(angle, knots, rng.standard_normal(count)).astype(np.float32)
    away = np.hypot(x - style["part"] * 0.8, y + 100)
    shine = np.exp(-(((away - 62) / 20) ** 2)) * (0.34 if person.style not in CURLY else 0.12)
    dark = np.clip((y + 40) / 400, 0, 0.25)
    return (person.hair * ((light * (1 + grain + shine - dark))[..., None])).clip(4, 245).astype(np.float32)


def _cloth(person: Person, rng: np.random.Generator) -> np.ndarray:
    """Return the colour of a scarf or cap at each pixel: folds around the face, or ribs."""
    x, y = grid()
    tone = np.float32(CLOTHS[person.seed % len(CLOTHS)])
    if person.style == "scarf":
        wave = 0.09 * np.sin(np.hypot(x * 1.15, y - 10) / 7.5 + 2.2 * np.sin(np.arctan2(y, x) * 2))
        fall = -0.22 * np.clip((np.hypot(x, (y - 10) * 0.75) - 128) / 70, 0, 1)
    else:
        wave = 0.10 * np.sin(x / 2.6)
        fall = -0.18 * np.clip(np.abs(x) / 110, 0, 1) ** 2
    return tone * (1 + wave + fall + 0.02 * noise(rng, 1.2))[..., None]


def _fuzzy(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the mask with an edge of curls."""
    edge = cv2.GaussianBlur(mask, (0, 0), 8.0) + 0.11 * noise(rng, 8) + 0.05 * noise(rng, 3)
    return np.clip((edge - 0.44) * 7, 0, 1) * (edge > 0.36) * (cv2.GaussianBlur(mask, (0, 0), 8.0) > 0.2)


def _blend_hairline(canvas: Canvas, mask: np.ndarray, tone: np.ndarray) -> None:
    """Let skin show through along the hairline, so that the hair begins gradually."""
    canvas.paint(cv2.GaussianBlur(mask, (0, 0), 3.5) * (canvas.alpha > 0.5), tone, 0.55)
