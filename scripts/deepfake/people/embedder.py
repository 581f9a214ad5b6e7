"""From a face crop to numbers that say who it shows: crops of one person have vectors near each other.

The face and its five points are found in the crop itself, so that a finished dataset's images give the same
vectors as the shards that they came from.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from deepfake.extraction.alignment import cut, similarity, square_in_frame
from deepfake.extraction.boxes import Points
from deepfake.extraction.landmarks import dlib_predictor
from deepfake.extraction.package_models import FIVE_POINTS, package_model
from deepfake.people.face_in_crop import face_finder
from deepfake.people.network import Network, load_network
from deepfake.people.quality import quality_of


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
        except ValueError:  # the points are not those of a face
            return nobody
        quality = quality_of(pixels, face.score)
        return Embedding(network.vector(pixels), quality) if quality > 0 else nobody

    return embed


def chip(crop: np.ndarray, points: Points, network: Network) -> np.ndarray:
    """Return the face as the network wants it, uint8 RGB (side, side, 3), for points of "dlib_5"."""
    a, b = similarity(np.array(points), np.array(network.template))
    place = square_in_frame(a, b, 0, 0, network.side)
    return cv2.cvtColor(cut(crop, place, network.side, "black", cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)
