"""The background of a video and the clothes of its person, painted once in frame pixels: its plate."""

import cv2
import numpy as np

from deepfake.demo.canvas import SHIFT, curve, fixed_point
from deepfake.demo.person import Person

WALLS = ((196, 186, 170), (150, 168, 176), (120, 132, 120), (172, 150, 140), (98, 104, 122), (208, 204, 198))
GARMENTS = (
    (52, 62, 84), (150, 54, 56), (228, 224, 216), (60, 60, 64), (84, 108, 88),
    (196, 150, 70), (110, 130, 160), (92, 62, 84), (214, 172, 160), (40, 84, 92),
)  # fmt: skip


def paint_background(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a room or a garden, out of focus, float32 RGB (height, width, 3); `size` is (width, height)."""
    width, height = size
    plate = np.empty((height, width, 3), np.float32)
    plate[:] = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.7, 1.0)
    kind = ("wall", "shelves", "window", "garden", "office")[rng.integers(5)]
    if kind == "garden":
        _paint_garden(plate, rng)
    if kind == "shelves":
        _paint_shelves(plate, rng)
    if kind in ("window", "office"):
        _paint_windows(plate, kind, rng)
    plate = cv2.GaussianBlur(plate, (0, 0), width * rng.uniform(0.012, 0.02))
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    lamp = np.exp(-((x - rng.uniform(-0.9, 0.9)) ** 2 + (y - rng.uniform(-0.8, 0.0)) ** 2) / 0.7)
    return plate * ((0.74 + 0.34 * lamp - 0.10 * (x**2 + y**2))[..., None])


def _paint_garden(plate: np.ndarray, rng: np.random.Generator) -> None:
    height, width = plate.shape[:2]
    plate[:] = (96, 124, 84)
    for _ in range(70):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        tone = np.array((120, 150, 90)) * rng.uniform(0.45, 1.5) + rng.normal(0, 10, 3)
        cv2.circle(plate, centre, int(rng.uniform(0.03, 0.10) * width), tone.tolist(), -1)


def _paint_shelves(plate: np.ndarray, rng: np.random.Generator) -> None:
    height, width = plate.shape[:2]
    for row in range(4):
        y, x = int(row * height / 3.6) - 20, int(rng.uniform(-20, 0))
        while x < width:
            w, h = int(rng.uniform(0.02, 0.06) * width), int(rng.uniform(0.14, 0.22) * height)
            base = y + int(0.25 * height)
            book = (rng.uniform(50, 170) + rng.normal(0, 30, 3)).clip(20, 220) * (1, 0.85, 0.75)
            cv2.rectangle(plate, (x, base - h), (x + w, base), book.tolist(), -1)
            x += w + int(rng.uniform(0, 4))
        cv2.rectangle(plate, (0, base), (width, base + 8), (112, 84, 60), -1)


def _paint_windows(plate: np.ndarray, kind: str, rng: np.random.Generator) -> None:
    """Paint one bright window, or the three panels of an office."""
    height, width = plate.shape[:2]
    for _ in range(1 if kind == "window" else 3):
        x, w = int(rng.uniform(-0.1, 0.8) * width), int(rng.uniform(0.2, 0.4) * width)
        top, bottom = int(rng.uniform(-0.1, 0.2) * height), int(rng.uniform(0.5, 0.8) * height)
        if kind == "window":
            tone = (226, 234, 240)
        else:
            tone = (rng.uniform(90, 190) + rng.normal(0, 22, 3)).clip(30, 235).tolist()
        cv2.rectangle(plate, (x, top), (x + w, bottom), tone, -1)
        cv2.line(plate, (x + w // 2, top), (x + w // 2, bottom), (150, 146, 140), 6)


class _Body:
    """A plate to paint a body on, with coordinates in face pixels (see `rendering`)."""

    def __init__(self, plate: np.ndarray, centre: tuple[float, float], scale: float):
        self.plate, self.centre, self.scale = plate, centre, scale
        height, width = plate.shape[:2]
        self.y = ((np.arange(height, dtype=np.float32) - centre[1]) / scale)[:, None, None]
        self.x = ((np.arange(width, dtype=np.float32) - centre[0]) / scale)[None, :, None]

    def mask(self, points: np.ndarray | list, blur: float) -> np.ndarray:
        """Return a filled polygon as a mask, (height, width, 1) float32 0 to 1, with a Gaussian `blur`."""
        mask = np.zeros(self.plate.shape[:2], np.uint8)
        corners = fixed_point(np.asarray(points) * self.scale + self.centre)
        cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, SHIFT)
        return (cv2.GaussianBlur(mask, (0, 0), blur * self.scale).astype(np.float32) / 255)[..., None]

    def paint(self, mask: np.ndarray, colour: np.ndarray) -> None:
        self.plate[:] += (np.asarray(colour, np.float32) - self.plate) * mask

    def darken(self, amount: np.ndarray) -> None:
        """Darken by the fraction `amount`, which may be negative: (height, width, 1)."""
        self.plate *= 1 - amount


def paint_body(
    plate: np.ndarray, person: Person, centre: tuple[float, float], scale: float, rng: np.random.Generator
) -> None:
    """Paint clothes and neck onto a plate.

    `centre` is the point between the eyes in frame pixels, `scale` the frame pixels in a face pixel.
    """
    body = _Body(plate, centre, scale)
    neck, shoulders = (54, 235) if person.woman else (66, 268)  # half their widths
    cloth = np.array(GARMENTS[rng.integers(len(GARMENTS))], np.float32) * rng.uniform(0.85, 1.05)
    torso = _paint_torso(body, cloth, neck, shoulders, rng)
    collar = ("crew", "vee", "shirt", "blazer")[rng.integers(4)]
    if collar in ("vee", "blazer"):
        depth = 300 if collar == "vee" else 330
        under = person.skin * 0.92 if collar == "vee" else np.array((226, 224, 220))
        body.paint(body.mask([(-neck - 8, 196), (neck + 8, 196), (0, depth)], 1.5), under)
    _paint_neck(body, person, neck)
    _paint_collar(body, collar, cloth, neck, torso)


def _paint_torso(
    body: _Body, cloth: np.ndarray, neck: int, shoulders: int, rng: np.random.Generator
) -> np.ndarray:
    """Paint the torso in a pattern, with its shadows. Return its mask."""
    right = np.array(
        [(neck - 8, 196), (neck + 44, 222), (shoulders * 0.74, 250), (shoulders * 0.95, 292),
         (shoulders + 14, 420)], float
    )  # fmt: skip
    below = [(right[-1, 0], 1200), (-right[-1, 0], 1200)]
    outline = curve(np.concatenate([right, below, right[::-1] * (-1, 1)]))
    torso = body.mask(outline, 1.5)
    body.darken(0.25 * body.mask(outline + (10, 10), 14))
    body.paint(torso, cloth)
    x, y = body.x, body.y
    pattern = ("plain", "plain", "stripes", "checks", "knit")[rng.integers(5)]
    if pattern in ("stripes", "checks"):
        bands = np.sin(y / 9) > 0.4
        bands = bands | (np.sin(x / 9) > 0.5) if pattern == "checks" else bands
        bands = cv2.GaussianBlur(np.broadcast_to(bands, torso.shape).astype(np.float32), (3, 3), 0)
        body.paint(torso * bands[..., None] * 0.3, 255 - cloth if cloth.mean() < 130 else cloth * 0.6)
    if pattern == "knit":
        body.plate *= 1 + torso * 0.06 * np.sin(x / 3) * np.sin(y / 3)
    body.darken(torso * (0.32 * np.clip(np.abs(x) / shoulders, 0, 1) ** 2))
    for side in (-1, 1):
        fold = [(side * 70, 330), (side * 120, 300), (side * 130, 305), (side * 84, 350), (side * 60, 420)]
        body.darken(0.16 * torso * body.mask(curve(fold), 7))
    return torso


def _paint_neck(body: _Body, person: Person, neck: int) -> None:
    right = np.array(
        [(neck - 6, 60), (neck - 2, 110), (neck - 4, 160), (neck + 6, 196), (neck - 8, 230), (20, 250)]
    )
    skin = body.mask(curve(np.concatenate([right, right[::-1] * (-1, 1)])), 1.5)
    body.paint(skin, person.skin * 0.96)
    shadow = 0.46 * np.exp(-(((body.y - 150) / 52) ** 2)) + 0.22 * np.clip(np.abs(body.x) / neck, 0, 1) ** 2
    body.darken(skin * shadow)


def _paint_collar(body: _Body, collar: str, cloth: np.ndarray, neck: int, torso: np.ndarray) -> None:
    if collar == "crew":
        edge = [
            (-neck - 14, 200), (0, 252), (neck + 14, 200), (neck + 18, 208), (0, 264), (-neck - 18, 208)
        ]  # fmt: skip
        body.paint(body.mask(edge, 1.2) * torso, cloth * 0.72)
    if collar in ("shirt", "blazer"):
        tone = cloth * 1.12 if collar == "shirt" else np.array((232, 230, 226))
        for side in (-1, 1):
            wing = [(side * (neck - 2), 182), (side * (neck + 22), 204), (side * 44, 282), (side * 4, 246)]
            body.darken(0.3 * body.mask(np.array(wing) + (0, 6), 4))
            body.paint(body.mask(wing, 1.2), np.minimum(tone, 250))
    if collar == "blazer":
        for side in (-1, 1):
            lapel = [(side * (neck + 18), 204), (side * 118, 300), (side * 12, 440), (side * 40, 300)]
            body.paint(body.mask(lapel, 1.2), cloth * 0.8)
