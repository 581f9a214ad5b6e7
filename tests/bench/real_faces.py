"""Real faces and their vectors, for the benches of people: DFDC's crops and LFW's photos.

They are in $DEEPFAKE_TEST_DATA, or in shared/data beside the project. What takes minutes is kept in a folder
of the user's, as .npy: delete it after a change of the embedder.
"""

import io
import os
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from deepfake.extraction.landmarks import dlib_predictor
from deepfake.extraction.package_models import FIVE_POINTS, package_model
from deepfake.people.embedder import chip, load_embedder
from deepfake.people.face_in_crop import face_finder
from deepfake.people.network import Network, load_network

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("DEEPFAKE_TEST_DATA", ROOT.parent / "shared" / "data"))
DFDC, LFW = DATA / "dfdc_crops.zip", DATA / "lfw.zip"
LFW_FACE = 0.45  # of a photo's side: the face in its middle
MARGIN = 1.3


def dfdc() -> pd.DataFrame:
    """Return DFDC's crops: `file`, `label` (0 or 1) and `original`, a real crop's own name for itself."""
    with zipfile.ZipFile(DFDC) as crops:
        table = pd.read_csv(io.BytesIO(crops.read("metadata.csv")), dtype=str, keep_default_na=False)
    table["label"] = (table["label"] == "FAKE").astype(int)
    table["original"] = table["original"].where(table["label"] == 1, table["file"])
    return table


def lfw() -> pd.DataFrame:
    """Return LFW's photos: `file` and `person`."""
    with zipfile.ZipFile(LFW) as photos:
        files = sorted(name for name in photos.namelist() if name.endswith(".jpg"))
    return pd.DataFrame({"file": files, "person": [name.split("/")[-2] for name in files]})


def images(path: Path, files: list[str], read: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return what `read` makes of each image, uint8 BGR; the photos of LFW are cut to crops first."""
    with zipfile.ZipFile(path) as archive, ThreadPoolExecutor(2) as pool:
        encoded = [archive.read(name) for name in files]
        return np.stack(list(pool.map(lambda data: read(_decoded(data, path)), encoded)))


def vectors(path: Path, files: list[str], cache: Path) -> np.ndarray:
    """Return the unit vectors of the people's faces, float32 (n, d); zeros where no face is seen."""
    embed = load_embedder({})
    return kept(cache / f"{path.stem}.npy", lambda: images(path, files, lambda crop: embed(crop).vector))


def plain_vectors(path: Path, files: list[str], cache: Path) -> np.ndarray:
    """Return dlib's own vectors, float32 (n, 128): of the face as it is, and not of unit length.

    Where no face is seen they are all infinite: far from everything.
    """
    network = load_network({})
    make = partial(_of_chips, path, files, network, lambda pixels: network.run(pixels[None])[0])
    return kept(cache / f"{path.stem}_plain.npy", make)


def other_vectors(path: Path, files: list[str], cache: Path, cfg: dict) -> np.ndarray:
    """Return the unit vectors of another network, float32 (n, d); infinite where no face is seen.

    `cfg` has the keys `model` and `input` of the config section `people`. A vector is the mean of those of
    the face and its mirror image, whatever the quality of the picture.
    """
    network = load_network(cfg)
    make = partial(_of_chips, path, files, network, network.vector)
    return kept(cache / f"{path.stem}_{Path(cfg['model']).stem}.npy", make)


def _of_chips(
    path: Path, files: list[str], network: Network, look: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return what `look` makes of the face of each image as the network wants it; infinite without one."""
    find, predict = face_finder(), dlib_predictor(str(package_model(FIVE_POINTS, "people")))

    def read(crop: np.ndarray) -> np.ndarray:
        face = find(crop)
        if face is None:
            return np.full(network.numbers, np.inf, np.float32)
        return look(chip(crop, predict(crop, face), network))

    return images(path, files, read)


def kept(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Return the array of a file, which is made first if it isn't there."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, make())
    return np.load(path)


def _decoded(data: bytes, path: Path) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if path != LFW:
        return image
    edge = round(len(image) * (1 - LFW_FACE * MARGIN) / 2)
    return np.ascontiguousarray(image[edge : len(image) - edge, edge : len(image) - edge])
