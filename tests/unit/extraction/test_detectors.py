"""The face detectors, the geometry of crops, and tracking compared with the search of whole frames.

Real videos come from $DEEPFAKE_TEST_DATA, or from shared/data beside the project; without them, the tests
that need them are skipped.
"""

import math

import cv2
import dlib
import numpy as np
import pytest
import yaml
from conftest import DATA, ROOT
from hypothesis import given
from hypothesis import strategies as st

from deepfake.extraction import detectors
from deepfake.extraction.boxes import Box
from deepfake.extraction.crops import crop_and_resize, crop_square
from deepfake.extraction.detectors import DETECTORS, Detector, first_that_finds, load_detector, shrink
from deepfake.extraction.settings import DETECTOR_KEYS, DETECTOR_TITLES
from deepfake.extraction.tracking import Detections, FaceTracker, nearest

VIDEOS = sorted((DATA / "ffpp").glob("**/*.mp4"))
YUNET = DATA / "yunet_n_640_640.onnx"
YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
DLIB = {"detector": "dlib", "search": "full", "width": 640, "upsample": 1, "recount": 0}
YUNET_CFG = DLIB | {"detector": "yunet", "model": str(YUNET), "sha256": YUNET_SHA256, "min_score": 0.6}

real_videos = pytest.mark.skipif(not VIDEOS, reason=f"no real videos under {DATA / 'ffpp'}")
real_model = pytest.mark.skipif(not YUNET.is_file(), reason=f"no YuNet model at {YUNET}")


def find_faces(frames, cfg: dict, detector: Detector | None = None) -> list[Detections]:
    tracker = FaceTracker(detector or load_detector(cfg), cfg)
    return [tracker.find(frame) for frame in frames]


