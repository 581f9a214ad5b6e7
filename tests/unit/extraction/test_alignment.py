"""Aligned crops: the same whatever the frame's turn, size and place, as other programs compute them."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction.alignment import (
    DLIB_5_TEMPLATE,
    FIVE_OF_68,
    TEMPLATE,
    aligned_place,
    cut,
    share_outside,
    similarity,
)
from deepfake.extraction.boxes import Face
from deepfake.extraction.faces import crop_face

CFG = {"align": "five_points", "border": "black", "margin": 1.3, "size": 224, "format": "png"}
EYES_AND_MOUTH = np.array([(300.0, 200.0), (380.0, 196.0), (342.0, 244.0), (310.0, 290.0), (372.0, 287.0)])


def face(points: np.ndarray, landmarker: str = "yunet") -> Face:
    return Face(0, 0, 10, 10, 1.0, "yunet", tuple(map(tuple, points.tolist())), landmarker)


def smooth_image(width: int = 720, height: int = 540) -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.float32)
    return cv2.normalize(cv2.GaussianBlur(noise, None, 6), None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def elsewhere(points: np.ndarray, size: int, margin: float) -> np.ndarray:
    """Template points of a crop as DeepfakeBench's formula gives them, and OpenCV's fit to them."""
    target = np.array(TEMPLATE) * size / 112 + size * (margin - 1) / 2
    target *= size / (size + size * (margin - 1))
    fitted, _ = cv2.estimateAffinePartial2D(points, target, method=cv2.LMEDS, refineIters=100)
    design = np.zeros((10, 4))  # least squares for (a, b, x, y) of x' = ax - by + x, y' = bx + ay + y
    design[0::2] = np.c_[points[:, 0], -points[:, 1], np.ones(5), np.zeros(5)]
    design[1::2] = np.c_[points[:, 1], points[:, 0], np.zeros(5), np.ones(5)]
    a, b, x, y = np.linalg.lstsq(design, target.ravel(), rcond=None)[0]
    assert fitted is not None
    return np.array([[a, -b, x], [b, a, y]])


def test_the_crop_is_that_of_a_least_squares_fit_of_the_five_of_68_points():
    points = np.random.default_rng(1).uniform(100, 400, (68, 2))
    points[list(FIVE_OF_68)] = EYES_AND_MOUTH
    frame = smooth_image()
    crop = crop_face(frame, face(points, "dlib_68"), CFG)
    other = elsewhere(EYES_AND_MOUTH, 224, 1.3)
    expected = cv2.warpAffine(frame, other, (224, 224), flags=cv2.INTER_CUBIC)
    assert np.abs(crop.pixels.astype(int) - expected).max() <= 2
    place = crop.place
    corners = np.array([(0, 0), (223, 0), (0, 223), (223, 223)])
    turned = corners @ (1, 1j) * (place.side / 224) * np.exp(1j * math.radians(place.angle))
    in_frame = np.c_[turned.real + place.x, turned.imag + place.y]
    assert np.abs(in_frame @ other[:, :2].T + other[:, 2] - corners).max() < 0.01


@given(
    angle=st.floats(-180, 180),
    scale=st.floats(0.5, 2),
    shift=st.tuples(st.floats(-200, 200), st.floats(-200, 200)),
)
def test_a_turned_scaled_and_shifted_frame_gives_the_same_place(angle, scale, shift):
    turn = cv2.getRotationMatrix2D((340, 240), angle, scale) + np.c_[np.zeros((2, 2)), shift]
    before = aligned_place(face(EYES_AND_MOUTH), 1.3)
    after = aligned_place(face(EYES_AND_MOUTH @ turn[:, :2].T + turn[:, 2]), 1.3)
    assert after.side == pytest.approx(before.side * scale)
    assert (after.x, after.y) == pytest.approx(tuple(turn[:, :2] @ (before.x, before.y) + turn[:, 2]))
    difference = (after.angle - before.angle + angle + 180) % 360 - 180
    assert difference == pytest.approx(0, abs=1e-6)


@given(noise=st.lists(st.floats(-9, 9), min_size=10, max_size=10))
def test_a_mirrored_face_of_dlibs_five_points_gives_the_mirrored_place(noise):
    points = np.array(DLIB_5_TEMPLATE) * 3 + np.array(noise).reshape(5, 2)
    mirrored = (points * (-1, 1) + (720, 0))[[2, 3, 0, 1, 4]]
    before = aligned_place(face(points, "dlib_5"), 1.3)
    after = aligned_place(face(mirrored, "dlib_5"), 1.3)
    assert (after.side, after.angle) == pytest.approx((before.side, -before.angle))
    top_right = before.x + before.side * math.cos(math.radians(before.angle))
    assert after.x == pytest.approx(720 - top_right)


def test_a_turned_scaled_and_shifted_frame_gives_the_same_pixels():
    frame = smooth_image()
    turn = cv2.getRotationMatrix2D((340, 240), 20, 1.5) + np.c_[np.zeros((2, 2)), (160, 140)]
    turned = cv2.warpAffine(frame, turn, (1300, 1000), flags=cv2.INTER_CUBIC)
    plain = crop_face(frame, face(EYES_AND_MOUTH), CFG).pixels
    again = crop_face(turned, face(EYES_AND_MOUTH @ turn[:, :2].T + turn[:, 2]), CFG).pixels
    difference = np.abs(plain.astype(int) - again)
    assert difference.mean() < 0.5 and difference.max() < 4  # a shift by a quarter of a pixel gives 1.2


@pytest.mark.parametrize("border", ["black", "replicate", "reflect"])
def test_a_crop_at_the_edge_is_filled_and_says_how_much(border):
    frame = np.full((540, 720, 3), 90, np.uint8)
    upright = np.array(TEMPLATE) * 2 + (-112, 100)  # half of the template's square is left of the frame
    crop = crop_face(frame, face(upright), CFG | {"border": border, "margin": 1.0})
    assert crop.filled == pytest.approx(0.5, abs=0.01)
    assert (crop.pixels == 0).mean() == pytest.approx(0.5 if border == "black" else 0, abs=0.01)
    assert share_outside(crop.place, 224, 720, 540) == crop.filled


@given(x=st.floats(-400, 900), y=st.floats(-400, 700), side=st.floats(20, 500), angle=st.floats(-180, 180))
def test_the_share_outside_is_what_the_border_fills(x, y, side, angle):
    place = aligned_place(face(np.array(TEMPLATE) * side / 112), 1.0)
    place = type(place)(x, y, side, angle)
    filled = share_outside(place, 64, 720, 540)
    white = cut(np.full((540, 720), 255, np.uint8), place, 64, "black", cv2.INTER_NEAREST)
    assert filled == pytest.approx((white == 0).mean(), abs=0.03)


def test_a_face_whose_aligned_crop_is_outside_or_whose_points_are_one_gives_no_crop():
    frame = np.zeros((540, 720, 3), np.uint8)
    with pytest.raises(ValueError, match="lies in the frame"):
        crop_face(frame, face(EYES_AND_MOUTH + 5000), CFG)
    with pytest.raises(ValueError, match="one place"):
        crop_face(frame, face(np.full((5, 2), 100.0)), CFG)


def test_points_on_the_template_are_not_moved():
    a, b = similarity(np.array(TEMPLATE), np.array(TEMPLATE))
    assert a == pytest.approx(1) and b == pytest.approx(0)
