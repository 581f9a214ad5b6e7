"""Face detection: crop geometry, the two detectors, and tracking against the whole search.

Real clips come from $DEEPFAKE_TEST_DATA, or from shared/data beside the project; tests that need them are
skipped without.
"""

import math

import cv2
import dlib
import numpy as np
import pytest
from conftest import DATA
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction import detectors, tracking
from deepfake.extraction.crops import crop_square, cut

CLIPS = sorted((DATA / "ffpp").glob("**/*.mp4"))
YUNET = DATA / "yunet_n_640_640.onnx"
YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
DLIB = {"detector": "dlib", "search": "full", "width": 640, "upsample": 1, "recount": 0}
YUNET_CFG = DLIB | {"detector": "yunet", "model": str(YUNET), "sha256": YUNET_SHA256, "min_score": 0.6}

real_clips = pytest.mark.skipif(not CLIPS, reason=f"no real clips under {DATA / 'ffpp'}")
real_model = pytest.mark.skipif(not YUNET.is_file(), reason=f"no YuNet model at {YUNET}")


@pytest.mark.parametrize(
    ("box", "frame", "margin", "square"),
    [
        ((40, 30, 20, 10), (100, 80), 1.3, (37, 22, 26)),  # inside: side 26 about (50, 35)
        ((41, 30, 21, 20), (100, 80), 1.0, (41, 30, 21)),  # odd: 103 // 2 - 10, 80 // 2 - 10
        ((2, 40, 20, 20), (200, 200), 2.0, (0, 30, 40)),  # moved in from the left, side kept
        ((40, 1, 20, 20), (200, 200), 2.0, (30, 0, 40)),  # moved in from the top
        ((170, 40, 20, 20), (200, 200), 2.0, (160, 30, 40)),  # just fits at the right
        ((175, 40, 20, 20), (200, 200), 2.0, (165, 30, 35)),  # made smaller at the right
        ((40, 178, 20, 20), (200, 200), 2.0, (30, 168, 32)),  # made smaller at the bottom
        ((-10, -10, 120, 120), (100, 80), 1.3, (0, 0, 80)),  # larger than the frame
        ((-8, 40, 20, 20), (200, 200), 1.0, (0, 40, 20)),  # a box that starts outside
    ],
)
def test_crop_square(box, frame, margin, square):
    assert crop_square(box, *frame, margin) == square


@pytest.mark.parametrize("box", [(300, 10, 20, 20), (10, 300, 20, 20), (10, 10, 0, 0)])
def test_crop_square_without_pixels(box):
    with pytest.raises(ValueError, match="no crop for the face box"):
        crop_square(box, 100, 100, 1.3)


