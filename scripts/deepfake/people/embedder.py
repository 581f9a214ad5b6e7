"""From a face crop to numbers that say who it shows: crops of one person have vectors near each other.

The face and its five points are found in the crop itself, so that a finished dataset's images give the same
vectors as the shards that they came from.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from deepfake.extraction.alignment import cut, similarity, square_in_frame
from deepfake.extraction.boxes import Face, Points
from deepfake.extraction.landmarks import dlib_predictor
from deepfake.extraction.package_models import FIVE_POINTS, package_model
from deepfake.people.face_in_crop import face_finder
from deepfake.people.network import Network, load_network
from deepfake.people.quality import quality_of

SURE_SCORE = 0.3
"""Of dlib's HOG detector. A face with a lower score is looked at twice: in a wrong box the points are wrong,
and the vector then is near that of nobody, or of anybody. Of DFDC's crops 19 % have a lower score."""

SMALLER, AGREEMENT = 0.8, 0.25
"""The second box as a part of the first, and the distance of both vectors up to which they are believed. Of
those 19 % it is larger for 8 %; one of them, a man of DFDC seen in 21 other crops, was near none of these."""


class Embedding(NamedTuple):
    """The unit `vector` of a face, float32 (d,), and the `quality` of its picture, 0 to 1.

    Where no face is seen well enough the quality is 0, and the vector is all zeros, which is near nothing.
    """

    vector: np.ndarray
    quality: float


Embedder = Callable[[np.ndarray], Embedding]
"""Takes a crop, uint8 BGR (height, width, 3). Threads may share it."""


def load_embedder(cfg: dict) -> Embedder:
    """Return the function that the config section `people` describes.

    Raises UserError, which names the key, if the network can't be had.
    """
    network, find = load_network(cfg), face_finder()
    predict = dlib_predictor(str(package_model(FIVE_POINTS, "people")))
    nobody = Embedding(np.zeros(network.numbers, np.float32), 0.0)

    def embed(crop: np.ndarray) -> Embedding:
        face = find(crop)
        if face is None:
            return nobody
        try:
            pixels = chip(crop, predict(crop, face), network)
            quality, vector = quality_of(pixels, face.score), network.vector(pixels)
            if quality > 0 and face.score < SURE_SCORE:
                again = network.vector(chip(crop, predict(crop, _smaller(face)), network))
                quality = quality if np.linalg.norm(vector - again) <= AGREEMENT else 0.0
        except ValueError:  # the points are not those of a face
            return nobody
        return Embedding(vector, quality) if quality > 0 else nobody

    return embed


def _smaller(face: Face) -> Face:
    """Return the face with a smaller box around the same centre."""
    width, height = face.width * SMALLER, face.height * SMALLER
    left, top = face.x + (face.width - width) / 2, face.y + (face.height - height) / 2
    return replace(face, x=left, y=top, width=width, height=height)


def chip(crop: np.ndarray, points: Points, network: Network) -> np.ndarray:
    """Return the face as the network wants it, uint8 RGB (side, side, 3), for points of "dlib_5"."""
    a, b = similarity(np.array(points), np.array(network.template))
    place = square_in_frame(a, b, 0, 0, network.side)
    return cv2.cvtColor(cut(crop, place, network.side, "black", cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
