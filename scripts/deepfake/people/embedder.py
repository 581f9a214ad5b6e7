"""From a face crop to numbers that say who it shows: crops of one person have vectors near each other.

The five points of the face are found in the crop itself, so that a finished dataset's images give the same
vectors as the shards that they came from.
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from deepfake.extraction.alignment import cut, similarity, square_in_frame
from deepfake.extraction.boxes import Face, Points
from deepfake.extraction.landmarks import dlib_predictor
from deepfake.extraction.package_models import FIVE_POINTS, package_model
from deepfake.people.network import Network, load_network

CENTRE = 1 / 1.3
"""The side of a face's box as a part of its crop, where no detector finds the face in the crop."""


class Embedding(NamedTuple):
    """The unit `vector` of a face, float32 (d,), and the `quality` of its picture, 0 to 1."""

    vector: np.ndarray
    quality: float


Embedder = Callable[[np.ndarray], Embedding]
"""Takes a crop, uint8 BGR (height, width, 3)."""


def load_embedder(cfg: dict) -> Embedder:
    """Return the function that the config section `people` describes.

    Raises UserError, which names the key, if the network can't be had.
    """
    network = load_network(cfg)
    predict = dlib_predictor(str(package_model(FIVE_POINTS, "people")))

    def embed(crop: np.ndarray) -> Embedding:
        points = predict(crop, _centred(crop))
        return Embedding(network.vector(chip(crop, points, network)), 1.0)

    return embed


def chip(crop: np.ndarray, points: Points, network: Network) -> np.ndarray:
    """Return the face as the network wants it, uint8 RGB (side, side, 3), for points of "dlib_5"."""
    a, b = similarity(np.array(points), np.array(network.template))
    place = square_in_frame(a, b, 0, 0, network.side)
    return cv2.cvtColor(cut(crop, place, network.side, "black", cv2.INTER_LINEAR), cv2.COLOR_BGR2RGB)


def _centred(crop: np.ndarray) -> Face:
    height, width = crop.shape[:2]
    side = min(height, width) * CENTRE
    return Face((width - side) / 2, (height - side) / 2, side, side, 0.0, found_by="dlib")
