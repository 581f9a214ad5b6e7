"""The section Speed of docs/results.md: what tools lose, what programs cost, and its text."""

import json
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests/bench"))

from results import page, speed_losses
from results.speed_crops import find_crops
from results.speed_process import run_measured


def test_lost_frames_are_those_of_which_another_tool_has_a_face():
    """A crop without a face doesn't make a frame one that others lose; a frame beside the asked one is it."""
    asked = [[0, 10], [0, 20]]
    seen = {
        "all": {(0, 0): "whole", (0, 10): "whole", (1, 0): "none", (1, 20): "cut"},
        "late": {(0, 1): "whole", (1, 7): "whole"},
    }
    lost = speed_losses.compare(seen, asked)
    assert lost["all"] == {"crops": 4, "clips": 2, "lost": 0, "no_face": 1, "cut": 1, "other_frames": 0}
    assert lost["late"] == {"crops": 2, "clips": 2, "lost": 2, "no_face": 0, "cut": 0, "other_frames": 1}


def test_a_face_beyond_the_crop_is_cut(data):
    """The same face, whole and with its lower half left out; and a picture without any."""
    video = cv2.VideoCapture(str(next((data / "ffpp").rglob("519.mp4"))))
    frame = video.read()[1]
    yunet = data / "yunet_n_640_640.onnx"
    height, width = frame.shape[:2]
    detector = cv2.FaceDetectorYN.create(str(yunet), "", (width, height), 0.6)
    x, y, w, h = detector.detect(frame)[1][0][:4].astype(int)
    assert speed_losses.see(frame[y - h // 4 : y + h + h // 4, x - w // 4 : x + w + w // 4], yunet) == "whole"
    assert speed_losses.see(frame[y - h // 4 : y + h * 3 // 4, x - w // 4 : x + w + w // 4], yunet) == "cut"
    assert speed_losses.see(np.full((224, 224, 3), 128, np.uint8), yunet) == "none"


@pytest.mark.parametrize(
    ("file", "clip", "frame"),
    [
        ("fake_007_183_253/000043.jpg", 7, 43),
        ("fake/007_id51_id50_0002.mp4/fr167_subj0.jpg", 7, 167),
        ("007_519/012.png", 7, 12),
    ],
)
def test_crops_of_all_tools_are_placed_by_their_names(tmp_path, file, clip, frame):
    path = tmp_path / "crops" / file
    path.parent.mkdir(parents=True)
    path.touch()
    (crop,) = find_crops(tmp_path)
    assert (crop.clip, crop.frame, crop.path) == (clip, frame, path)


def test_cost_is_that_of_all_processes(tmp_path):
    """A program that leaves the work and the memory to another one is charged with them."""
    work = "import time; big = bytearray(b'x') * 2**27; end = time.process_time() + 0.5\n"
    work += "while time.process_time() < end: pass\ntime.sleep(0.5)"
    starts = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    usage = run_measured([sys.executable, "-c", starts], tmp_path, dict(os.environ))
    assert usage.cpu >= 0.5
    assert usage.peak > 128
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run_measured([sys.executable, "-c", "raise SystemExit('no model')"], tmp_path, dict(os.environ))
    assert "no model" in failed.value.output


def test_the_page_has_a_row_for_each_tool_and_says_what_is_absent(tmp_path):
    row = {"cpu": 0.5, "range": [0.4, 0.6], "peak": 200.0}
    decoder = row | {"name": "ours", "asked": 20, "frames": 20, "identical": 20}
    losses = {"clips": 1, "lost": 11, "no_face": 0, "cut": 3, "other_frames": 0}
    network = {"size": 256, "images": 64, "decoding_ms": 2.0}
    numbers = {
        "measured": {"date": "2026-11-28", "cores": 2, "python": "3.11.7"},
        "absent": ["decord: not measured."],
        "clips": {"number": 2, "different": 2, "corpora": {"Celeb-DF": 2}},
        "settings": {"frames": 10, "rounds": 1, "width": 640, "batch": 32},
        "decoders": [decoder, decoder | {"name": "seek", "cpu": 2.0}],
        "versions": {"opencv": "5.0"},
        "crops": [
            row | {"name": "ours, dlib full", "crops": 20},
            row | {"name": "plain", "crops": 9} | losses,
        ],
        "training": [
            network | {"network": "Meso-4", "speeds": {"ours": 90.0}},
            network | {"network": "B0", "speeds": {"ours": 9.0, "timm": 8.5}},
        ],
        "features": {"size": 224, "images": 64, "speeds": {"ours": 50.0}},
        "gpu": False,
    }
    (tmp_path / "speed.json").write_text(json.dumps(numbers), encoding="utf-8")
    text = page.render(tmp_path, "results")
    assert "2 clips (Celeb-DF: 2)" in text
    assert "| seek | 2.00 | 0.40 to 0.60 | 0.25 | 200 | 20 of 20 | 20 |\n" in text
    assert (
        "| ours, dlib full | 0.50 | 0.40 to 0.60 | 1.00 | 200 | 20 | – | – | – | – | – |\n| plain |" in text
    )
    assert "| plain | 0.50 | 0.40 to 0.60 | 1.00 | 200 | 9 | 1 | 11 | 0 | 3 | 0 |\n" in text
    assert "| --- | --- | --- |\n| ours | 90.0 | 9.0 |\n| timm | – | 8.5 |\n" in text
    assert "- decord: not measured.\n" in text and "GPU numbers: not measured" in text