@pytest.mark.parametrize(
    ("box", "frame", "margin", "square"),
    [
        ((40, 30, 20, 10), (100, 80), 1.3, (37, 22, 26)),  # inside: side 26 around (50, 35)
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
def test_a_face_outside_the_frame_has_no_crop(box):
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


def test_crop_and_resize():
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    assert np.array_equal(crop_and_resize(frame, (10, 5, 32), 32), frame[5:37, 10:42])
    assert crop_and_resize(frame, (0, 0, 60), 224).shape == (224, 224, 3)
    with pytest.raises(ValueError, match="not inside"):
        crop_and_resize(frame, (50, 0, 60), 224)


@pytest.fixture(scope="module")
def videos() -> dict[str, list[np.ndarray]]:
    """10 evenly spaced frames of each real video."""
    return {f"{path.parents[2].name}/{path.name}": read_frames(path, 10) for path in VIDEOS}


@pytest.fixture(scope="module")
def full_search(videos) -> dict[str, list[Detections]]:
    """The faces that dlib finds in each, with a search of every whole frame."""
    detector = load_detector(DLIB)
    return {name: find_faces(frames, DLIB, detector) for name, frames in videos.items()}


def read_frames(path, count):
    video = cv2.VideoCapture(str(path))
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for number in range(total):
        video.grab()
        if number == round(len(frames) * (total - 1) / (count - 1)):
            frames.append(video.retrieve()[1])
    assert len(frames) == count
    return frames


@real_videos
def test_full_search_finds_the_faces_of_a_plain_script(videos, full_search):
    hog = dlib.get_frontal_face_detector()
    for name, frames in videos.items():
        for frame, found in zip(frames, full_search[name], strict=True):
            rgb = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
            scale = min(1.0, 640 / rgb.shape[1])
            faces = hog(cv2.resize(rgb, None, fx=scale, fy=scale), 1)
            assert found.counted == "frame" and len(found.faces) == len(faces)
            face = max(faces, key=lambda face: face.width() * face.height())
            left, top = int(face.left() / scale), int(face.top() / scale)
            size = int(face.right() / scale) - left, int(face.bottom() / scale) - top
            assert found.faces[0].xywh == (left, top, *size)


@real_videos
def test_tracking_agrees_with_full_search(videos, full_search):
    cfg = DLIB | {"search": "track"}
    detector = load_detector(cfg)
    near, identical, in_windows, total = 0, 0, 0, 0
    for name, frames in videos.items():
        tracked = find_faces(frames, cfg, detector)
        for frame, full, track in zip(frames, full_search[name], tracked, strict=True):
            total += 1
            in_windows += track.counted == "window"
            assert bool(full.faces) == bool(track.faces), "a face lost or invented"
            near += similar(full, track, frame)
            identical += full.faces[0].xywh == track.faces[0].xywh
    assert near >= 0.99 * total and identical >= 0.95 * total
    assert in_windows >= 0.8 * total, "hardly any search was saved"


def similar(full, track, frame):
    """Are the centres of the crops within 10 % of the full search's side, and the sides within 20 %?"""
    (x, y, side), (u, v, other) = (
        crop_square(found.faces[0].xywh, frame.shape[1], frame.shape[0], 1.3) for found in (full, track)
    )
    apart = math.hypot(x + side / 2 - u - other / 2, y + side / 2 - v - other / 2)
    return apart <= 0.1 * side and abs(other - side) <= 0.2 * side


@real_videos
@pytest.mark.parametrize("upsample", [0, 1, 2])
def test_a_local_search_with_dlib_finds_the_box_of_the_full_search(videos, upsample):
    """To the pixel, even if it starts a few pixels off."""
    cfg = DLIB | {"search": "track", "upsample": upsample, "width": {0: 640, 1: 640, 2: 320}[upsample]}
    detector = load_detector(cfg)
    for frames in videos.values():
        image, _ = shrink(frames[0], cfg["width"])
        for box in detector.find(image)[:1]:
            off = Box(box.left + 6, box.top - 4, box.right + 6, box.bottom - 4, box.score)
            found = nearest(box, detector.find_near(image, off))
            assert (found.left, found.top, found.right, found.bottom) == (
                box.left, box.top, box.right, box.bottom,
            )  # fmt: skip
            assert abs(found.score - box.score) < 0.1


@real_videos
def test_recounts_and_cuts_search_the_whole_frame(videos):
    frames = next(iter(videos.values()))[:5]
    cfg = DLIB | {"search": "track", "recount": 2}
    counted = [found.counted for found in find_faces(frames, cfg)]
    assert counted == ["frame", "window", "frame", "window", "frame"]
    cfg["recount"] = 0
    black = np.zeros_like(frames[0])
    found = find_faces([frames[0], black, frames[0], frames[1][:, ::-1]], cfg)
    assert [each.counted for each in found[:3]] == ["frame"] * 3
    assert found[0] == found[2] and not found[1].faces and found[3].faces


def test_tracking_needs_no_local_search_of_the_detector():
    """A detector with `find` alone is run on a window, which starts at a multiple of 32 pixels."""
    searched = []

    def find(image):
        searched.append(image.shape[:2])
        bright = np.argwhere(image[..., 0] > 128)
        (top, left), (bottom, right) = bright.min(0), bright.max(0)
        return [Box(left, top, right, bottom, 1.0)]

    frames = [np.zeros((480, 640, 3), np.uint8) for _ in range(3)]
    for number, frame in enumerate(frames):
        frame[200:250, 300 + 10 * number : 340 + 10 * number] = 255
    found = find_faces(frames, DLIB | {"search": "track"}, Detector(find, pad=0.5))
    assert [each.faces[0].xywh for each in found] == [(300 + 10 * n, 200, 39, 49) for n in range(3)]
    assert [each.counted for each in found] == ["frame", "window", "window"]
    assert searched == [(480, 640), (128, 128), (128, 128)]


@pytest.mark.parametrize("search", ["full", "track"])
@pytest.mark.parametrize("cfg", [DLIB, pytest.param(YUNET_CFG, marks=real_model)], ids=["dlib", "yunet"])
def test_no_face(cfg, search):
    noise = np.random.default_rng(1).integers(0, 256, (180, 320, 3), np.uint8)
    found = find_faces([noise, np.zeros((180, 320, 3), np.uint8)], cfg | {"search": search})
    assert [(each.faces, each.counted) for each in found] == [([], "frame")] * 2


@real_videos
def test_mmod_finds_the_faces_that_dlib_finds(videos, full_search):
    cfg = DLIB | {"detector": "mmod", "width": 320, "upsample": 0}
    detector = load_detector(cfg)
    for name, frames in list(videos.items())[:3]:
        x, y, width, height = full_search[name][0].faces[0].xywh
        region = frames[0][max(0, y - height) : y + 2 * height, max(0, x - width) : x + 2 * width]
        (found,) = find_faces([region], cfg, detector)
        left, top = x - max(0, x - width), y - max(0, y - height)
        (face,) = (f for f in found.faces if left < f.x + f.width / 2 < left + width)
        assert top < face.y + face.height / 2 < top + height
        assert face.found_by == "mmod" and 0.7 < face.width / width < 1.3


def test_mmod_searches_images_of_any_size(monkeypatch):
    """It scales what would take too much memory, and gives boxes in pixels of the image even so."""
    monkeypatch.setattr(detectors, "MAX_CNN_PIXELS", 200 * 300)
    noise = np.random.default_rng(1).integers(0, 256, (300, 500, 3), np.uint8)
    detector = load_detector(DLIB | {"detector": "mmod"})
    for image in (noise, noise[:8], noise[:, :8], noise[:1, :1], noise[:20, :20]):
        assert detector.find(image) == []


LEFT, RIGHT = Box(40, 40, 60, 60, 1.0, "first"), Box(120, 40, 140, 60, 0.9, "second")


def lit(image: np.ndarray, box: Box) -> bool:
    return bool(image[50, int(box.left) + 10, 0]) if image.shape[:2] == (180, 320) else bool(image.max())


def listed(asked: list) -> Detector:
    """Two detectors, each of which sees one lamp; `asked` gets the name of each that is asked."""

    def member(name: str, own: Box) -> Detector:
        def find(image: np.ndarray) -> list[Box]:
            asked.append(name)
            return [own] if lit(image, own) else []

        def find_near(image: np.ndarray, box: Box) -> list[Box]:
            asked.append(f"{name} near")
            return [own] if lit(image, own) else []

        return Detector(find, find_near)

    return first_that_finds({"first": member("first", LEFT), "second": member("second", RIGHT)})


def scene(*boxes: Box) -> np.ndarray:
    frame = np.zeros((180, 320, 3), np.uint8)
    for box in boxes:
        frame[40:60, int(box.left) : int(box.right)] = 255
    return frame


def test_the_next_detector_is_asked_only_where_those_before_it_find_nothing():
    asked: list[str] = []
    found = find_faces([scene(LEFT, RIGHT), scene(RIGHT), scene()], DLIB, listed(asked))
    assert [[face.found_by for face in each.faces] for each in found] == [["first"], ["second"], []]
    assert asked == ["first", "first", "second", "first", "second"]


def test_a_face_is_followed_by_the_detector_that_found_it():
    asked: list[str] = []
    frames = [scene(RIGHT), scene(LEFT, RIGHT), scene(LEFT), scene(LEFT, RIGHT)]
    found = find_faces(frames, DLIB | {"search": "track"}, listed(asked))
    by = [[face.found_by for face in each.faces] for each in found]
    assert by == [["second"], ["second"], ["first"], ["first"]]
    assert [each.counted for each in found] == ["frame", "window", "frame", "window"]
    assert asked == ["first", "second", "second near", "second near", "first", "first near"]


def test_the_name_of_any_detector_is_in_what_it_finds(monkeypatch):
    middle = Box(80, 60, 240, 180, 1.0)
    monkeypatch.setitem(DETECTORS, "middle", lambda cfg: Detector(lambda image: [middle]))
    for detector in ("middle", ["middle", "dlib"]):
        (found,) = find_faces([scene()], DLIB | {"detector": detector})
        assert [(face.xywh, face.found_by) for face in found.faces] == [((80, 60, 160, 120), "middle")]


@real_videos
@real_model
def test_a_list_of_real_detectors(videos):
    frames = next(iter(videos.values()))[:2]
    for search in ("full", "track"):
        cfg = YUNET_CFG | {"detector": ["dlib", "yunet"], "search": search, "upsample": 0}
        assert [face.found_by for each in find_faces(frames, cfg) for face in each.faces] == ["dlib"] * 2
        small = cfg | {"width": 200}  # the faces are too small for dlib
        found = find_faces(frames, small)
        assert found == find_faces(frames, small | {"detector": "yunet"}) and found[0].faces


@real_videos
@real_model
@pytest.mark.parametrize("search", ["full", "track"])
def test_yunet_finds_the_faces_that_dlib_finds(videos, full_search, search):
    cfg = YUNET_CFG | {"search": search}
    detector = load_detector(cfg)
    for name, frames in videos.items():
        for found, other in zip(find_faces(frames, cfg, detector), full_search[name], strict=True):
            x, y, width, height = other.faces[0].xywh
            across, down = x + width / 2, y + height / 2
            assert any(f.x < across < f.x + f.width and f.y < down < f.y + f.height for f in found.faces)


def test_errors_of_the_config_name_the_key(tmp_path):
    model = tmp_path / "model.onnx"
    cases = [
        ({"model": None}, ValueError, "faces.model is not set.*face_detection_yunet_2023mar"),
        ({"model": str(model)}, FileNotFoundError, "faces.model: there is no file .*OpenCV model zoo"),
        ({"model": __file__, "sha256": None}, ValueError, "faces.sha256 is not set.* write [0-9a-f]{64}"),
        ({"model": __file__, "sha256": "0" * 64}, ValueError, "faces.sha256 is 0+, but .* has [0-9a-f]{64}"),
        ({"detector": "cascade"}, ValueError, "faces.detector is 'cascade': write one of dlib, mmod, yunet"),
        ({"detector": ["dlib", "none"]}, ValueError, "faces.detector is .*'none'.*, or none alone"),
    ]
    for change, error, message in cases:
        with pytest.raises(error, match=message):
            load_detector(YUNET_CFG | change)
    with pytest.raises(ValueError, match="faces.search is 'near': write full or track"):
        find_faces([], DLIB | {"search": "near"})


def test_settings_and_schema_list_all_detectors():
    schema = yaml.safe_load((ROOT / "rules/config.schema.yaml").read_text(encoding="utf-8"))
    faces = schema["$defs"]["faces"]["properties"]
    assert set(DETECTORS) | {"none"} == set(DETECTOR_KEYS) == {*schema["$defs"]["detector"]["enum"], "none"}
    assert set(DETECTOR_TITLES) <= set(DETECTORS)
    assert set().union(*DETECTOR_KEYS.values()) <= set(faces)


@pytest.mark.parametrize("frame", [np.zeros((60, 80), np.uint8), np.zeros((60, 80, 3), np.float32)])
def test_an_array_that_is_no_frame_is_an_error(frame):
    with pytest.raises(ValueError, match="a frame is uint8"):
        find_faces([frame], DLIB)
