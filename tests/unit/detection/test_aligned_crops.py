"""Crops by detection are those of a dataset, byte for byte, whatever the landmarks and the alignment."""

import hashlib
import json
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from made import media as made

from deepfake.detection.faces import faces_of_video, load_extractor, sample
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.extraction import faces as extraction
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.frames import frames_of_video
from deepfake.extraction.landmarks import load_landmarker
from deepfake.extraction.video import VideoReader

CASES = [
    (detector, landmarks, align, "track" if (landmarks == 68) ^ (align == "none") else "full")
    for detector, landmarks, align in product(("dlib", "yunet"), ("five", 68), ("none", "five_points"))
]
"""Every three settings in all their combinations."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    return made.write_video(tmp_path_factory.mktemp("clips") / "drawn.mp4", made.person(0, 8))


def yunet_of(data: Path) -> dict:
    model = data / "yunet_n_640_640.onnx"
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return {"detector": "yunet", "model": str(model), "sha256": digest, "min_score": 0.6}


@cache
def landmarker_of(settings: str):
    return load_landmarker(json.loads(settings))


@cache
def stored_frames(clip: Path) -> list[tuple[dict, bytes]]:
    return list(frames_of_video(clip, "v", made.FRAMES, made.FRAMES["count"]))


def crops_of_a_dataset(clip: Path, cfg: dict) -> list[tuple[dict, bytes]]:
    """The rows and crops that the step `faces` makes of the stored frames."""
    keys = ("detector", "landmarks", "align", "model", "sha256")
    landmarker = landmarker_of(json.dumps({key: cfg[key] for key in keys if key in cfg}))
    detector = load_detector(cfg)
    return list(extraction.faces_of_video(stored_frames(clip), cfg, detector, landmarker=landmarker))


def crops_by_detection(clip: Path, cfg: dict) -> list[bytes]:
    """The crop of the largest face of each frame."""
    preprocessing = preprocessing_of({"preprocessing": made.recorded(faces=cfg)})
    extractor = load_extractor(preprocessing, [], made.FRAMES["count"])
    reader = VideoReader(str(clip))
    sampled = sample(reader, "v", extractor)
    found = faces_of_video(reader, "v", sampled, range(len(sampled)), extractor)
    return [frame.faces[0].crop for frame in found]


def check(clip: Path, cfg: dict) -> None:
    rows, crops = zip(*crops_of_a_dataset(clip, cfg), strict=True)
    five = "yunet" if cfg["detector"] == "yunet" else "dlib_5"
    assert {row["landmarker"] for row in rows} == {"dlib_68" if cfg["landmarks"] == 68 else five}
    assert all((row["crop_angle"] == 0) == (cfg["align"] == "none") for row in rows)
    assert crops_by_detection(clip, cfg) == list(crops) and all(crops)


@pytest.mark.parametrize(("detector", "landmarks", "align", "search"), CASES)
def test_crops_of_a_real_person_are_those_of_a_dataset(data, detector, landmarks, align, search):
    cfg = made.FACES | {"landmarks": landmarks, "align": align, "search": search}
    cfg |= yunet_of(data) if detector == "yunet" else {}
    check(data / "celebdf/Celeb-real/id58_0002.mp4", cfg)


def test_crops_of_a_list_of_detectors_are_those_of_a_dataset(data):
    """The frame is too small for dlib, so that YuNet finds the face."""
    cfg = made.FACES | yunet_of(data) | {"detector": ["dlib", "yunet"], "width": 160, "search": "track"}
    cfg |= {"landmarks": "five", "align": "five_points"}
    clip = data / "celebdf/Celeb-real/id58_0002.mp4"
    rows, crops = zip(*crops_of_a_dataset(clip, cfg), strict=True)
    assert {row["found_by"] for row in rows} == {"yunet"} == {row["landmarker"] for row in rows}
    assert crops_by_detection(clip, cfg) == list(crops)


@pytest.mark.parametrize(("landmarks", "smooth"), [("five", 0), ("five", 3), (68, 3)])
def test_crops_of_a_drawn_person_are_those_of_a_dataset(drawn, landmarks, smooth):
    cfg = made.FACES | {"landmarks": landmarks, "smooth": smooth}
    check(drawn, cfg | {"align": "five_points", "border": "reflect"})
