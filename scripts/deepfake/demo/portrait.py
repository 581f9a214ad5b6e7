"""Who invented people are, and the painting of their heads; `people_parts` adds what a mood changes.

Everything is built from smooth closed curves, filled, softened and mixed in like strokes of an airbrush.
Coordinates are face pixels (see `people`); colours are RGB, 0 to 255.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from deepfake.demo import hair
from deepfake.demo.canvas import SIZE, Canvas, curve, grid, noise, shape
from deepfake.hashing import seeded_hash

SKINS = (
    (230, 192, 168),
    (222, 180, 148),
    (138, 91, 66),
    (206, 158, 122),
    (104, 67, 49),
    (236, 202, 182),
    (180, 126, 92),
    (217, 170, 138),
)
IRISES = ((74, 50, 34), (96, 128, 150), (84, 110, 78), (58, 40, 30), (112, 86, 52), (70, 92, 120))
BEARDS = ("none", "stubble", "full", "none", "moustache", "goatee")
GLASSES = ("none", "none", "round", "none", "square", "none", "none")


@dataclass(frozen=True)
class Person:
    """Traits that make somebody. Lengths are factors around 1 unless said otherwise."""

    skin: np.ndarray
    hair: np.ndarray
    iris: tuple[int, int, int]
    style: str  # of the hair: a key of hair.STYLES
    beard: str
    glasses: str
    age: float  # 0 young, 1 old
    woman: bool
    width: float
    jaw: float
    chin: float
    eyes: float  # size
    apart: float  # of the eyes from the middle, face pixels
    tilt: float  # of the eyes, face pixels
    brow: float  # thickness
    nose: float
    lips: float  # fullness
    smile: float  # width of the mouth
    seed: int  # of the texture


@dataclass(frozen=True, eq=False)
class Head:
    """A painted person. Canvases are (height, width, 3) uint8, lit from the left and from the right."""

    person: Person
    lit: tuple[np.ndarray, np.ndarray]
    bare: tuple[np.ndarray, np.ndarray]  # without hair on the brow
    alpha: np.ndarray  # (height, width) float32, 0 to 1
    skin: np.ndarray  # (height, width) float32, 0 to 1: face that no hair covers


def person(seed: int, number: int) -> Person:
    """Traits of person `number`. Tones and styles take turns, so that neighbours do not look alike.

    Two men follow two women and so on: 0 and 1 are of one sex, 2 and 3 of the other.
    """
    first = seeded_hash(seed, "people")
    rng = np.random.default_rng(seeded_hash(seed, "person", number))
    turn = number + first % 420 * 2
    woman = bool(turn // 2 % 2)
    among = turn // 4 * 2 + turn % 2  # the how manieth man or woman
    age = float(rng.beta(1.1, 1.6))
    skin = np.array(SKINS[(turn * 3 + first // 840) % len(SKINS)], np.float32) * rng.uniform(0.96, 1.03)
    styles = hair.WOMEN if woman else hair.MEN
    return Person(
        skin=skin, hair=hair.colour(rng, float(skin.mean()), age),
        iris=IRISES[rng.integers(len(IRISES))] if skin.mean() > 165 else IRISES[rng.integers(2) * 3],
        style=styles[among % len(styles)],
        beard="none" if woman else BEARDS[(among + first // 7) % len(BEARDS)],
        glasses=GLASSES[(turn + first // 11) % len(GLASSES)], age=age, woman=woman,
        width=rng.uniform(0.93, 1.05) - 0.03 * woman, jaw=rng.uniform(0.88, 1.08) - 0.08 * woman,
        chin=rng.uniform(0.95, 1.06) - 0.02 * woman, eyes=rng.uniform(0.92, 1.1) + 0.05 * woman,
        apart=rng.uniform(40, 45), tilt=rng.uniform(-1.5, 3.5), brow=rng.uniform(0.8, 1.35) - 0.3 * woman,
        nose=rng.uniform(0.85, 1.2) - 0.08 * woman, lips=rng.uniform(0.8, 1.25) + 0.15 * woman,
        smile=rng.uniform(0.92, 1.12), seed=seeded_hash(seed, "texture", number),
    )  # fmt: skip


def outline(who: Person, grow: float = 0.0) -> np.ndarray:
    """The curve around the face, from the top of the skull to the chin."""
    w, j, c = who.width, who.jaw, who.chin
    right = [
        (46, -124), (80, -94), (98 * w, -42), (101 * w, 8), (98 * w, 50),
        (86 * w * j, 99 * c), (60 * j, 137 * c), (27 * j, 154 * c),
    ]  # fmt: skip
    points = np.array([(0, -132), *right, (0, 156 * c), *[(-x, y) for x, y in right[::-1]]], float)
    return curve(points * (1 + grow / 100))


def paint(who: Person) -> Head:
    """Paint the head of a person, both with and without the hair that falls on the brow."""
    rng = np.random.default_rng(who.seed)
    canvas = Canvas(np.broadcast_to(who.skin, (SIZE[1], SIZE[0], 3)).copy())
    hair.behind(canvas, who, rng)
    for side in (-1, 1) if hair.STYLES[who.style]["side"] < 20 else ():
        ear = np.array([(96, -18), (112, -24), (116, 4), (107, 34), (96, 40)]) * (side * who.width, 1)
        canvas.lay(shape(curve(ear), 1.0), who.skin * 0.9)
        canvas.paint(shape(curve(ear * 0.97 + (0, 1)), 5.0), who.skin * (0.72, 0.6, 0.56), 0.5)
    full = shape(outline(who), 1.0)
    canvas.lay(full, who.skin)
    _model(canvas, who, full, rng)
    _features(canvas, who, rng)
    _beard(canvas, who, rng)
    bare = canvas.copy()
    covered = hair.front(canvas, who, rng)
    return Head(who, _lights(canvas), _lights(bare), canvas.alpha, full * (1 - covered))


def _model(canvas: Canvas, who: Person, full: np.ndarray, rng: np.random.Generator) -> None:
    """Roundness, blush, pores, freckles and lines of the skin."""
    x, y = grid()
    round_ = 1 - np.clip(np.abs(x / (112 * who.width)) ** 2.6 + np.clip((y - 10) / 168, -1, 1) ** 4, 0, 1)
    canvas.shade(full, 0.30 * (round_ - 0.8))
    canvas.glow((0, -62), (62, 34), (1.08, 1.07, 1.05))
    warm = (1.03, 0.90, 0.88)
    for side in (-1, 1):
        canvas.glow((58 * side, 50), (30, 24), warm)
        canvas.glow((52 * side, 34), (24, 12), (1.05, 1.05, 1.04))
        canvas.glow((60 * side, 92), (22, 34), (0.93, 0.91, 0.90))
        canvas.glow((who.apart * side, -6), (27, 16), (0.80, 0.74, 0.72))
        canvas.glow((19 * side, -4), (10, 17), (0.86, 0.80, 0.78))
        canvas.glow((who.apart * side, 17), (22, 7), 1 - 0.16 * (0.4 + who.age) * np.array((0.8, 1.0, 0.9)))
    canvas.glow((0, 108), (26, 8), (0.80, 0.76, 0.75))
    canvas.glow((0, 134 * who.chin), (22, 14), (1.06, 1.05, 1.04))
    canvas.shade(full, 0.014 * noise(rng, 12) + 0.016 * noise(rng, 1.4))
    if rng.random() < 0.35 and who.skin.mean() > 170:
        for px, py in rng.normal((0, 34), (42, 16), (90, 2)):
            canvas.glow((px, py), (1.6, 1.6), (0.88, 0.80, 0.74))
    depth = max(0.0, who.age - 0.3)
    for side in (-1, 1):
        fold = curve(np.array([(24, 52), (36, 66), (43, 84), (44, 96)]) * (side, 1), closed=False)
        canvas.line(fold, 3.0, who.skin * (0.66, 0.58, 0.55), 0.22 + 0.75 * depth, 2.5)
        for k in range(3):
            crow = np.array([(68, -6 + 6 * k), (75, -8 + 9 * k), (82, -12 + 13 * k)]) * (side, 1)
            canvas.line(curve(crow, closed=False), 1.6, who.skin * 0.66, 0.8 * depth, 1.0)
    for k in range(3):
        wave = [(px, -62 - 15 * k + 3 * np.sin(px / 23 + k) + abs(px) / 14) for px in range(-48, 49, 12)]
        canvas.line(curve(np.array(wave), closed=False), 2.0, who.skin * 0.7, 0.9 * depth, 1.4)


def _features(canvas: Canvas, who: Person, rng: np.random.Generator) -> None:
    """Nose, brows and the folds of the lids: what no mood changes."""
    n = who.nose
    dark = who.skin * (0.52, 0.40, 0.37)
    for side in (-1, 1):
        flank = curve(np.array([(9, -12), (9, 14), (13 * n, 34), (20 * n, 48)]) * (side, 1), closed=False)
        canvas.line(flank, 5.0, who.skin * (0.70, 0.62, 0.60), 0.38, 4.0)
        wing = np.array([(15, 40), (21, 46), (21, 54), (15, 58), (11, 57)]) * (side * n, 1)
        canvas.line(curve(wing, closed=False), 2.4, dark, 0.55, 1.3)
        hole = np.array([(5, 57), (10, 55), (14, 57), (12, 60), (6, 60.5)]) * (side * n, 1)
        canvas.paint(shape(curve(hole), 0.9), dark * 0.6, 0.9)
    canvas.glow((0, 22), (4.5 * n, 30), (1.10, 1.09, 1.08))
    canvas.glow((-1, 46), (8 * n, 8), (1.13, 1.12, 1.11))
    canvas.glow((0, 67), (22, 6), (0.84, 0.79, 0.78))
    tone = who.hair * 0.75 if who.style != "scarf" else np.float32((48, 34, 28))
    tone = np.minimum(tone, who.skin * 0.62)
    for side in (-1, 1):
        height = -27 - 2.5 * who.eyes
        arch = np.array([(16, 3), (32, -4), (50, -7), (63, -3), (71, 4)]) + (who.apart - 42, height)
        spine = curve(arch * (side, 1), closed=False)
        along = np.linspace(0, 1, len(spine))
        thick = 5.2 * who.brow * np.interp(along, [0, 0.15, 0.6, 1], [0.6, 1, 0.9, 0.2])
        band = np.concatenate([spine - np.c_[0 * thick, thick], (spine + np.c_[0 * thick, thick])[::-1]])
        canvas.paint(shape(band, 1.6), tone, 0.62)
        for i in rng.integers(2, len(spine) - 1, 70):
            start = spine[i] + (0, rng.uniform(-0.9, 0.9) * thick[i])
            rise = rng.uniform(-4.5, -0.5) if along[i] < 0.6 else 1.5
            canvas.line(
                np.array([start, start + (side * rng.uniform(3, 7), rise)]),
                1.0,
                tone * rng.uniform(0.7, 1.1),
                0.55,
                0,
            )
        lid = np.array([(-23, 0), (-12, -13), (2, -17), (15, -13), (25, -2)]) * (side * who.eyes, who.eyes)
        lid = lid + (side * who.apart, -who.tilt / 2)
        canvas.line(curve(lid, closed=False), 1.8, who.skin * (0.55, 0.45, 0.42), 0.6, 0.9)


def _beard(canvas: Canvas, who: Person, rng: np.random.Generator) -> None:
    """Stubble or a beard, thinner towards its edge."""
    if who.beard == "none":
        return
    face, c = shape(outline(who, 1.0), 1.5), who.chin
    lip = [(-36, 86), (-20, 71), (0, 69), (20, 71), (36, 86), (20, 79), (-20, 79)]
    lip = shape(curve(np.array(lip)), 2.5)
    goat = [(-30, 108), (0, 112), (30, 108), (32, 150 * c), (0, 164 * c), (-32, 150 * c)]
    goat = shape(curve(np.array(goat)), 5.0)
    x, y = np.abs(grid()[0]), grid()[1]
    cheek = np.clip((y - 102 + 40 * x / 92) / 14, 0, 1) * np.clip((x * 1.2 + y - 96) / 16, 0, 1)
    cheek = np.maximum(cheek, np.clip((x - 80) / 8, 0, 1) * np.clip((y - 10) / 20, 0, 1))
    whole = np.maximum(cheek, lip)
    area = {"stubble": whole, "full": whole, "moustache": lip, "goatee": np.maximum(goat, lip * 0.8)}[
        who.beard
    ]
    area = cv2.GaussianBlur((area * face).astype(np.float32), (0, 0), 3.0)
    strength = 0.38 if who.beard == "stubble" else 0.9
    grain = np.clip(0.86 + 0.14 * noise(rng, 1.3) + 0.12 * noise(rng, 4), 0, 1.2)
    tone = np.minimum(who.hair * 0.85, who.skin * 0.7) * (1 + 0.08 * noise(rng, 1.6))[..., None]
    canvas.paint(np.clip(area * grain, 0, 1), tone, strength)


def _lights(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    x, _ = grid()
    slope = (0.24 * np.tanh(x / 80))[..., None]
    left, right = (np.clip(canvas.rgb * (1 + s * slope), 0, 255).astype(np.uint8) for s in (-1, 1))
    return left, right
