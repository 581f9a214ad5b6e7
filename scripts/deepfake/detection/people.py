"""Who is who in a video: faces of its sampled frames joined to people, by how they look and where they are.

Two people melted into one would hide a fake behind a real person's scores, while one person taken for two is
only judged by fewer frames; so looks decide, and a place that fits only helps. Frames may lie seconds apart,
and between them people move, swap places, leave and come back, or the picture cuts to somebody else.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from deepfake.detection.appearance import unlike

ALIKE = 0.42  # looks of one person differ by less, wherever they are
ALIKE_HERE = 0.48  # where a face is at about the same place as in the frame before
ELSEWHERE = 0.08  # added to how unlike two looks are where the place doesn't fit at all
NEAR = 0.5  # of `apart`, below which the place is about the same
REMEMBERED = 200  # people seen last, among whom a face is looked for


@dataclass(frozen=True, eq=False)
class Sight:
    """A face in a frame: its box (x, y, width, height) in pixels and what appearance.describe gives."""

    box: tuple[int, int, int, int]
    looks: np.ndarray


@dataclass(eq=False)
class _Known:
    number: int
    box: tuple[int, int, int, int]
    frame: int
    last: np.ndarray
    total: np.ndarray
    sights: int


def link(frames: Sequence[Sequence[Sight]]) -> list[list[int]]:
    """For each face of each frame the number of its person, from 1 in the order in which they come.

    Nobody is twice in one frame. In each frame the faces are joined to people at the least cost in all (Kuhn
    1955), or are new. The same frames give the same numbers, whatever the order of the faces in a frame but
    for the numbers themselves.
    """
    people: list[_Known] = []
    count, found = 0, []
    for frame, sights in enumerate(frames):
        joined = _join(people, sights, frame)
        numbers = []
        for sight, known in zip(sights, joined, strict=True):
            if known is None:
                count += 1
                known = _Known(count, sight.box, frame, sight.looks, np.zeros(len(sight.looks)), 0)
                people.append(known)
            known.box, known.frame, known.last = sight.box, frame, sight.looks
            known.total = known.total + sight.looks
            known.sights += 1
            numbers.append(known.number)
        people = sorted(people, key=lambda one: (-one.frame, one.number))[:REMEMBERED]
        found.append(numbers)
    return found


def apart(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> float:
    """How badly two boxes fit as those of one face: 0 (the same) to 1 (a face away, or twice the size)."""
    (x, y, w, h), (u, v, a, b) = one, other
    side, size = max(w, h, 1), max(a, b, 1)
    away = max(abs(2 * x + w - 2 * u - a), abs(2 * y + h - 2 * v - b)) / (side + size)
    return min(1.0, away + abs(np.log2(side / size)))


def _join(people: list[_Known], sights: Sequence[Sight], frame: int) -> list[_Known | None]:
    """The person that each face is, None for a new one."""
    if not people or not sights:
        return [None] * len(sights)
    looks = np.stack([sight.looks for sight in sights])[:, None]
    last = np.stack([one.last for one in people])[None]
    mean = np.stack([one.total / one.sights for one in people])[None]
    differ = np.minimum(unlike(looks, last), unlike(looks, mean))
    place = np.array([[apart(sight.box, one.box) for one in people] for sight in sights])
    here = (place < NEAR) & np.array([one.frame == frame - 1 for one in people])
    cost = differ + ELSEWHERE * place
    barred = differ > np.where(here, ALIKE_HERE, ALIKE)
    # a column for each face to be new: dearer than anyone who may be it, cheaper than one who may not
    new = ALIKE_HERE + 2 * ELSEWHERE
    table = np.hstack([np.where(barred, 10.0, cost), np.full((len(sights), len(sights)), new)])
    rows, columns = linear_sum_assignment(table)
    joined: list[_Known | None] = [None] * len(sights)
    for row, column in zip(rows, columns, strict=True):
        if column < len(people):
            joined[row] = people[column]
    return joined
