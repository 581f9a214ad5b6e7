"""Render one frame of a synthetic person: how the person moves, and how the image is composed.

Coordinates of a face are "face pixels": the origin is the point between the eyes, x to the right, y down,
and the eyes are about 84 apart. `portrait` paints a head once, on a canvas in these pixels, which is about
twice as fine as a video frame. A frame adds eyes and mouth to the canvas, and samples it through one map
for position, rotation and jaw. Random numbers are seeded by `hashing.seeded_hash`; colours are RGB, 0 to
255.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np

from deepfake.demo import background, features
from deepfake.demo.canvas import ORIGIN, Window
from deepfake.demo.person import make_person
from deepfake.demo.portrait import Head, paint_head
from deepfake.hashing import seeded_hash

HEAD_BOUNDS = (-200, 200, -215, 285)  # left, right, top, bottom of a painted head, face pixels
INNER_FACE_BOUNDS = (-92, 92, -72, 136)  # of brows, eyes, nose, mouth and some skin around them, face pixels
MAX_SWAY = 4  # of the camera, frame pixels


@dataclass(frozen=True)
class State:
    """Position, expression and light at one moment. Lengths are in face pixels, angles in degrees."""

    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0  # relative to the scene's
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
    """What stays the same during a video: the plate behind the head, and the place of the head on it."""

    plate: np.ndarray  # (height, width, 3) uint8: background, neck and clothes
    centre: tuple[float, float]  # the point between the eyes, frame pixels
    scale: float  # frame pixels in a face pixel


def performance(count: int, fps: int, rng: np.random.Generator) -> list[State]:
    """Return `count` states, `fps` a second, of a person who talks, looks around, blinks and moves."""
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
    gaze = np.repeat(rng.choice([-0.8, 0.0, 0.0, 0.0, 0.7], size=count // fps + 1), fps)[:count]
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
        "gaze": gaze,
        "light": drift(0.5, 0.15) + rng.uniform(-0.5, 0.5),
        "brightness": 1 + drift(0.05, 0.13, 0.4),
    }
    sways = zip(drift(1.6, 0.5, 1.1), drift(1.2, 0.6, 1.3), strict=True)
    rows = zip(*(c.tolist() for c in columns.values()), strict=True)
    return [State(**dict(zip(columns, r, strict=True)), sway=s) for r, s in zip(rows, sways, strict=True)]


@lru_cache(maxsize=64)
def head_of(seed: int, number: int) -> Head:
    """Return the painted head of person `number` of a seed."""
    return paint_head(make_person(seed, number))


def make_scene(seed: int, number: int, size: tuple[int, int], *take: object) -> Scene:
    """Return the scene of person `number`. `size` is (width, height); `take` names the performance."""
    rng = np.random.default_rng(seeded_hash(seed, "scene", number, *take))
    width, height = size
    scale = min(width, height) / 530 * rng.uniform(0.92, 1.08)
    centre = (width * rng.uniform(0.42, 0.58), height * rng.uniform(0.43, 0.48))
    plate = background.paint_background(size, rng)
    background.paint_body(plate, head_of(seed, number).person, centre, scale, rng)
    return Scene(np.clip(plate, 0, 255).astype(np.uint8), centre, scale)


def transfer_expression(source: State, target: State, fields: tuple[str, ...]) -> State:
    """Return `target` with some fields, such as mouth and blink, of the state `source`."""
    return replace(target, **{field: getattr(source, field) for field in fields})


def render_face(head: Head, state: State, glasses: str, bare: bool = False) -> np.ndarray:
    """Return the canvas of a head in a state, uint8 (height, width, 3); `bare` leaves out the front hair."""
    left, right = head.bare if bare else head.lit
    weight = 0.5 - 0.5 * float(np.clip(state.light, -1, 1))
    canvas = cv2.addWeighted(left, weight, right, 1 - weight, 0)
    for side in (-1, 1):
        at, one, other = features.eye(head, side, round(state.blink * 10) / 10, round(state.gaze, 1), bare)
        canvas[at] = cv2.addWeighted(one, weight, other, 1 - weight, 0)
    features.paint_mouth(canvas, head.person, state.mouth, state.smile)
    features.paint_glasses(canvas, head.person, glasses)
    return canvas


def window(scene: Scene, state: State, bounds: tuple[int, int, int, int]) -> Window:
    """Return the rows and columns of the frame inside `bounds`: left, right, top, bottom in face pixels."""
    height, width = scene.plate.shape[:2]
    x, y = _centre(scene, state)
    s = scene.scale * 1.06
    rows = slice(max(0, int(y + bounds[2] * s)), min(height, int(y + bounds[3] * s) + 1))
    return rows, slice(max(0, int(x + bounds[0] * s)), min(width, int(x + bounds[1] * s) + 1))


def sampling_map(scene: Scene, state: State, at: Window) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y on the canvas, float32, of each pixel of the frame's window `at`, for cv2.remap."""
    rows, columns = at
    cx, cy = _centre(scene, state)
    angle, s = np.deg2rad(state.roll), scene.scale * state.scale
    cos, sin = np.float32(np.cos(angle) / s), np.float32(np.sin(angle) / s)
    x = np.arange(columns.start, columns.stop, dtype=np.float32)[None] - np.float32(cx)
    y = np.arange(rows.start, rows.stop, dtype=np.float32)[:, None] - np.float32(cy)
    # The bulge of the inner face is the product of two curves and ignores the small roll: that is cheap, and
    # the bulge is too smooth for the difference to show.
    bulge_x, bulge_y = _bulge(state, x / np.float32(s), y / np.float32(s))
    map_x = cos * x + (sin * y + np.float32(ORIGIN[0]))
    map_x -= bulge_x
    map_y = cos * y - (sin * x - np.float32(ORIGIN[1]))
    map_y -= bulge_y
    return map_x, map_y


