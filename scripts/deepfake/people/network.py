"""The network that turns a face into numbers: dlib's from the pinned package, or a file of the user's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepfake.extraction.package_models import FACE_RESNET, package_model
from deepfake.people.dlib_resnet import NUMBERS, SIDE, dlib_resnet_onnx
from deepfake.people.onnx_network import open_network, session

DLIB_TEMPLATE = (
    (0.85957, 0.21350),
    (0.64606, 0.22897),
    (0.12058, 0.21373),
    (0.33409, 0.22906),
    (0.49011, 0.62780),
)
"""Where dlib's five points come to lie in the middle two thirds of its chip, as parts of that part's side."""


@dataclass(frozen=True)
class Network:
    """A network for faces.

    `side` is that of its input in pixels, and `template` where dlib's five points lie in it. `run` takes
    chips, uint8 RGB (n, side, side, 3), and returns their vectors, float32 (n, numbers).
    """

    side: int
    template: tuple[tuple[float, float], ...]
    numbers: int
    run: Callable[[np.ndarray], np.ndarray]

    def vector(self, chip: np.ndarray) -> np.ndarray:
        """Return the unit vector of a chip, float32 (d,): the mean of those of the chip and its mirror image.

        `chip` is uint8 RGB (side, side, 3).
        """
        mean = self.run(np.stack([chip, chip[:, ::-1]])).astype(np.float64).mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)


def load_network(cfg: dict) -> Network:
    """Return the network of the config section `people`, which runs on one core.

    Raises UserError, which names the key, if it can't be had.
    """
    if cfg.get("model"):
        return Network(*open_network(cfg["model"], cfg["input"]))
    path = package_model(FACE_RESNET, "people.model")
    template = tuple(((x + 0.25) / 1.5 * SIDE, (y + 0.25) / 1.5 * SIDE) for x, y in DLIB_TEMPLATE)
    dlib = session(dlib_resnet_onnx(path))
    return Network(SIDE, template, NUMBERS, lambda chips: dlib.run(None, {"chips": chips})[0])
