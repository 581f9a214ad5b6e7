"""Landmarks of drawn people: where they were drawn, and where landmark models find them."""

import hashlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepfake.demo import rendering
from deepfake.demo.landmarks import CONVENTIONS, drawn_landmarks
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.video import render_frames
from deepfake.extraction.boxes import to_faces
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.landmarks import load_landmarker

SEED = 42
PEOPLE = range(8)
SHOWN = (0, 6, 12)  # frames of each person
DLIB = {"detector": "dlib", "search": "full", "upsample": 1, "landmarks": "five"}

turned = st.floats(-1, 1)


def video_of(person: int) -> VideoSpec:
    return VideoSpec("real", f"landmarks {person}", person, (480, 360), SHOWN[-1] + 1)


@pytest.fixture(scope="module")
def shots() -> list[tuple[VideoSpec, int, np.ndarray]]:
    """(video, index, frame uint8 BGR) of every person's shown frames."""
    return [
        (video, index, np.ascontiguousarray(frame[..., ::-1]))
        for video in map(video_of, PEOPLE)
        for index, frame in enumerate(render_frames(video, SEED))
        if index in SHOWN
    ]


def errors(shots, cfg: dict, convention: str) -> np.ndarray:
    """How far each found point is from the drawn one: (people, frames, points, 2), eye distances."""
    detector, landmarker = load_detector(cfg), load_landmarker(cfg)
    drawn = {video: drawn_landmarks(video, SEED, convention) for video, _, _ in shots}
    out = []
    for video, index, frame in shots:
        (face,) = to_faces(detector.find(frame), 1.0)
        eyes = drawn_landmarks(video, SEED, "yunet")[index, :2]
        found = np.array(landmarker(frame, face).points)
        out.append((found - drawn[video][index]) / np.hypot(*(eyes[1] - eyes[0])))
    return np.reshape(out, (len(PEOPLE), len(SHOWN), -1, 2))


@settings(max_examples=30, deadline=None)
@given(
    st.builds(rendering.State, x=turned, y=turned, roll=st.floats(-8, 8), yaw=turned, pitch=turned,
              mouth=st.floats(0, 1), scale=st.floats(0.9, 1.1)),
    st.tuples(st.floats(-80, 80), st.floats(-70, 130)),
)  # fmt: skip
def test_points_are_where_the_frame_shows_the_canvas(state, point):
    scene = rendering.Scene(np.zeros((360, 480, 3), np.uint8), (240, 160), 0.7)
    ((x, y),) = rendering.to_frame(np.array([point]), scene, state)
    across, down = rendering.sampling_map(scene, state, (slice(0, 360), slice(0, 480)))
    at = np.float32([[x]]), np.float32([[y]])
    shown = [cv2.remap(part, *at, cv2.INTER_LINEAR).item() for part in (across, down)]
    assert np.abs(np.subtract(shown, rendering.ORIGIN) - point).max() < 0.1  # face pixels


def test_landmarks_stand_in_the_order_of_their_convention():
    yunet, five, all_68 = (drawn_landmarks(video_of(3), SEED, name) for name in CONVENTIONS)
    assert yunet.shape == five.shape == (SHOWN[-1] + 1, 5, 2)
    assert np.array_equal(all_68[:, [45, 42, 36, 39, 33]], five)
    assert np.array_equal(all_68[:, [30, 48, 54]], yunet[:, 2:])
    drawn = all_68[:, ~np.isnan(all_68[0, :, 0])]
    assert drawn.shape[1] == 28 and np.isfinite(drawn).all()
    left, right = yunet[:, 0], yunet[:, 1]
    assert (left[:, 0] < yunet[:, 2, 0]).all() and (yunet[:, 2, 0] < right[:, 0]).all()
    assert (np.abs(all_68[:, [36, 39]].mean(1) - left) < 3).all()


def test_dlib_finds_the_five_points_where_they_were_drawn(shots):
    error = errors(shots, DLIB, "dlib_5")
    assert np.hypot(*np.moveaxis(np.median(error, axis=1), -1, 0)).max() < 0.05  # of each person and point
    distance = np.hypot(error[..., 0], error[..., 1])
    assert (distance < 0.05).mean() > 0.97 and distance.max() < 0.08


def test_yunet_finds_its_points_around_where_they_were_drawn(shots, data):
    model = data / "yunet_n_640_640.onnx"
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    cfg = {"detector": "yunet", "model": str(model), "sha256": digest, "min_score": 0.6, "landmarks": "five"}
    error = errors(shots, cfg, "yunet")
    # A photo that is shifted by some pixels moves YuNet's points by 4 % of the eye distance: only the middle
    # of many is exact.
    assert np.hypot(*np.median(error, axis=(0, 1)).T).max() < 0.05
    distance = np.hypot(error[..., 0], error[..., 1])
    assert np.median(distance) < 0.06 and distance.max() < 0.25
