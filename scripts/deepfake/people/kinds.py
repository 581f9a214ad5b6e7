"""Kinds of faces: a coarse order of people, so that each split has some of each kind.

People who look alike are kept in one split, as far as they can be. Left to itself that would put all women
into train and some men into test. So faces are divided in four by the two directions in which they differ
most, each at its middle, and each split gets its share of every quarter. What the directions mean isn't asked
for; in DFDC's faces they go with sex and the colour of the skin.
"""

import numpy as np

from deepfake.people.neighbours import add_up

DIRECTIONS = 2


def face_kinds(vectors: np.ndarray, people: np.ndarray) -> np.ndarray:
    """Return the kind of each person's face, int64 (k,): 0 to 3.

    `vectors` (n, d) are those of neighbours.whole_numbers, `people` (n,) whole numbers from 0 to k - 1. A
    person counts once, whatever the number of videos.
    """
    if not len(people):
        return np.empty(0, np.int64)
    sums = add_up(vectors, people, people.max() + 1)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    means = sums / np.maximum(lengths, 1)
    means -= means.mean(axis=0)
    directions = np.linalg.eigh(means.T @ means)[1][:, ::-1][:, :DIRECTIONS]
    largest = np.abs(directions).argmax(axis=0)
    directions = directions * np.sign(directions[largest, np.arange(directions.shape[1])])
    along = (means @ directions).round(6)  # the last digits depend on the machine
    return (along > np.median(along, axis=0)) @ (2 ** np.arange(along.shape[1]))
