"""The background of a video and the clothes of its person, painted once in frame pixels: its plate."""

import cv2
import numpy as np

from deepfake.demo.canvas import curve
from deepfake.demo.person import Person

WALLS = ((196, 186, 170), (150, 168, 176), (120, 132, 120), (172, 150, 140), (98, 104, 122), (208, 204, 198))
GARMENTS = (
    (52, 62, 84), (150, 54, 56), (228, 224, 216), (60, 60, 64), (84, 108, 88),
    (196, 150, 70), (110, 130, 160), (92, 62, 84), (214, 172, 160), (40, 84, 92),
)  # fmt: skip


def background(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Return a room or a garden, out of focus, float32 RGB (height, width, 3); `size` is (width, height)."""
    width, height = size
    plate = np.empty((height, width, 3), np.float32)
    plate[:] = np.array(WALLS[rng.integers(len(WALLS))]) * rng.uniform(0.7, 1.0)
    kind = ("wall", "shelves", "window", "garden", "office")[rng.integers(5)]
    if kind == "garden":
        plate[:] = (96, 124, 84)
        for _ in range(70):
            centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
            tone = np.array((120, 150, 90)) * rng.uniform(0.45, 1.5) + rng.normal(0, 10, 3)
            cv2.circle(plate, centre, int(rng.uniform(0.03, 0.10) * width), tone.tolist(), -1)
    if kind == "shelves":
        for row in range(4):
            y, x = int(row * height / 3.6) - 20, int(rng.uniform(-20, 0))
            while x < width:
                w, h = int(rng.uniform(0.02, 0.06) * width), int(rng.uniform(0.14, 0.22) * height)
                base = y + int(0.25 * height)
                book = (rng.uniform(50, 170) + rng.normal(0, 30, 3)).clip(20, 220) * (1, 0.85, 0.75)
                cv2.rectangle(plate, (x, base - h), (x + w, base), book.tolist(), -1)
                x += w + int(rng.uniform(0, 4))
            cv2.rectangle(plate, (0, base), (width, base + 8), (112, 84, 60), -1)
    if kind in ("window", "office"):
        for _ in range(1 if kind == "window" else 3):
            x, w = int(rng.uniform(-0.1, 0.8) * width), int(rng.uniform(0.2, 0.4) * width)
            top, bottom = int(rng.uniform(-0.1, 0.2) * height), int(rng.uniform(0.5, 0.8) * height)
            tone = (
                (226, 234, 240)
                if kind == "window"
                else (rng.uniform(90, 190) + rng.normal(0, 22, 3)).clip(30, 235).tolist()
            )
            cv2.rectangle(plate, (x, top), (x + w, bottom), tone, -1)
            cv2.line(plate, (x + w // 2, top), (x + w // 2, bottom), (150, 146, 140), 6)
    plate = cv2.GaussianBlur(plate, (0, 0), width * rng.uniform(0.012, 0.02))
    x, y = np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    lamp = np.exp(-((x - rng.uniform(-0.9, 0.9)) ** 2 + (y - rng.uniform(-0.8, 0.0)) ** 2) / 0.7)
    return plate * ((0.74 + 0.34 * lamp - 0.10 * (x**2 + y**2))[..., None])


def paint_body(
    plate: np.ndarray, person: Person, centre: tuple[float, float], scale: float, rng: np.random.Generator
) -> None:
    """Paint neck and clothes onto a plate.

    `centre` is the point between the eyes in frame pixels, `scale` the frame pixels in a face pixel.
    """

    def mask(points: list, blur: float) -> np.ndarray:
        out = np.zeros(plate.shape[:2], np.uint8)
        bits = np.round((np.asarray(points) * scale + centre) * 16).astype(np.int32)
        cv2.fillPoly(out, [bits], 255, cv2.LINE_AA, 4)
        return (cv2.GaussianBlur(out, (0, 0), blur * scale).astype(np.float32) / 255)[..., None]

    def paint(where: np.ndarray, colour: object) -> None:
        plate[:] += (np.asarray(colour, np.float32) - plate) * where

    def mirrored(right: list, low: float = 1200) -> np.ndarray:
        half = np.array(right, float)
        return curve(np.concatenate([half, [(half[-1, 0], low), (-half[-1, 0], low)], half[::-1] * (-1, 1)]))

    broad = 235 if person.woman else 268
    cloth = np.array(GARMENTS[rng.integers(len(GARMENTS))], np.float32) * rng.uniform(0.85, 1.05)
    thick = 54 if person.woman else 66
    torso = mirrored(
        [(thick - 8, 196), (thick + 44, 222), (broad * 0.74, 250), (broad * 0.95, 292), (broad + 14, 420)]
    )
    whole = mask(torso, 1.5)
    plate *= 1 - 0.25 * mask(torso + (10, 10), 14)
    paint(whole, cloth)
    y = ((np.arange(plate.shape[0], dtype=np.float32) - centre[1]) / scale)[:, None, None]
    x = ((np.arange(plate.shape[1], dtype=np.float32) - centre[0]) / scale)[None, :, None]
    pattern = ("plain", "plain", "stripes", "checks", "knit")[rng.integers(5)]
    if pattern in ("stripes", "checks"):
        bands = np.sin(y / 9) > 0.4
        bands = bands | (np.sin(x / 9) > 0.5) if pattern == "checks" else bands
        bands = cv2.GaussianBlur(np.broadcast_to(bands, whole.shape).astype(np.float32), (3, 3), 0)
        paint(whole * bands[..., None] * 0.3, 255 - cloth if cloth.mean() < 130 else cloth * 0.6)
    if pattern == "knit":
        plate *= 1 + whole * 0.06 * np.sin(x / 3) * np.sin(y / 3)
    plate *= 1 - whole * (0.32 * np.clip(np.abs(x) / broad, 0, 1) ** 2)
    for side in (-1, 1):
        fold = [(side * 70, 330), (side * 120, 300), (side * 130, 305), (side * 84, 350), (side * 60, 420)]
        plate *= 1 - 0.16 * whole * mask(curve(fold), 7)
    collar = ("crew", "vee", "shirt", "blazer")[rng.integers(4)]
    if collar in ("vee", "blazer"):
        depth = 300 if collar == "vee" else 330
        under = person.skin * 0.92 if collar == "vee" else np.array((226, 224, 220))
        paint(mask([(-thick - 8, 196), (thick + 8, 196), (0, depth)], 1.5), under)
    half = np.array(
        [(thick - 6, 60), (thick - 2, 110), (thick - 4, 160), (thick + 6, 196), (thick - 8, 230), (20, 250)]
    )
    skin = mask(curve(np.concatenate([half, half[::-1] * (-1, 1)])), 1.5)
    paint(skin, person.skin * 0.96)
    plate *= 1 - skin * (
        0.46 * np.exp(-(((y - 150) / 52) ** 2)) + 0.22 * np.clip(np.abs(x) / thick, 0, 1) ** 2
    )
    if collar == "crew":
        edge = [
            (-thick - 14, 200),
            (0, 252),
            (thick + 14, 200),
            (thick + 18, 208),
            (0, 264),
            (-thick - 18, 208),
        ]
        paint(mask(edge, 1.2) * whole, cloth * 0.72)
    if collar in ("shirt", "blazer"):
        tone = cloth * 1.12 if collar == "shirt" else np.array((232, 230, 226))
        for side in (-1, 1):
            wing = [(side * (thick - 2), 182), (side * (thick + 22), 204), (side * 44, 282), (side * 4, 246)]
            plate *= 1 - 0.3 * mask(np.array(wing) + (0, 6), 4)
            paint(mask(wing, 1.2), np.minimum(tone, 250))
    if collar == "blazer":
        for side in (-1, 1):
            lapel = [(side * (thick + 18), 204), (side * 118, 300), (side * 12, 440), (side * 40, 300)]
            paint(mask(lapel, 1.2), cloth * 0.8)
