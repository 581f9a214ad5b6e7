"""Where the landmarks of a drawn face are in its frame, for tests of what landmark models find.

The order of the points is that of `extraction.landmarks.CONVENTIONS`. A point is where those models place it
on photographs of real faces: the base of the nose is below the nostrils by a twentieth of the distance of the
eyes, and YuNet's eyes are the middles of the irises of somebody who looks ahead.
"""

import numpy as np

from deepfake.demo import features
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.person import Person
from deepfake.demo.rendering import State, head_of, make_scene, to_frame
from deepfake.demo.video import performance_of

NOSE_TIP, NOSE_BASE = (0.0, 48.0), (0.0, 64.0)  # face pixels


def drawn_landmarks(video: VideoSpec, seed: int, convention: str) -> np.ndarray:
    """Return the points of each frame of a real video, (frames, points, 2) in frame pixels.

    `convention` is "yunet", "dlib_5" or "dlib_68". Of the 68, those without a clear place in the drawing are
    NaN: jaw, brows, the ridge and the wings of the nose, and the lips' inner edges except in their middle.
    """
    person = head_of(seed, video.target).person
    scene = make_scene(seed, video.target, video.size, video.take)
    states = performance_of(video, seed)
    return np.stack([to_frame(CONVENTIONS[convention](person, state), scene, state) for state in states])


def _yunet(person: Person, state: State) -> np.ndarray:
    eyes = [(side * person.apart, features.IRIS_Y) for side in (-1, 1)]
    above = features.lips(person, state.mouth, state.smile)[0]
    return np.array([*eyes, NOSE_TIP, above[0], above[-1]])


def _dlib_5(person: Person, state: State) -> np.ndarray:
    right, left = (_eye(person, state, side) for side in (1, -1))
    return np.array([right[-1], right[0], left[-1], left[0], NOSE_BASE])


def _dlib_68(person: Person, state: State) -> np.ndarray:
    points = np.full((68, 2), np.nan)
    left, right = (_eye(person, state, side) for side in (-1, 1))  # each inner, lids, outer
    points[[39, 38, 37, 40, 41, 36]] = left
    points[[42, 43, 44, 47, 46, 45]] = right
    points[[30, 33]] = NOSE_TIP, NOSE_BASE
    above, middle, below, under = features.lips(person, state.mouth, state.smile)
    points[48:55] = above[::8]  # at LIP_U
    points[55:60] = under[40:0:-8]
    points[[62, 66]] = middle[24], below[24]
    return points


def _eye(person: Person, state: State, side: int) -> np.ndarray:
    """Return inner corner, upper lid at one and two thirds, lower lid at the same, and outer corner."""
    lids = np.array(features.eyelids(person, side, round(state.blink, 1)))
    inner, outer = lids[:, 0].mean(0), lids[:, -1].mean(0)
    thirds = inner[0] + (outer[0] - inner[0]) * np.array((1, 2)) / 3
    order = np.argsort(lids[0, :, 0])  # np.interp wants x to increase
    at = [np.c_[thirds, np.interp(thirds, lid[order, 0], lid[order, 1])] for lid in lids]
    return np.array([inner, *at[0], *at[1], outer]) + (side * person.apart, 0)


CONVENTIONS = {"yunet": _yunet, "dlib_5": _dlib_5, "dlib_68": _dlib_68}
