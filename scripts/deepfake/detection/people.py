"""The people of a video: faces of its sampled frames linked by their appearance and position.

Two people merged into one would hide a fake behind a real person's scores, while one person split into two
is only judged by fewer frames. So the appearance decides, and a matching position only helps. Sampled
frames may lie seconds apart; between them people move, swap places, leave and return, or the scene changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.optimize import linear_sum_assignment

from deepfake.extraction.appearance import distance

SAME_PERSON = 0.42  # the largest distance between descriptors of one person, wherever the faces are
SAME_PLACE = 0.48  # the same where the face is at about the same place as in the frame before
PLACE_WEIGHT = 0.08  # added to the distance of descriptors where the positions don't match at all
NEAR = 0.5  # of `box_distance`; below it two boxes are at about the same place
REMEMBERED = 200  # people; a face is compared with those seen last

Box = tuple[int, int, int, int]


class Face(Protocol):
    """A face with its `box` (x, y, width, height) in frame pixels and its descriptor, such as a FaceCrop."""

    box: Box
    descriptor: np.ndarray


@dataclass(eq=False)
class _Known:
    """A person seen so far: the last box, frame and descriptor, and the sum of all descriptors."""

    number: int
    box: Box
    frame: int
    last: np.ndarray
    total: np.ndarray
    count: int


def link_people(frames: Sequence[Sequence[Face]]) -> list[list[int]]:
    """Return for each face of each frame the number of its person, from 1 in the order of appearance.

    Nobody is twice in one frame. In each frame faces are assigned to known people, or are new, at the least
    total cost (Kuhn 1955). The result is deterministic, and apart from the numbers themselves it does not
    depend on the order of the faces in a frame.
    """
    people: list[_Known] = []
    count, linked = 0, []
    for frame, faces in enumerate(frames):
        numbers = []
        for face, known in zip(faces, _assign(people, faces, frame), strict=True):
            if known is None:
                count += 1
                zero = np.zeros(len(face.descriptor))
                known = _Known(count, face.box, frame, face.descriptor, zero, 0)
                people.append(known)
            known.box, known.frame, known.last = face.box, frame, face.descriptor
            known.total = known.total + face.descriptor
            known.count += 1
            numbers.append(known.number)
        people = sorted(people, key=lambda one: (-one.frame, one.number))[:REMEMBERED]
        linked.append(numbers)
    return linked


def box_distance(one: Box, other: Box) -> float:
    """Return how badly two boxes match: from 0 (equal) to 1 (a face's width apart, or twice the size)."""
    (x, y, w, h), (u, v, a, b) = one, other
    side, size = max(w, h, 1), max(a, b, 1)
    away = max(abs(2 * x + w - 2 * u - a), abs(2 * y + h - 2 * v - b)) / (side + size)
    return min(1.0, away + abs(np.log2(side / size)))


def _assign(people: list[_Known], faces: Sequence[Face], frame: int) -> list[_Known | None]:
    """Return the person of each face of a frame; None for a new person."""
    if not people or not faces:
        return [None] * len(faces)
    descriptors = np.stack([face.descriptor for face in faces])[:, None]
    last = np.stack([one.last for one in people])[None]
    mean = np.stack([one.total / one.count for one in people])[None]
    look = np.minimum(distance(descriptors, last), distance(descriptors, mean))
    place = np.array([[box_distance(face.box, one.box) for one in people] for face in faces])
    stayed = (place < NEAR) & np.array([one.frame == frame - 1 for one in people])
    impossible = look > np.where(stayed, SAME_PLACE, SAME_PERSON)
    cost = np.where(impossible, 10.0, look + PLACE_WEIGHT * place)
    # one more column for each face, to be new: it costs more than any possible person
    new = np.full((len(faces), len(faces)), SAME_PLACE + 2 * PLACE_WEIGHT)
    rows, columns = linear_sum_assignment(np.hstack([cost, new]))
    assigned: list[_Known | None] = [None] * len(faces)
    for row, column in zip(rows, columns, strict=True):
        if column < len(people):
            assigned[row] = people[column]
    return assigned
