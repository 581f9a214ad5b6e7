"""Paint the head of a synthetic person once; `features` adds what changes from frame to frame.

Everything is made of smooth closed curves, which are filled, blurred and mixed in like strokes of an
airbrush. Coordinates are face pixels (see `rendering`); colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from deepfake.demo import hair
from deepfake.demo.canvas import SIZE, Canvas, curve, grid, noise, shape
from deepfake.demo.person import Person


@dataclass(frozen=True, eq=False)
class Head:
    """A painted head: canvases uint8 (height, width, 3), one lit from the left and one from the right."""

    person: Person
    lit: tuple[np.ndarray, np.ndarray]
    bare: tuple[np.ndarray, np.ndarray]  # without the hair on the brow
    alpha: np.ndarray  # (height, width) float32, 0 to 1
    skin: np.ndarray  # (height, width) float32, 0 to 1: the face that no hair covers


def outline(person: Person, grow: float = 0.0) -> np.ndarray:
    """Return the curve around the face, from skull to chin, (n, 2), enlarged by `grow` percent."""
    w, j, c = person.width, person.jaw, person.chin
    right = [
        (46, -124), (80, -94), (98 * w, -42), (101 * w, 8), (98 * w, 50),
        (86 * w * j, 99 * c), (60 * j, 137 * c), (27 * j, 154 * c),
    ]  # fmt: skip
    points = np.array([(0, -132), *right, (0, 156 * c), *[(-x, y) for x, y in right[::-1]]], float)
    return curve(points * (1 + grow / 100))


def paint_head(person: Person) -> Head:
    """Return the head of a person, with and without the hair on the brow."""
    rng = np.random.default_rng(person.seed)
    canvas = Canvas(np.broadcast_to(person.skin, (SIZE[1], SIZE[0], 3)).copy())
    hair.paint_behind(canvas, person, rng)
    for side in (-1, 1) if hair.STYLES[person.style]["side"] < 20 else ():
        ear = np.array([(96, -18), (112, -24), (116, 4), (107, 34), (96, 40)]) * (side * person.width, 1)
        canvas.paint_opaque(shape(curve(ear), 1.0), person.skin * 0.9)
        canvas.paint(shape(curve(ear * 0.97 + (0, 1)), 5.0), person.skin * (0.72, 0.6, 0.56), 0.5)
    full = shape(outline(person), 1.0)
    canvas.paint_opaque(full, person.skin)
    _paint_skin(canvas, person, full, rng)
    _paint_features(canvas, person, rng)
    _paint_beard(canvas, person, rng)
    bare = canvas.copy()
    covered = hair.paint_front(canvas, person, rng)
    return Head(person, _lit(canvas), _lit(bare), canvas.alpha, full * (1 - covered))


def _paint_skin(canvas: Canvas, person: Person, full: np.ndarray, rng: np.random.Generator) -> None:
    """Paint roundness, blush, pores, freckles and lines of the skin."""
    x, y = grid()
    round_ = 1 - np.clip(np.abs(x / (112 * person.width)) ** 2.6 + np.clip((y - 10) / 168, -1, 1) ** 4, 0, 1)
    canvas.shade(full, 0.30 * (round_ - 0.8))
    canvas.glow((0, -62), (62, 34), (1.08, 1.07, 1.05))
    warm = (1.03, 0.90, 0.88)
    for side in (-1, 1):
        canvas.glow((58 * side, 50), (30, 24), warm)
        canvas.glow((52 * side, 34), (24, 12), (1.05, 1.05, 1.04))
        canvas.glow((60 * side, 92), (22, 34), (0.93, 0.91, 0.90))
        canvas.glow((person.apart * side, -6), (27, 16), (0.80, 0.74, 0.72))
        canvas.glow((19 * side, -4), (10, 17), (0.86, 0.80, 0.78))
        bags = 1 - 0.16 * (0.4 + person.age) * np.array((0.8, 1.0, 0.9))
        canvas.glow((person.apart * side, 17), (22, 7), bags)
    canvas.glow((0, 108), (26, 8), (0.80, 0.76, 0.75))
    canvas.glow((0, 134 * person.chin), (22, 14), (1.06, 1.05, 1.04))
    canvas.shade(full, 0.014 * noise(rng, 12) + 0.016 * noise(rng, 1.4))
    if rng.random() < 0.35 and person.skin.mean() > 170:
        for px, py in rng.normal((0, 34), (42, 16), (90, 2)):
            canvas.glow((px, py), (1.6, 1.6), (0.88, 0.80, 0.74))
    depth = max(0.0, person.age - 0.3)
    for side in (-1, 1):
        fold = curve(np.array([(24, 52), (36, 66), (43, 84), (44, 96)]) * (side, 1), closed=False)
        canvas.line(fold, 3.0, person.skin * (0.66, 0.58, 0.55), 0.22 + 0.75 * depth, 2.5)
        for k in range(3):
            crow = np.array([(68, -6 + 6 * k), (75, -8 + 9 * k), (82, -12 + 13 * k)]) * (side, 1)
            canvas.line(curve(crow, closed=False), 1.6, person.skin * 0.66, 0.8 * depth, 1.0)
    for k in range(3):
        wave = [(px, -62 - 15 * k + 3 * np.sin(px / 23 + k) + abs(px) / 14) for px in range(-48, 49, 12)]
        canvas.line(curve(np.array(wave), closed=False), 2.0, person.skin * 0.7, 0.9 * depth, 1.4)


def _paint_features(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint nose, brows and eyelids, which don't change from frame to frame."""
    n = person.nose
    dark = person.skin * (0.52, 0.40, 0.37)
    for side in (-1, 1):
        flank = curve(np.array([(9, -12), (9, 14), (13 * n, 34), (20 * n, 48)]) * (side, 1), closed=False)
        canvas.line(flank, 5.0, person.skin * (0.70, 0.62, 0.60), 0.38, 4.0)
        wing = np.array([(15, 40), (21, 46), (21, 54), (15, 58), (11, 57)]) * (side * n, 1)
        canvas.line(curve(wing, closed=False), 2.4, dark, 0.55, 1.3)
        hole = np.array([(5, 57), (10, 55), (14, 57), (12, 60), (6, 60.5)]) * (side * n, 1)
        canvas.paint(shape(curve(hole), 0.9), dark * 0.6, 0.9)
    canvas.glow((0, 22), (4.5 * n, 30), (1.10, 1.09, 1.08))
    canvas.glow((-1, 46), (8 * n, 8), (1.13, 1.12, 1.11))
    canvas.glow((0, 67), (22, 6), (0.84, 0.79, 0.78))
    tone = person.hair * 0.75 if person.style != "scarf" else np.float32((48, 34, 28))
    tone = np.minimum(tone, person.skin * 0.62)
    for side in (-1, 1):
        height = -27 - 2.5 * person.eyes
        arch = np.array([(16, 3), (32, -4), (50, -7), (63, -3), (71, 4)]) + (person.apart - 42, height)
        spine = curve(arch * (side, 1), closed=False)
        along = np.linspace(0, 1, len(spine))
        thick = 5.2 * person.brow * np.interp(along, [0, 0.15, 0.6, 1], [0.6, 1, 0.9, 0.2])
        band = np.concatenate([spine - np.c_[0 * thick, thick], (spine + np.c_[0 * thick, thick])[::-1]])
        canvas.paint(shape(band, 1.6), tone, 0.62)
        for i in rng.integers(2, len(spine) - 1, 70):
            start = spine[i] + (0, rng.uniform(-0.9, 0.9) * thick[i])
            rise = rng.uniform(-4.5, -0.5) if along[i] < 0.6 else 1.5
            hair_stroke = np.array([start, start + (side * rng.uniform(3, 7), rise)])
            canvas.line(hair_stroke, 1.0, tone * rng.uniform(0.7, 1.1), 0.55, 0)
        lid = np.array([(-17.5, 0), (-9, -12.4), (1.5, -16.2), (11.5, -12.4), (19, -2)])
        lid = lid * (side * person.eyes, person.eyes) + (side * person.apart, -person.tilt / 2)
        canvas.line(curve(lid, closed=False), 1.8, person.skin * (0.55, 0.45, 0.42), 0.6, 0.9)


