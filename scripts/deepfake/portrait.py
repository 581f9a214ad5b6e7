"""Painting of invented people: a head on its canvas, eyes and mouth in a mood, clothes and a room.

Everything is built from smooth closed curves, filled, softened and mixed in like strokes of an airbrush.
Coordinates are face pixels (see `people`); colours are RGB, 0 to 255.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from deepfake import names
from deepfake import people_hair as hair
from deepfake.people_canvas import ORIGIN, SIZE, Canvas, curve, fixed, grid, noise, shape

SKINS = (
    (230, 192, 168), (222, 180, 148), (138, 91, 66), (206, 158, 122),
    (104, 67, 49), (236, 202, 182), (180, 126, 92), (217, 170, 138),
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
    """Traits of person `number`. Tones and styles take turns, so that neighbours do not look alike."""
    first = names.draw(seed, "people")
    rng = np.random.default_rng(names.draw(seed, "person", number))
    turn = number + first % 840
    woman = bool(turn % 2)
    age = float(rng.beta(1.1, 1.6))
    skin = np.array(SKINS[(turn * 3 + first // 840) % len(SKINS)], np.float32) * rng.uniform(0.96, 1.03)
    styles = hair.WOMEN if woman else hair.MEN
    return Person(
        skin=skin, hair=hair.colour(rng, float(skin.mean()), age),
        iris=IRISES[rng.integers(len(IRISES))] if skin.mean() > 165 else IRISES[rng.integers(2) * 3],
        style=styles[(turn // 2) % len(styles)],
        beard="none" if woman else BEARDS[(turn // 2 + first // 7) % len(BEARDS)],
        glasses=GLASSES[(turn + first // 11) % len(GLASSES)], age=age, woman=woman,
        width=rng.uniform(0.93, 1.05) - 0.03 * woman, jaw=rng.uniform(0.88, 1.08) - 0.08 * woman,
        chin=rng.uniform(0.95, 1.06) - 0.02 * woman, eyes=rng.uniform(0.92, 1.1) + 0.05 * woman,
        apart=rng.uniform(40, 45), tilt=rng.uniform(-1.5, 3.5), brow=rng.uniform(0.8, 1.35) - 0.3 * woman,
        nose=rng.uniform(0.85, 1.2) - 0.08 * woman, lips=rng.uniform(0.8, 1.25) + 0.15 * woman,
        smile=rng.uniform(0.92, 1.12), seed=names.draw(seed, "texture", number),
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
        thick = 5.2 * who.brow * np.interp(np.linspace(0, 1, len(spine)), [0, 0.15, 0.6, 1], [0.6, 1, 0.9, 0.2])
        band = np.concatenate([spine - np.c_[0 * thick, thick], (spine + np.c_[0 * thick, thick])[::-1]])
        canvas.paint(shape(band, 1.6), tone, 0.62)
        for i in rng.integers(2, len(spine) - 1, 70):
            start = spine[i] + (0, rng.uniform(-0.9, 0.9) * thick[i])
            lean = np.array((side * rng.uniform(3, 7), rng.uniform(-4.5, -0.5) if i < len(spine) * 0.6 else 1.5))
            canvas.line(np.array([start, start + lean]), 1.0, tone * rng.uniform(0.7, 1.1), 0.55, 0)
        lid = curve(np.array([(-23, 0), (-12, -13), (2, -17), (15, -13), (25, -2)]) * (side * who.eyes, who.eyes)
                    + (side * who.apart, -who.tilt / 2), closed=False)  # fmt: skip
        canvas.line(lid, 1.8, who.skin * (0.55, 0.45, 0.42), 0.6, 0.9)


def _beard(canvas: Canvas, who: Person, rng: np.random.Generator) -> None:
    """Stubble or a beard, thinner towards its edge."""
    if who.beard == "none":
        return
    face, c = shape(outline(who, 1.0), 1.5), who.chin
    lip = shape(curve(np.array([(-36, 86), (-20, 71), (0, 69), (20, 71), (36, 86), (20, 79), (-20, 79)])), 2.5)
    x, y = grid()
    cheek = np.clip((y - 62 - 40 * (1 - np.abs(x) / 92)) / 14, 0, 1) * np.clip((np.abs(x) * 1.2 + y - 96) / 16, 0, 1)
    cheek = np.maximum(cheek, np.clip((np.abs(x) - 80) / 8, 0, 1) * np.clip((y - 10) / 20, 0, 1))
    goat = shape(curve(np.array([(-30, 108), (0, 112), (30, 108), (32, 150 * c), (0, 164 * c), (-32, 150 * c)])), 5.0)
    area = {"stubble": np.maximum(cheek, lip), "full": np.maximum(cheek, lip),
            "moustache": lip, "goatee": np.maximum(goat, lip * 0.8)}[who.beard] * face  # fmt: skip
    area = cv2.GaussianBlur(area.astype(np.float32), (0, 0), 3.0)
    strength = 0.38 if who.beard == "stubble" else 0.9
    grain = np.clip(0.86 + 0.14 * noise(rng, 1.3) + 0.12 * noise(rng, 4), 0, 1.2)
    tone = np.minimum(who.hair * 0.85, who.skin * 0.7) * (1 + 0.08 * noise(rng, 1.6))[..., None]
    canvas.paint(np.clip(area * grain, 0, 1), tone, strength)


def _lights(canvas: Canvas) -> tuple[np.ndarray, np.ndarray]:
    x, _ = grid()
    slope = (0.24 * np.tanh(x / 80))[..., None]
    left, right = (np.clip(canvas.rgb * (1 + s * slope), 0, 255).astype(np.uint8) for s in (-1, 1))
    return left, right


@lru_cache(maxsize=2048)
def eye(of: Head, side: int, blink: float, gaze: float, bare: bool) -> tuple[tuple, np.ndarray, np.ndarray]:
    """An eye of a head: where on the canvas it belongs, and what is there, lit from the left and the right.

    `side` is -1 or 1, `blink` 0 to 1, `gaze` -1 to 1. What is drawn is kept: most frames need it again.
    """
    apart = of.person.apart
    at = fixed((side * apart - 34, side * apart + 34, -22, 22))
    left, right = (_eye(canvas[at], of.person, side, blink, gaze) for canvas in (of.bare if bare else of.lit))
    return at, left, right


def _eye(skin: np.ndarray, who: Person, side: int, blink: float, gaze: float) -> np.ndarray:
    big = cv2.resize(skin, None, fx=2, fy=2, interpolation=cv2.INTER_LINEAR)  # drawn at twice the size
    e, shut = who.eyes, min(1.0, max(0.0, blink))
    droop = 1 - 0.16 * who.age
    x = np.array([-23, -12, 1, 13, 24.0]) * e
    lower = np.array([2.5, 6.2, 7.5, 5.8, 0.0]) * e
    upper = np.array([1.5, -7.8, -10.4, -8.0, -1.0]) * e * droop
    upper = upper + (lower - upper) * shut * 0.94
    lean = -who.tilt * x / 46
    top = curve(np.c_[x * side, upper + lean], closed=False)
    bottom = curve(np.c_[x * side, lower + lean], closed=False)
    middle = np.array((34.0, 22.0))

    def bits(points: np.ndarray) -> np.ndarray:
        return np.round((points + middle) * 2 * 16).astype(np.int32)

    if shut < 0.93:
        ball = np.empty_like(big)
        ball[:] = np.array((232, 226, 221)) * (0.93 if who.skin.mean() < 150 else 1.0) * (1 - 0.05 * who.age)
        spot = bits(np.array((gaze * 5.5, -1.6)))
        iris = np.array(who.iris, float)
        for radius, tone in ((11.2, iris * 0.45), (9.8, iris), (7.0, iris * 1.25), (4.6, np.array((14, 11, 10)))):
            cv2.circle(ball, spot, round(radius * e * 32), tone.clip(0, 255).tolist(), -1, cv2.LINE_AA, 4)
        cv2.circle(ball, spot + np.array((-110, -120)), round(2.4 * 32), (250, 250, 250), -1, cv2.LINE_AA, 4)
        cv2.polylines(ball, [bits(top)], False, (120, 104, 98), 9, cv2.LINE_AA, 4)
        ball = cv2.GaussianBlur(ball, (5, 5), 0)
        inside = np.zeros(big.shape[:2], np.float32)
        cv2.fillPoly(inside, [bits(np.concatenate([top, bottom[::-1]]))], 1.0, cv2.LINE_8, 4)
        inside = cv2.GaussianBlur(inside, (5, 5), 0)
        big = cv2.blendLinear(ball, big, inside, 1 - inside)
    lash = (who.skin * (0.20, 0.16, 0.15)).tolist()
    cv2.polylines(big, [bits(top)], False, lash, 6 if who.woman else 4, cv2.LINE_AA, 4)
    cv2.polylines(big, [bits(bottom)], False, (who.skin * (0.60, 0.47, 0.44)).tolist(), 2, cv2.LINE_AA, 4)
    if who.woman:
        cv2.line(big, *bits(np.array([top[-2], top[-1] + (5 * side, -5)])), lash, 4, cv2.LINE_AA, 4)
    return cv2.resize(big, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)


def mouth(canvas: np.ndarray, who: Person, opening: float, smile: float) -> None:
    """Draw a mouth onto a canvas. `opening` is 0 to 1, `smile` -1 to 1."""
    at = fixed((-52, 52, 62, 126))
    patch = canvas[at].copy()
    wide = 31 * who.smile * (1 + 0.12 * smile - 0.16 * opening)
    corner, full, gap = -4.5 * smile, who.lips, 19 * opening

    def bits(points: np.ndarray) -> np.ndarray:
        return np.round((points + (52, 88 - 62)) * 16).astype(np.int32)

    u = np.array([-1, -0.62, -0.2, 0, 0.2, 0.62, 1])
    bend = corner * u**2
    def lip(bow: tuple, by: float, drop: float = 0.0) -> np.ndarray:
        fall = np.array((0, 0.8, 1, 1, 1, 0.8, 0)) * drop
        return curve(np.array((u * wide, bend + np.array(bow) * by + fall)).T, closed=False)

    above = lip((0, -5.2, -9, -7, -9, -5.2, 0), full) - (0, 0.12 * gap)
    middle = lip((0, -0.4, 0.3, 1.0, 0.3, -0.4, 0), 1.0) - (0, 0.1 * gap)
    below = lip((0, 0.8, 1, 1, 1, 0.8, 0), 0.8, gap)
    under = lip((0, 7, 11, 11.5, 11, 7, 0), 0.35 + 0.65 * full, gap)
    red = who.skin * (0.86, 0.60, 0.60) if not who.woman else who.skin * (0.82, 0.48, 0.50)
    red = red * (1 - 0.06 * who.age)
    for one, two, tone in ((above, middle, red * 0.86), (below, under, red)):
        cv2.fillPoly(patch, [bits(np.concatenate([one, two[::-1]]))], tone.tolist(), cv2.LINE_AA, 4)
    cv2.polylines(patch, [bits(under[3:-3] * (0.6, 1) + (0, -6 * full))], False,
                  np.minimum(red * 1.16 + 6, 255).tolist(), 3, cv2.LINE_AA, 4)  # fmt: skip
    if opening > 0.04:
        inside = bits(np.concatenate([middle, below[::-1]]))
        cv2.fillPoly(patch, [inside], (58, 22, 22), cv2.LINE_AA, 4)
        teeth = np.minimum(middle + (0, 2.0 + 5.0 * min(1.0, 2 * opening)), below + (99, 0))
        show = slice(len(middle) // 6, -(len(middle) // 6))
        cv2.fillPoly(patch, [bits(np.concatenate([middle[show], teeth[show][::-1]]))], (226, 219, 208), cv2.LINE_AA, 4)
    cv2.polylines(patch, [bits(middle)], False, (red * 0.42).tolist(), 2, cv2.LINE_AA, 4)
    canvas[at] = cv2.GaussianBlur(patch, (3, 3), 0)


def glasses(canvas: np.ndarray, who: Person, kind: str) -> None:
    """Put spectacles of a kind, `round` or `square`, before the eyes of `who`; `none` draws nothing."""
    if kind == "none":
        return
    at, rim, rest = _glasses(kind, who.apart, who.width)
    tone = np.empty((*rim.shape, 3), np.uint8)
    tone[:] = (38, 32, 30) if who.seed % 2 else (96, 60, 40)
    canvas[at] = cv2.blendLinear(tone, np.ascontiguousarray(canvas[at]), rim, rest)


@lru_cache(maxsize=64)
def _glasses(kind: str, apart: float, width: float) -> tuple[tuple, np.ndarray, np.ndarray]:
    """Where on the canvas spectacles are, how much of them is there, and how much of the face remains."""
    mask = np.zeros(SIZE[::-1], np.uint8)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    power, tall = (1.0, 31) if kind == "round" else (0.55, 25)
    x, y = (np.sign(f) * np.abs(f) ** power for f in (np.cos(turn), np.sin(turn)))
    inner = apart + 1 - 34
    parts = [(curve(np.array([(-inner, 0), (0, -5), (inner, 0)]), closed=False), False)]
    for side in (-1, 1):
        parts.append((np.stack([34 * x + side * (apart + 1), tall * y + 4], axis=1), True))
        parts.append((np.array([(side * (apart + 34), -3), (side * 103 * width, -8)]), False))
    for points, closed in parts:
        cv2.polylines(mask, [np.round((points + ORIGIN) * 16).astype(np.int32)], closed, 255, 4, cv2.LINE_AA, 4)
    at = fixed((-115, 115, -32, 40))
    rim = mask[at].astype(np.float32) / 255
    return at, rim, 1 - rim
