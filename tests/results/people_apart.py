"""Whether the people whom detection followed through a video were kept apart, by a network for faces.

Detection links the faces of a video by colours and places. The network knows nothing of these.
"""

from itertools import combinations
from pathlib import Path

import av
import numpy as np
from results.judged_media import Judged

from deepfake.people.embedder import Embedder

MARGIN = 1.5  # side of the cut square, as a multiple of the box's longer side
LEAST = 2  # seen faces of a person, without which nothing is said of them
SAME = 0.30  # mean distance up to which two are one person: the default of people.link


def apart(file: Judged, embed: Embedder, same: float = SAME) -> dict:
    """Return what the network says of the people of one video.

    `faces` of `people` are seen well enough; `strayed` of these are nearer to the mean of another person of
    the video than to their own (the mean of the others); `split` counts the pairs of people whose means are
    at most `same` apart; `most_at_once` people are in one frame.
    """
    people = {person["number"]: person["looks"] for person in file.verdict["people"]}
    frames: dict[int, int] = {}
    for looks in people.values():
        for look in looks:
            frames[look["frame"]] = frames.get(look["frame"], 0) + 1
    crops = read_crops(Path(file.name), people)
    vectors = {
        number: np.stack(seen)
        for number, images in crops.items()
        if len(seen := [e.vector for e in map(embed, images) if e.quality > 0]) >= LEAST
    }
    means = {number: found.mean(axis=0) for number, found in vectors.items()}
    strayed = sum(_strayed(vectors[one], [means[other] for other in means if other != one]) for one in means)
    near = [
        np.linalg.norm(unit(means[one]) - unit(means[other])) <= same for one, other in combinations(means, 2)
    ]
    return {
        "people": len(people),
        "seen": len(means),
        "most_at_once": max(frames.values(), default=0),
        "faces": sum(map(len, vectors.values())),
        "strayed": strayed,
        "split": int(sum(near)),
    }


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(np.linalg.norm(vector), 1e-9)


def read_crops(path: Path, people: dict[int, list[dict]]) -> dict[int, list[np.ndarray]]:
    """Return a square around each look of each person, uint8 BGR, by the looks' `frame` and `box`."""
    wanted: dict[int, list[tuple[int, list[int]]]] = {}
    for number, looks in people.items():
        for look in looks:
            wanted.setdefault(look["frame"], []).append((number, look["box"]))
    found: dict[int, list[np.ndarray]] = {number: [] for number in people}
    with av.open(str(path)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                image = frame.to_ndarray(format="bgr24")
                for number, box in wanted[index]:
                    found[number].append(square(image, box))
            if index >= max(wanted, default=-1):
                break
    return found


def square(image: np.ndarray, box: list[int]) -> np.ndarray:
    """Return the square around a box (x, y, width, height), as far as it lies in the image."""
    x, y, width, height = box
    half = MARGIN * max(width, height) / 2
    centre_x, centre_y = x + width / 2, y + height / 2
    top, left = max(0, round(centre_y - half)), max(0, round(centre_x - half))
    return image[top : round(centre_y + half), left : round(centre_x + half)]


def _strayed(own: np.ndarray, others: list[np.ndarray]) -> int:
    """Return how many of `own` (n, d) are nearer to one of `others` than to the mean of the rest of `own`."""
    if not others:
        return 0
    rest = (own.sum(axis=0) - own) / (len(own) - 1)
    home = np.linalg.norm(own - rest, axis=1)
    away = np.min([np.linalg.norm(own - other, axis=1) for other in others], axis=0)
    return int((away < home).sum())
