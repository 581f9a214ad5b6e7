"""Which real images have a face that can be taken for another one's: the nearest by landmarks."""

import numpy as np
import pandas as pd

CANDIDATES = 5000  # a random part of the images, among which Face X-ray searches, too
NEIGHBOURS = 10  # the nearest ones, of which each blend draws one
BLOCK = 1000  # images compared at a time


def find_sources(
    landmarks: np.ndarray, rows: pd.DataFrame, people: np.ndarray | None, seed: int
) -> np.ndarray:
    """Return the numbers of up to NEIGHBOURS others with the nearest landmarks, int64 (n, NEIGHBOURS).

    `landmarks` are float32 (n, P, 2), NaN where no face was found, and `rows` the images' decoded.ROWS, of
    which those with label 0 count. Where it is known that two images show one person, neither is a source of
    the other: by `people`, text (n,), "" if unknown, by `target`, by `group`, or as frames of one video.
    Landmarks are compared as shapes, whatever their place, size and rotation. -1 stands for no image.
    """
    shapes, known = shapes_of(landmarks)
    known &= (rows["label"] == 0).to_numpy()
    numbers = np.flatnonzero(known)
    rng = np.random.default_rng(seed)
    candidates = np.sort(rng.permutation(numbers)[:CANDIDATES])
    sources = np.full((len(rows), NEIGHBOURS), -1)
    identities = identities_of(rows, people)
    for start in range(0, len(numbers) if len(candidates) else 0, BLOCK):
        block = numbers[start : start + BLOCK]
        likeness = np.abs(shapes[block] @ shapes[candidates].conj().T)
        for identity in identities:
            same = identity[block, None] == identity[candidates]
            likeness[same & (identity[block, None] >= 0)] = -1
        count = min(NEIGHBOURS, len(candidates))
        nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        found = np.take_along_axis(likeness, nearest, axis=1) >= 0
        sources[block, :count] = np.where(found, candidates[nearest], -1)
    return sources


def shapes_of(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return landmarks as unit vectors, complex64 (n, P), whose products are 1 for one shape.

    Also return which images have landmarks, bool (n,).
    """
    points = landmarks[..., 0] + 1j * landmarks[..., 1]
    known = np.isfinite(points).all(1)
    points = np.where(known[:, None], points, 0)
    points = points - points.mean(1, keepdims=True)
    size = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.maximum(size, 1e-9)).astype(np.complex64), known & (size[:, 0] > 1e-6)


def identities_of(rows: pd.DataFrame, people: np.ndarray | None) -> list[np.ndarray]:
    """Return numbers that two images share if they show one person: int64 (n,) each, -1 where unknown."""
    texts = [rows["target"], rows["group"], rows["corpus"] + "/" + rows["video"]]
    texts += [] if people is None else [pd.Series(people)]
    return [np.where(text.to_numpy() == "", -1, pd.factorize(text.to_numpy())[0]) for text in texts]
