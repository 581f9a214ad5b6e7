"""Smooth the boxes and landmarks of faces along a clip, so that crops stand still where the face does.

A face is linked to the face of the frame before where they overlap, look alike and were found by the same
detector. These tracks end where the face is lost, jumps or becomes somebody else, and where two faces could
be meant, so that two people are never mixed.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any

import numpy as np

from deepfake.extraction.appearance import distance
from deepfake.extraction.boxes import Box, Face, overlap, whole_pixels

SAME_FACE_IOU = 0.3  # intersection over union with the face of the frame before
SAME_LOOK = 0.42  # between descriptors: at most 0.39 a second apart in real clips, of strangers from 0.47


@dataclass(frozen=True, eq=False)
class Sighting:
    """The faces of one frame and their descriptors (see appearance.describe).

    `frame` is whatever the caller wants back with the faces; `size` is that of the frame, and frames of
    different sizes have no track in common.
    """

    frame: Any
    size: tuple[int, ...]
    faces: list[Face]
    looks: list[np.ndarray]


@dataclass(frozen=True, eq=False)
class _Linked:
    """The faces of one frame, and for each the index of the same face in the frame before, or None.

    `values` are float64 (4 + 2 * points) for each: centre, width and height of its box, and its landmarks.
    """

    faces: list[Face]
    values: list[np.ndarray]
    before: list[int | None]


def smooth(sightings: Iterable[Sighting], n: int, method: str) -> Iterator[tuple[Any, list[Face]]]:
    """Yield each frame with its faces smoothed over `n` frames of their tracks, the largest first.

    "median": the median of `n` frames around each (of n + 1 for an even n), of fewer near the ends of a
    track, the same number on both sides; so frames come n // 2 later than they are read. "exponential": of
    this frame and those before, with the weight 2 / (n + 1) for this one and less and less for the others.
    """
    frames: deque[Any] = deque()

    def keep(sightings: Iterable[Sighting]) -> Iterator[Sighting]:
        for sighting in sightings:
            frames.append(sighting.frame)
            yield replace(sighting, frame=None)

    for faces in METHODS[method](_link(keep(sightings)), n):
        yield frames.popleft(), sorted(faces, key=lambda face: -round(Box(*face.edges, 0).area, 6))


def _median(linked: Iterable[_Linked], n: int) -> Iterator[list[Face]]:
    radius = n // 2
    window: deque[_Linked | None] = deque([None] * (2 * radius + 1), 2 * radius + 1)
    for newest in chain(linked, repeat(None, radius)):
        window.append(newest)
        if (now := window[radius]) is not None:
            around = (_around(list(window), radius, index) for index in range(len(now.faces)))
            yield [
                _moved(face, own, np.median(values, axis=0))
                for face, own, values in zip(now.faces, now.values, around, strict=True)
            ]


def _around(window: list[_Linked | None], radius: int, index: int) -> list[np.ndarray]:
    """Return the values of a face of the middle frame and of its track, as many before as after it."""
    earlier, at = [], index
    for number in range(radius, 0, -1):
        if (at := window[number].before[at]) is None:
            break
        earlier.append(window[number - 1].values[at])
    later, at = [], index
    for frame in window[radius + 1 :]:
        if frame is None or at not in frame.before:
            break
        at = frame.before.index(at)
        later.append(frame.values[at])
    reach = min(len(earlier), len(later))
    return [*earlier[:reach], window[radius].values[index], *later[:reach]]


def _exponential(linked: Iterable[_Linked], n: int) -> Iterator[list[Face]]:
    weight = 2 / (n + 1)
    means: list[np.ndarray] = []
    for now in linked:
        means = [
            own if at is None else own + (1 - weight) * (means[at] - own)
            for own, at in zip(now.values, now.before, strict=True)
        ]
        yield [_moved(*each) for each in zip(now.faces, now.values, means, strict=True)]


METHODS: dict[str, Callable[[Iterable[_Linked], int], Iterator[list[Face]]]] = {
    "median": _median,
    "exponential": _exponential,
}
"""By the value of `faces.smoothing`."""


def _link(sightings: Iterable[Sighting]) -> Iterator[_Linked]:
    last: Sighting | None = None
    for now in sightings:
        before = _links(last, now) if last and last.size == now.size else [None] * len(now.faces)
        yield _Linked(now.faces, [_values(face) for face in now.faces], before)
        last = now


def _links(last: Sighting, now: Sighting) -> list[int | None]:
    """Return for each face of `now` the index of the only face of `last` that it can be; else None."""
    same = np.array(
        [
            [_same(face, look, *other) for other in zip(last.faces, last.looks, strict=True)]
            for face, look in zip(now.faces, now.looks, strict=True)
        ],
        bool,
    ).reshape(len(now.faces), len(last.faces))
    same &= (same.sum(axis=1, keepdims=True) == 1) & (same.sum(axis=0, keepdims=True) == 1)
    return [int(np.argmax(row)) if row.any() else None for row in same]


def _same(face: Face, look: np.ndarray, other: Face, other_look: np.ndarray) -> bool:
    return (
        (face.found_by, face.landmarker, len(face.points))
        == (other.found_by, other.landmarker, len(other.points))
        and overlap(Box(*face.edges, 0), Box(*other.edges, 0)) > SAME_FACE_IOU
        and distance(look, other_look) <= SAME_LOOK
    )


def _values(face: Face) -> np.ndarray:
    left, top, right, bottom = face.edges
    box = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
    return np.array([*box, *chain.from_iterable(face.points)], float)


def _moved(face: Face, values: np.ndarray, smoothed: np.ndarray) -> Face:
    """Return the face with smoothed values. The change is added, so that what stays is exactly the same."""
    across, down, wider, higher = (smoothed - values)[:4]
    left, top, right, bottom = face.edges
    left, right = left + across - wider / 2, right + across + wider / 2
    top, bottom = top + down - higher / 2, bottom + down + higher / 2
    edges = (float(left), float(top), float(right), float(bottom))
    x, y, width, height = whole_pixels(edges)
    points = tuple((float(x), float(y)) for x, y in smoothed[4:].reshape(-1, 2))
    return replace(face, x=x, y=y, width=width, height=height, edges=edges, points=points)
