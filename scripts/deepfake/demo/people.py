"""Invented people: who they are, how they move, and how a frame of them is put together.

Coordinates of a face are "face pixels": the origin lies between the eyes, x to the right, y down, the eyes
about 84 apart. `portrait` paints a head once on a canvas in these pixels, about twice as fine as a video
frame; a frame adds eyes and mouth to it and samples it through one map that holds pose, turn and jaw.
All chance comes from `hashing.seeded_hash`; colours are RGB, 0 to 255.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from deepfake.demo import background as people_room
from deepfake.demo import features as people_parts
from deepfake.demo import portrait
from deepfake.demo.canvas import ORIGIN
from deepfake.hashing import seeded_hash

REACH = (-200, 200, -215, 285)  # left, right, top, bottom of what is painted of a head, in face pixels
EDGE = 4  # the farthest that a camera sways, frame pixels
INNER = (-92, 92, -72, 136)  # of brows, eyes, nose, mouth and some skin around them


@dataclass(frozen=True)
class State:
    """One moment of a performance. Lengths are in face pixels, angles in degrees."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0  # relative to the clip's own
    roll: float = 0.0
    yaw: float = 0.0  # -1 to 1: how far the inner face is turned to the side
    pitch: float = 0.0  # -1 to 1: up to down
    blink: float = 0.0  # 0 open, 1 closed
    mouth: float = 0.0  # 0 closed, 1 wide open
    smile: float = 0.0  # -1 to 1
    gaze: float = 0.0  # -1 to 1: left to right
    light: float = 0.0  # -1 to 1: from the left to from the right
    brightness: float = 1.0
    sway: tuple[float, float] = (0.0, 0.0)  # of a hand-held camera, in frame pixels


@dataclass(frozen=True)
class Scene:
    """What stays the same during a clip: the plate behind the head, and where the head is on it."""

    plate: np.ndarray  # (height, width, 3) uint8: background, neck and clothes
    centre: tuple[float, float]  # frame pixels
    scale: float  # frame pixels in a face pixel