def to_frame(points: np.ndarray, scene: Scene, state: State) -> np.ndarray:
    """Return where points of the canvas, (n, 2) in face pixels, are in the frame: (n, 2) in its pixels.

    This is the inverse of `sampling_map`, found by iteration: the bulge changes by less than 0.4 face pixels
    from one to the next, so that 20 rounds leave an error below 1e-6.
    """
    angle = np.deg2rad(state.roll)
    back = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    found = np.asarray(points, float)
    for _ in range(20):
        found = (points + np.stack(_bulge(state, *found.T), axis=1)) @ back
    return found * (scene.scale * state.scale) + _centre(scene, state)


def _bulge(state: State, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far the inner face is moved at x and y, both ways in face pixels, by turning and talking."""
    across, down = np.exp(-((x / 78) ** 2)), np.exp(-(((y - 42) / 92) ** 2))
    jaw = np.exp(-(((y - 132) / 48) ** 2)) * np.float32(9 * state.mouth)
    return (
        across * (down * np.float32(12 * state.yaw)),
        across * (down * np.float32(8 * state.pitch) + jaw),
    )


def render_frame(scene: Scene, head: Head, state: State) -> np.ndarray:
    """Return a frame without noise, uint8 RGB (height, width, 3)."""
    out = _shifted(scene.plate, *state.sway)
    at = window(scene, state, HEAD_BOUNDS)
    map_x, map_y = sampling_map(scene, state, at)
    above = sample(render_face(head, state, head.person.glasses), map_x, map_y)
    alpha = cv2.remap(head.alpha, map_x, map_y, cv2.INTER_LINEAR)
    out[at] = cv2.blendLinear(above, np.ascontiguousarray(out[at]), alpha, 1 - alpha)
    return out


def sample(canvas: np.ndarray, map_x: np.ndarray, map_y: np.ndarray) -> np.ndarray:
    """Return the colours of a canvas at the places of a map, uint8 (height, width, 3)."""
    four = cv2.cvtColor(canvas, cv2.COLOR_RGB2RGBA)  # OpenCV samples four channels in half the time of three
    four = cv2.remap(four, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(four, cv2.COLOR_RGBA2RGB)


def _shifted(plate: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """Return the plate moved by at most MAX_SWAY pixels, bilinearly; its border is repeated."""
    dx, dy = min(max(dx, -MAX_SWAY), MAX_SWAY), min(max(dy, -MAX_SWAY), MAX_SWAY)
    height, width = plate.shape[0], plate.shape[1]
    wide = cv2.copyMakeBorder(plate, *[MAX_SWAY + 1] * 4, cv2.BORDER_REPLICATE)
    left, top = int(np.floor(MAX_SWAY + 1 - dx)), int(np.floor(MAX_SWAY + 1 - dy))
    fx, fy = MAX_SWAY + 1 - dx - left, MAX_SWAY + 1 - dy - top
    part = wide[top : top + height + 1, left : left + width + 1]
    part = cv2.addWeighted(part[:, :-1], 1 - fx, part[:, 1:], fx, 0)
    return cv2.addWeighted(part[:-1], 1 - fy, part[1:], fy, 0)


def _centre(scene: Scene, state: State) -> tuple[float, float]:
    """Return x and y of the point between the eyes, in frame pixels."""
    return (
        scene.centre[0] + state.x * scene.scale + state.sway[0],
        scene.centre[1] + state.y * scene.scale + state.sway[1],
    )
