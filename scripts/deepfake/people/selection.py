"""Which face crops of a video are embedded: a few, spread over it, that show the face best."""

from collections.abc import Sequence

import numpy as np

from deepfake.extraction.landmarks import parse_points
from deepfake.tables import OK

EYES_AND_NOSE = {
    "yunet": ([0], [1], 2),
    "dlib_5": ([0, 1], [2, 3], 4),
    "dlib_68": ([36, 37, 38, 39, 40, 41], [42, 43, 44, 45, 46, 47], 30),
}
"""By convention (extraction.landmarks.CONVENTIONS): the points of each eye, and that of the nose."""

SEVERAL = (
    0.5  # factor for a frame with several faces: which of them the crop shows may differ along the video
)


def choose_crops(rows: Sequence[dict[str, str]], count: int) -> list[dict[str, str]]:
    """Return at most `count` of a video's rows that have a crop, in the order of their frames.

    `rows` are those of tables.FACES. The crops are divided along the video into `count` parts of about the
    same number, and the best of each is taken; of equally good ones the first.
    """
    crops = sorted((row for row in rows if row["status"] == OK), key=lambda row: int(row["frame"]))
    if len(crops) <= count:
        return crops
    values = suitability(crops)
    bounds = [len(crops) * part // count for part in range(count + 1)]
    best = [low + int(values[low:high].argmax()) for low, high in zip(bounds, bounds[1:], strict=False)]
    return [crops[position] for position in best]


def suitability(crops: Sequence[dict[str, str]]) -> np.ndarray:
    """Return how well each crop of a video shows its face compared with its others, 0 to 1, float (n,).

    That is the product of how frontal it is, of the share of it that was in the frame, of its sharpness as a
    part of the video's median (above that all are sharp enough), and of SEVERAL where the frame has more than
    one face.
    """
    sharp = np.array([float(row["sharpness"] or 0) for row in crops])
    values = np.minimum(sharp / max(float(np.median(sharp)), 1e-9), 1)
    for position, row in enumerate(crops):
        values[position] *= frontality(row["landmarks"], row["landmarker"])
        values[position] *= 1 - float(row["filled"] or 0)
        values[position] *= SEVERAL if int(row["faces"] or 1) > 1 else 1
    return values.round(9)


def frontality(landmarks: str, landmarker: str) -> float:
    """Return 1 for a nose midway between the eyes, 0 for one below an eye or beyond it; 1 without landmarks.

    `landmarks` are points as tables.FACES holds them. The tip of the nose moves more than its base as a head
    turns, so that the numbers of different conventions aren't comparable; those of one video are.
    """
    if landmarker not in EYES_AND_NOSE:
        return 1.0
    points = np.array(parse_points(landmarks)) @ (1, 1j)
    first, second, nose = EYES_AND_NOSE[landmarker]
    one, other = points[first].mean(), points[second].mean()
    if one == other:
        return 0.0
    aside = ((points[nose] - (one + other) / 2) / (other - one)).real  # in distances between the eyes
    return float(max(0.0, 1 - 2 * abs(aside)))