def moods(count: int, fps: int, rng: np.random.Generator) -> list[State]:
    """`count` states, `fps` to a second, of a person who talks, looks around, blinks and moves a little."""
    t = np.arange(count) / fps

    def drift(size: float, *hertz: float) -> np.ndarray:
        waves = [np.sin(2 * np.pi * (f * rng.uniform(0.8, 1.2) * t + rng.uniform())) for f in hertz]
        return size * np.sum(waves, axis=0) / len(hertz)

    blink, start = np.zeros(count), rng.uniform(0.2, 1.5)
    while start < count / fps:
        blink = np.maximum(blink, 1 - np.abs(t - start) / 0.16)
        start += rng.uniform(1.2, 3.5)
    phrase = np.clip(drift(1.6, 0.35, 0.6) + 0.45, 0, 1)
    mouth = np.clip(phrase * (0.42 + drift(0.62, 4.3, 2.9, 6.1)), 0, 1)
    looks = np.repeat(rng.choice([-0.8, 0.0, 0.0, 0.0, 0.7], size=count // fps + 1), fps)[:count]
    columns = {
        "x": drift(11, 0.23, 0.61),
        "y": drift(6, 0.31, 0.9),
        "scale": 1 + drift(0.03, 0.2),
        "roll": drift(5.0, 0.27, 0.55),
        "yaw": drift(0.9, 0.19, 0.47) + rng.uniform(-0.2, 0.2),
        "pitch": drift(0.6, 0.29, 0.8),
        "blink": blink,
        "mouth": mouth,
        "smile": drift(0.5, 0.17) + rng.uniform(-0.15, 0.45),
        "gaze": looks,
        "light": drift(0.5, 0.15) + rng.uniform(-0.5, 0.5),
        "brightness": 1 + drift(0.05, 0.13, 0.4),
    }
    sways = zip(drift(1.6, 0.5, 1.1), drift(1.2, 0.6, 1.3), strict=True)
    rows = zip(*(c.tolist() for c in columns.values()), strict=True)
    return [State(**dict(zip(columns, r, strict=True)), sway=s) for r, s in zip(rows, sways, strict=True)]


@lru_cache(maxsize=64)
def head(seed: int, number: int) -> portrait.Head:
    """Person `number` of the people that `seed` makes, painted; the same whatever else is made."""
    return portrait.paint(portrait.person(seed, number))


def scene(seed: int, number: int, size: tuple[int, int], *take: object) -> Scene:
    """Person `number` before the camera: `size` is (width, height) of a frame, `take` names the clip."""
    rng = np.random.default_rng(seeded_hash(seed, "scene", number, *take))
    width, height = size
    scale = min(width, height) / 530 * rng.uniform(0.92, 1.08)
    centre = (width * rng.uniform(0.42, 0.58), height * rng.uniform(0.43, 0.48))
    plate = people_room.background(size, rng)
    people_room.body(plate, head(seed, number).person, centre, scale, rng)
    return Scene(np.clip(plate, 0, 255).astype(np.uint8), centre, scale)


def expression(of: State, onto: State, parts: tuple[str, ...]) -> State:
    """`onto` with some of its `parts`, such as mouth and blink, taken from another performance."""
    return replace(onto, **{p: getattr(of, p) for p in parts})


def face(who: portrait.Head, state: State, glasses: str, bare: bool = False) -> np.ndarray:
    """The canvas of a head in a mood: (height, width, 3) uint8; `bare` leaves out the hair on the brow."""
    left, right = who.bare if bare else who.lit
    weight = 0.5 - 0.5 * float(np.clip(state.light, -1, 1))
    canvas = cv2.addWeighted(left, weight, right, 1 - weight, 0)
    for side in (-1, 1):
        at, one, other = people_parts.eye(who, side, round(state.blink * 10) / 10, round(state.gaze, 1), bare)
        canvas[at] = cv2.addWeighted(one, weight, other, 1 - weight, 0)
    people_parts.mouth(canvas, who.person, state.mouth, state.smile)
    people_parts.glasses(canvas, who.person, glasses)
    return canvas


def window(scene: Scene, state: State, reach: tuple[int, int, int, int]) -> tuple[slice, slice]:
    """Rows and columns of the frame that `reach`, in face pixels, can touch."""
    height, width = scene.plate.shape[:2]
    x, y = _place(scene, state)
    s = scene.scale * 1.06
    rows = slice(max(0, int(y + reach[2] * s)), min(height, int(y + reach[3] * s) + 1))
    return rows, slice(max(0, int(x + reach[0] * s)), min(width, int(x + reach[1] * s) + 1))


def sampling(scene: Scene, state: State, at: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """Where on the canvas each pixel of a window of the frame comes from: x and y, float32."""
    rows, columns = at
    cx, cy = _place(scene, state)
    angle, s = np.deg2rad(state.roll), scene.scale * state.scale
    cos, sin = np.float32(np.cos(angle) / s), np.float32(np.sin(angle) / s)
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - np.float32(cx)
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(cy)
    # The bulge of the inner face is worked out as a product of two curves, without the small roll: cheap,
    # and too smooth for the difference to show.
    fx, fy = x / np.float32(s), y / np.float32(s)
    across, down = np.exp(-((fx / 78) ** 2)), np.exp(-(((fy - 42) / 92) ** 2))
    jaw = np.exp(-(((fy - 132) / 48) ** 2)) * np.float32(9 * state.mouth)
    map_x = cos * x + (sin * y + np.float32(ORIGIN[0]))
    map_x -= across * (down * np.float32(12 * state.yaw))
    map_y = cos * y - (sin * x - np.float32(ORIGIN[1]))
    map_y -= across * (down * np.float32(8 * state.pitch) + jaw)
    return map_x, map_y


def frame(scene: Scene, who: portrait.Head, state: State) -> np.ndarray:
    """A frame without noise: (height, width, 3) uint8 RGB."""
    out = _shifted(scene.plate, *state.sway)
    at = window(scene, state, REACH)
    map_x, map_y = sampling(scene, state, at)
    above = sample(face(who, state, who.person.glasses), map_x, map_y)
    alpha = cv2.remap(who.alpha, map_x, map_y, cv2.INTER_LINEAR)
    out[at] = cv2.blendLinear(above, np.ascontiguousarray(out[at]), alpha, 1 - alpha)
    return out


def sample(canvas: np.ndarray, map_x: np.ndarray, map_y: np.ndarray) -> np.ndarray:
    """Colours of a canvas at the places of a map: (height, width, 3) uint8."""
    four = cv2.cvtColor(canvas, cv2.COLOR_RGB2RGBA)  # OpenCV samples four channels in half the time of three
    four = cv2.remap(four, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(four, cv2.COLOR_RGBA2RGB)


def _shifted(plate: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """A plate moved by less than EDGE pixels, by bilinear weights; its edge is repeated."""
    dx, dy = min(max(dx, -EDGE), EDGE), min(max(dy, -EDGE), EDGE)
    height, width = plate.shape[0], plate.shape[1]
    wide = cv2.copyMakeBorder(plate, *[EDGE + 1] * 4, cv2.BORDER_REPLICATE)
    left, top = int(np.floor(EDGE + 1 - dx)), int(np.floor(EDGE + 1 - dy))
    fx, fy = EDGE + 1 - dx - left, EDGE + 1 - dy - top
    part = wide[top : top + height + 1, left : left + width + 1]
    part = cv2.addWeighted(part[:, :-1], 1 - fx, part[:, 1:], fx, 0)
    return cv2.addWeighted(part[:-1], 1 - fy, part[1:], fy, 0)


def _place(scene: Scene, state: State) -> tuple[float, float]:
    return (
        scene.centre[0] + state.x * scene.scale + state.sway[0],
        scene.centre[1] + state.y * scene.scale + state.sway[1],
    )
