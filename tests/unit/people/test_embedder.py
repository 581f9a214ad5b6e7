"""Faces in crops: found wherever they lie, turned into vectors that know their person, or refused."""

import zipfile

import cv2
import numpy as np
import pytest

from deepfake.extraction import images
from deepfake.people.embedder import Embedder, load_embedder
from deepfake.people.face_in_crop import face_finder


@pytest.fixture(scope="module")
def embed() -> Embedder:
    return load_embedder({})


@pytest.fixture(scope="module")
def photos(data) -> list[list[np.ndarray]]:
    """Three photos, 250 x 250, of each of eight people."""
    with zipfile.ZipFile(data / "lfw.zip") as archive:
        people: dict[str, list[str]] = {}
        for name in sorted(name for name in archive.namelist() if name.endswith(".jpg")):
            people.setdefault(name.split("/")[-2], []).append(name)
        chosen = [names[:3] for names in people.values() if len(names) > 2][::40][:8]
        return [
            [cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), 1) for name in names]
            for names in chosen
        ]


def distance(embed: Embedder, one: np.ndarray, other: np.ndarray) -> float:
    return float(np.linalg.norm(embed(one).vector - embed(other).vector))


def test_photos_of_one_person_are_nearer_than_those_of_two(embed, photos):
    vectors = np.array([[embed(photo).vector for photo in person] for person in photos])
    apart = np.linalg.norm(vectors[:, None, :, None] - vectors[None, :, None, :], axis=-1)
    own = [apart[n, n][np.triu_indices(3, 1)] for n in range(len(photos))]
    others = apart[~np.eye(len(photos), dtype=bool)]
    assert np.median(own) < 0.33 and others.min() > 0.36
    assert np.allclose(np.linalg.norm(vectors, axis=-1), 1, atol=1e-6)


def test_how_much_a_crop_shows_around_the_face_matters_little(embed, photos):
    clear = [photo for person in photos for photo in person if embed(photo).quality > 0.9][:4]
    assert len(clear) == 4
    for photo in clear:
        for low, high, size in ((45, 205, 224), (60, 190, 224), (25, 225, 112), (60, 190, 600)):
            crop = cv2.resize(photo[low:high, low:high], (size, size), interpolation=cv2.INTER_CUBIC)
            assert distance(embed, photo, crop) < 0.15
        wide = cv2.copyMakeBorder(photo, 0, 0, 60, 60, cv2.BORDER_REPLICATE)  # no square
        assert distance(embed, photo, wide) < 0.15


def test_a_mirrored_photo_gives_about_the_same_vector(embed, photos):
    assert max(distance(embed, person[0], person[0][:, ::-1]) for person in photos) < 0.15


def test_quality_falls_as_a_picture_gets_worse(embed, photos):
    for person in photos[:4]:
        crop = cv2.resize(person[0][55:195, 55:195], (224, 224), interpolation=cv2.INTER_CUBIC)
        worse = [crop, *(cv2.GaussianBlur(crop, (0, 0), sigma) for sigma in (5, 9, 20))]
        qualities = [embed(each).quality for each in worse]
        assert qualities == sorted(qualities, reverse=True)
        assert qualities[0] > 0.6 and qualities[-1] == 0


def junk(photos: list[list[np.ndarray]]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    plain = [np.full((224, 224, 3), value, np.uint8) for value in (0, 128, 255)]
    noise = rng.integers(0, 256, (224, 224, 3), np.uint8)
    rough = cv2.resize(noise[:8, :8], (224, 224), interpolation=cv2.INTER_CUBIC)
    corners = [person[0][170:, 170:] for person in photos]
    return [*plain, noise, rough, *corners, np.zeros((1, 1, 3), np.uint8), np.zeros((3, 900, 3), np.uint8)]


def test_what_holds_no_face_is_near_nothing(embed, photos):
    for crop in junk(photos):
        vector, quality = embed(crop)
        assert quality == 0 and not vector.any()
        assert distance(embed, crop, photos[0][0]) > 0.99


def test_a_face_in_a_wrong_box_is_no_face(embed, data):
    with zipfile.ZipFile(data / "dfdc_crops.zip") as crops:
        dark = images.decode(crops.read("faces_224/yltmjvmuln.jpg"))  # found 30 pixels too far to the right
        other = images.decode(crops.read("faces_224/aslrunhhyl.jpg"))
    assert embed(dark).quality == 0 < embed(other).quality


def test_the_face_in_the_middle_is_taken(photos):
    find, photo, other = face_finder(), photos[0][0], photos[1][0]
    beside = np.hstack([other, photo, other])[:, 150:600]
    alone, found = find(photo), find(beside)
    assert abs(found.x - 100 - alone.x) < 12 and abs(found.width - alone.width) < 20
    assert find(np.hstack([photo, np.zeros_like(photo), np.zeros_like(photo)])) is None
