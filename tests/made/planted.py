"""Planted people: unit vectors of faces as a network for faces gives them, and corpora that show them."""

import numpy as np
from made.image_tables import table, video_rows

from deepfake.people.video_vectors import VideoVectors, gather_vectors

NUMBERS = 32


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def faces_of(people: list[int], seed: int = 0, noise: float = 0.1) -> np.ndarray:
    """Return a unit vector (n, NUMBERS) for each of some people, each near its person's; strangers are about
    0.75 apart or more, two faces of one person about 1.4 times `noise`."""
    centres = np.random.default_rng([seed, 1]).normal(size=(max(people, default=0) + 1, NUMBERS)) + 0.9
    shift = np.random.default_rng([seed, 2]).normal(size=(len(people), NUMBERS))
    return unit(unit(centres)[people] + noise * unit(shift))


def swapped(
    people: int = 8,
    scenes: int = 3,
    fakes: int = 20,
    crops: int = 2,
    seed: int = 0,
    noise: float = 0.1,
    named: bool = False,
    originals: bool = True,
) -> tuple[object, VideoVectors, dict[str, int]]:
    """Return the table of one corpus "c", its faces, and the person of each real video.

    `scenes` real videos show each of the `people`, but person 0 only one; `fakes` have the face of another
    person (the source) in a scene of theirs, whose original is known if `originals`.
    """  # fmt: skip
    random = np.random.default_rng([seed, 3])
    rows, seen, person_of = [], {}, {}
    for person in range(people):
        for scene in range(scenes if person else 1):
            name = f"r{person}_{scene}"
            known = {"target": f"c/p{person}"} if named else {}
            known |= {"group": f"c/{name}", "original": f"c/{name}"} if originals else {"group": ""}
            rows += video_rows("c", name, 2, **known)
            seen[name], person_of[name] = person, person
    for fake in range(fakes):
        target, source = random.choice(people, 2, replace=False).tolist()
        original = f"r{target}_0"
        known = {"target": f"c/p{target}", "source": f"c/p{source}"} if named else {}
        known |= {"group": f"c/{original}", "original": f"c/{original}"} if originals else {"group": ""}
        rows += video_rows("c", f"f{fake}_{target}_{source}", 2, label="1", method="m", **known)
        seen[f"f{fake}_{target}_{source}"] = source
    names = list(seen)
    vectors = faces_of([seen[name] for name in names for _ in range(crops)], seed, noise)
    parts = np.split(vectors, len(names))
    videos = [(("c", name), part, np.ones(crops)) for name, part in zip(names, parts, strict=True)]
    return table(rows), gather_vectors(videos, 0.5), person_of