@given(
    frame=st.tuples(st.integers(1, 4000), st.integers(1, 4000)),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    size=st.tuples(st.integers(1, 2000), st.integers(1, 2000)),
    margin=st.floats(1, 3),
)
def test_crop_square_lies_in_the_frame(frame, place, size, margin):
    left, top = (int(place[axis] * (frame[axis] - 1)) - size[axis] // 2 for axis in (0, 1))
    box = (left, top, *size)
    x, y, side = crop_square(box, *frame, margin)
    assert x >= 0 and y >= 0 and side >= 1 and x + side <= frame[0] and y + side <= frame[1]
    full = int(max(size) * margin)
    assert side <= full
    middle = [(2 * box[axis] + size[axis]) // 2 for axis in (0, 1)]
    if all(full // 2 <= middle[axis] <= frame[axis] - full for axis in (0, 1)):
        assert (side, x + full // 2, y + full // 2) == (full, *middle)


def test_cut():
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    assert np.array_equal(cut(frame, (10, 5, 32), 32), frame[5:37, 10:42])
    assert cut(frame, (0, 0, 60), 224).shape == (224, 224, 3)
    with pytest.raises(ValueError, match="not inside"):
        cut(frame, (50, 0, 60), 224)


@pytest.fixture(scope="module")
def clips():
    """{clip: 10 evenly spaced frames} of the real clips."""
    return {f"{clip.parents[2].name}/{clip.name}": frames_of(clip, 10) for clip in CLIPS}


@pytest.fixture(scope="module")
def whole(clips):
    """What dlib's whole search finds in each."""
    detector = detectors.load(DLIB)
    return {name: list(tracking.find_faces(frames, DLIB, detector)) for name, frames in clips.items()}


def frames_of(path, count):
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for number in range(total):
        video.grab()
        if number == round(len(frames) * (total - 1) / (count - 1)):
            frames.append(video.retrieve()[1])
    assert len(frames) == count
    return frames


@real_clips
def test_full_is_the_plain_recipe(clips, whole):
    hog = dlib.get_frontal_face_detector()
    for name, frames in clips.items():
        for frame, found in zip(frames, whole[name], strict=True):
            rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            scale = min(1.0, 640 / rgb.shape[1])
            faces = hog(cv2.resize(rgb, None, fx=scale, fy=scale), 1)
            assert found.counted == "frame" and found.n_faces == len(faces)
            face = max(faces, key=lambda face: face.width() * face.height())
            left, top = int(face.left() / scale), int(face.top() / scale)
            size = int(face.right() / scale) - left, int(face.bottom() / scale) - top
            assert found.faces[0].box == (left, top, *size)


@real_clips
def test_track_agrees_with_the_whole_search(clips, whole):
    cfg = DLIB | {"search": "track"}
    detector = detectors.load(cfg)
    near, identical, in_windows, total = 0, 0, 0, 0
    for name, frames in clips.items():
        tracked = list(tracking.find_faces(iter(frames), cfg, detector))
        for frame, full, track in zip(frames, whole[name], tracked, strict=True):
            total += 1
            in_windows += track.counted == "window"
            assert bool(full.faces) == bool(track.faces), "a face lost or made up"
            near += alike(full, track, frame)
            identical += full.faces[0].box == track.faces[0].box
    assert near >= 0.99 * total and identical >= 0.95 * total
    assert in_windows >= 0.8 * total, "hardly anything was saved"


def alike(full, track, frame):
    """Are the crops' centres within 10 % of the whole search's side, and the sides within 20 %?"""
    (x, y, side), (u, v, other) = (
        crop_square(found.faces[0].box, frame.shape[1], frame.shape[0], 1.3) for found in (full, track)
    )
    apart = math.hypot(x + side / 2 - u - other / 2, y + side / 2 - v - other / 2)
    return apart <= 0.1 * side and abs(other - side) <= 0.2 * side


@real_clips
@pytest.mark.parametrize("upsample", [0, 1, 2])
def test_the_window_has_the_pixels_and_the_boxes_of_the_pyramid(clips, upsample):
    """A face looked for about a place a little off has, to the pixel, the box of the whole search."""
    cfg = DLIB | {"search": "track", "upsample": upsample, "width": {0: 640, 1: 640, 2: 320}[upsample]}
    detector = detectors.load(cfg)
    for frames in clips.values():
        picture, _ = detectors.shrink(frames[0], cfg["width"])
        for spot in detector.whole(picture)[:1]:
            off = detectors.Spot(spot.left + 6, spot.top - 4, spot.right + 6, spot.bottom - 4, spot.score)
            again = tracking.nearest(spot, tracking.near_dlib(detector, picture, off))
            assert again.box == spot.box and abs(again.score - spot.score) < 0.1


@real_clips
def test_recount_and_cuts_search_the_whole_frame(clips):
    frames = next(iter(clips.values()))[:5]
    cfg = DLIB | {"search": "track", "recount": 2}
    counted = [found.counted for found in tracking.find_faces(frames, cfg)]
    assert counted == ["frame", "window", "frame", "window", "frame"]
    cfg["recount"] = 0
    black = np.zeros_like(frames[0])
    found = list(tracking.find_faces([frames[0], black, frames[0], frames[1][:, ::-1]], cfg))
    assert [each.counted for each in found[:3]] == ["frame"] * 3
    assert found[0] == found[2] and not found[1].faces and found[3].faces


@pytest.mark.parametrize("search", ["full", "track"])
@pytest.mark.parametrize("cfg", [DLIB, pytest.param(YUNET_CFG, marks=real_model)], ids=["dlib", "yunet"])
def test_no_face(cfg, search):
    noise = np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8)
    found = list(tracking.find_faces([noise, np.zeros((180, 320, 3), np.uint8)], cfg | {"search": search}))
    assert [(each.n_faces, each.counted) for each in found] == [(0, "frame")] * 2


@real_clips
@real_model
@pytest.mark.parametrize("search", ["full", "track"])
def test_yunet_finds_the_faces_that_dlib_finds(clips, whole, search):
    cfg = YUNET_CFG | {"search": search}
    detector = detectors.load(cfg)
    for name, frames in clips.items():
        for found, other in zip(tracking.find_faces(frames, cfg, detector), whole[name], strict=True):
            x, y, width, height = other.faces[0].box
            across, down = x + width / 2, y + height / 2
            assert any(f.x < across < f.x + f.width and f.y < down < f.y + f.height for f in found.faces)


def test_bad_config(tmp_path):
    model = tmp_path / "model.onnx"
    cases = [
        ({"model": None}, ValueError, "faces.model is not set.*face_detection_yunet_2023mar"),
        ({"model": str(model)}, FileNotFoundError, "faces.model: there is no file .*OpenCV model zoo"),
        ({"model": __file__, "sha256": None}, ValueError, "faces.sha256 is not set.* write [0-9a-f]{64}"),
        ({"model": __file__, "sha256": "0" * 64}, ValueError, "faces.sha256 is 0+, but .* has [0-9a-f]{64}"),
        ({"detector": "cascade"}, ValueError, "faces.detector is 'cascade': write one of dlib, yunet"),
    ]
    for change, error, message in cases:
        with pytest.raises(error, match=message):
            detectors.load(YUNET_CFG | change)
    with pytest.raises(ValueError, match="faces.search is 'near': write full or track"):
        next(tracking.find_faces([], DLIB | {"search": "near"}))


@pytest.mark.parametrize("frame", [np.zeros((60, 80), np.uint8), np.zeros((60, 80, 3), np.float32)])
def test_what_is_no_frame(frame):
    with pytest.raises(ValueError, match="a frame is uint8"):
        next(tracking.find_faces([frame], DLIB))