def _paint_beard(canvas: Canvas, person: Person, rng: np.random.Generator) -> None:
    """Paint stubble or a beard, thinner towards its edge."""
    if person.beard == "none":
        return
    face, c = shape(outline(person, 1.0), 1.5), person.chin
    lip = [(-36, 86), (-20, 71), (0, 69), (20, 71), (36, 86), (20, 79), (-20, 79)]
    lip = shape(curve(np.array(lip)), 2.5)
    goat = [(-30, 108), (0, 112), (30, 108), (32, 150 * c), (0, 164 * c), (-32, 150 * c)]
    goat = shape(curve(np.array(goat)), 5.0)
    x, y = np.abs(grid()[0]), grid()[1]
    cheek = np.clip((y - 102 + 40 * x / 92) / 14, 0, 1) * np.clip((x * 1.2 + y - 96) / 16, 0, 1)
    cheek = np.maximum(cheek, np.clip((x - 80) / 8, 0, 1) * np.clip((y - 10) / 20, 0, 1))
    whole = np.maximum(cheek, lip)
    areas = {"stubble": whole, "full": whole, "moustache": lip, "goatee": np.maximum(goat, lip * 0.8)}
    area = areas[person.beard]
    area = cv2.GaussianBlur((area * face).astype(np.float32), (0, 0), 3.0)
    strength = 0.38 if person.beard == "stubble" else 0.9
    grain = np.clip(0.86 + 0.14 * noise(rng, 1.3) + 0.12 * noise(rng, 4), 0, 1.2)
    tone = np.minimum(person.hair * 0.85, person.skin * 0.7) * (1 + 0.08 * noise(rng, 1.6))[..., None]
    canvas.paint(np.clip(area * grain, 0, 1), tone, strength)


def _lit(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    """Return the canvas lit from the left and from the right."""
    x, _ = grid()
    slope = (0.24 * np.tanh(x / 80))[..., None]
    left, right = (np.clip(canvas.rgb * (1 + s * slope), 0, 255).astype(np.uint8) for s in (-1, 1))
    return left, right
