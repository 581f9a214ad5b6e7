"""The manipulation methods of the demo corpus: how a fake differs from its original.

A fake shows the performance of its original, frame by frame, with a part of the face painted again and
blended in: the face of another person, or the same face with the expression of another performance. It has
the traces of real fakes: less detail and no sensor noise in the face, a slightly wrong tone, a soft edge, a
little jitter.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from deepfake.demo import rendering
from deepfake.demo.canvas import curve, shape
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.portrait import Head
from deepfake.hashing import seeded_hash

REGIONS = {
    "face": [(0, -56), (50, -54), (80, -30), (81, 20), (70, 70), (46, 112), (0, 128),
             (-46, 112), (-70, 70), (-81, 20), (-80, -30), (-50, -54)],
    "mouth": [(0, 62), (34, 70), (50, 92), (32, 118), (0, 124), (-32, 118), (-50, 92), (-34, 70)],
}  # fmt: skip
"""Outlines of what is replaced, in face pixels."""


@dataclass(frozen=True)
class Method:
    """How a manipulation method puts a face into a frame."""

    swap: bool  # insert the source's face, or the target's own with the source's expression
    region: str  # a key of REGIONS
    detail: float  # resolution of the inserted face, as a fraction of the frame's
    feather: float  # softness of the edge, standard deviation in face pixels
    match: float  # how much of the difference in colour is corrected, 0 to 1
    tint: float  # remaining colour error, standard deviation as a fraction
    jitter: float  # standard deviation in face pixels


METHODS = {
    "Deepfakes": Method(swap=True, region="face", detail=0.48, feather=9.0, match=0.9, tint=0.04, jitter=0.6),
    "Face2Face": Method(
        swap=False, region="face", detail=0.55, feather=5.0, match=1.0, tint=0.04, jitter=0.5
    ),
    "FaceSwap": Method(swap=True, region="face", detail=0.70, feather=2.5, match=0.8, tint=0.06, jitter=1.2),
    "NeuralTextures": Method(
        swap=False, region="mouth", detail=0.40, feather=5.0, match=1.0, tint=0.04, jitter=0.4
    ),
    "Synthesis": Method(
        swap=True, region="face", detail=0.55, feather=6.0, match=0.95, tint=0.03, jitter=0.4
    ),
}

Manipulate = Callable[[np.ndarray, rendering.Scene, rendering.State, int], None]
"""Manipulates a frame, uint8 RGB (height, width, 3), in place: (frame, its scene, its state, its index)."""


def load_manipulation(
    video: VideoSpec, seed: int, target: Head, states: list[rendering.State], source: list[rendering.State]
) -> Manipulate:
    """Return the function that manipulates the frames of a fake.

    `states` are those of the target's performance, and `source` those of the performance whose expression is
    inserted, by methods that don't swap the face.
    """
    rng = np.random.default_rng(seeded_hash(seed, "paste", video.name))
    method = METHODS[video.method]
    head = rendering.head_of(seed, video.source) if method.swap else target
    shown = states if method.swap else [
        rendering.transfer_expression(source_state, state, ("mouth", "smile", "blink"))
        for source_state, state in zip(source, states, strict=True)
    ]  # fmt: skip
    mask = shape(curve(np.array(REGIONS[method.region], float)), 1.0)
    ratio = _mean_colour(target, mask) / _mean_colour(head, mask)
    gain = ratio**method.match * (1 + method.tint * rng.choice((-1, 1)) * rng.uniform(0.5, 1.2, 3))
    detail = method.detail * rng.uniform(0.85, 1.15)
    mask = cv2.GaussianBlur(mask, (0, 0), method.feather) * cv2.GaussianBlur(target.skin, (0, 0), 2.0)
    jitter = rng.standard_normal((len(states), 3)) * (method.jitter, method.jitter, 0.006)
    jitter = cv2.GaussianBlur(jitter, (1, 3), 0)

    def manipulate(frame: np.ndarray, scene: rendering.Scene, state: rendering.State, index: int) -> None:
        dx, dy, growth = jitter[index]
        moved = replace(shown[index], x=state.x + dx, y=state.y + dy, scale=state.scale * (1 + growth))
        at = rendering.window(scene, moved, rendering.INNER_FACE_BOUNDS)
        map_x, map_y = rendering.sampling_map(scene, moved, at)
        canvas = rendering.render_face(head, moved, target.person.glasses, bare=True)
        face = rendering.sample(canvas, map_x, map_y)
        table = np.arange(256)[:, None] * gain * state.brightness
        face = cv2.LUT(face, np.clip(table, 0, 255).astype(np.uint8)[None])
        size = face.shape[1::-1]
        face = cv2.resize(face, None, fx=detail, fy=detail, interpolation=cv2.INTER_AREA)
        face = cv2.resize(face, size, interpolation=cv2.INTER_LINEAR)
        weight = cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR)
        frame[at] = cv2.blendLinear(face, np.ascontiguousarray(frame[at]), weight, 1 - weight)

    return manipulate


def _mean_colour(head: Head, mask: np.ndarray) -> np.ndarray:
    """Return the mean RGB colour of the face inside a mask, without hair, over both lights."""
    return np.average(np.concatenate(head.bare), axis=(0, 1), weights=np.concatenate([mask, mask]))
