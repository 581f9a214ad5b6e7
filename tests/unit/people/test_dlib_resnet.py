"""dlib's network for faces in ONNX gives the numbers that dlib's own code gives."""

import zipfile

import cv2
import dlib
import numpy as np
import pytest

from deepfake.extraction.package_models import FACE_RESNET, package_model
from deepfake.people.dlib_resnet import SIDE, dlib_resnet_onnx
from deepfake.people.network import Network, load_network


@pytest.fixture(scope="module")
def network() -> Network:
    return load_network({})


@pytest.fixture(scope="module")
def original() -> "dlib.face_recognition_model_v1":
    return dlib.face_recognition_model_v1(str(package_model(FACE_RESNET, "people")))


def farthest(chips: list[np.ndarray], network: Network, original: "dlib.face_recognition_model_v1") -> float:
    """The largest difference of any of the numbers; dlib takes a chip of its own size as it is."""
    own = np.array([original.compute_face_descriptor(chip) for chip in chips])
    return float(np.abs(network.run(np.stack(chips)) - own).max())


def test_the_numbers_are_those_of_dlib_on_noise(network, original):
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (2, 6, 6, 3), np.uint8)
    chips = [cv2.resize(each, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for each in rough]
    chips += [rng.integers(0, 256, (SIDE, SIDE, 3), np.uint8)]
    assert farthest(chips, network, original) < 1e-5


def test_the_numbers_are_those_of_dlib_on_photos(data, network, original):
    with zipfile.ZipFile(data / "lfw.zip") as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".jpg"))[::280]
        photos = [cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 1) for name in names]
    chips = [cv2.resize(photo[60:190, 60:190, ::-1], (SIDE, SIDE)) for photo in photos]
    assert len(chips) == 6 and farthest(chips, network, original) < 1e-5


def test_a_mirrored_chip_has_the_same_unit_vector(network):
    chip = np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 3), np.uint8)
    vector = network.vector(chip)
    assert vector.dtype == np.float32 and vector.shape == (128,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert np.allclose(network.vector(chip[:, ::-1]), vector, atol=1e-6)


def test_another_file_is_refused(tmp_path):
    whole = package_model(FACE_RESNET, "people").read_bytes()
    for name, content in {"empty": b"", "other": b"\0" * 1000, "cut": whole[: len(whole) // 2]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError):
            dlib_resnet_onnx(tmp_path / name)
