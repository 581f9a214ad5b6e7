"""Face crops of a shard: every frame has a row, with or without a crop, and a tar must fit its table."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepfake import tables
from deepfake.extraction import frame_faces, images
from deepfake.extraction.boxes import Box
from deepfake.extraction.detectors import Detector, load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.tars import new_tar, read_tar

ROOT = Path(__file__).resolve().parents[3]
CFG = {"detector": "dlib", "search": "full", "recount": 0, "width": 640, "upsample": 0, "max_faces": 2}
CFG |= {"margin": 1.3, "size": 64, "format": "jpg", "quality": 90}
CROPS = {"detector": "none", "size": 64, "format": "jpg", "quality": 90}
BOXES = [
    Box(20, 10, 60, 50, 2.0),
    Box(70, 20, 90, 40, 1.0),
    Box(0, 60, 8, 68, 0.5),
    Box(300, 300, 340, 340, 1),
]


def frames(count: int) -> list[tuple[dict, bytes]]:
    """Rows and images; the brightness of an image is ten times its number."""
    data = [images.encode(np.full((90, 120, 3), 10 * n, np.uint8), "png", 0) for n in range(count)]
    return [frame(n, image) for n, image in enumerate(data)]


def frame(number: int, data: bytes, **row) -> tuple[dict, bytes]:
    return {"video": "v", "frame": str(number), "time": "", "status": "ok", "reason": "", **row}, data


def crops_of(found: list[list[Box]], **cfg) -> list[tuple[dict, bytes]]:
    detector = Detector(lambda image: found[int(image[0, 0, 0]) // 10])
    return list(faces_of_video(frames(len(found)), CFG | cfg, detector))


def test_each_frame_has_a_row_and_only_usable_faces_a_crop():
    rows = crops_of([BOXES[:1], [], BOXES[:3], BOXES[1::-1], BOXES[3:]])
    assert [row["status"] for row, _ in rows] == ["ok", "no_face", "too_many_faces", "ok", "face_outside"]
    assert all(bool(data) == (row["status"] == "ok") for row, data in rows)
    assert all(row["reason"] for row, data in rows if not data)
    assert "3 faces, more than max_faces = 2" in rows[2][0]["reason"]
    assert (rows[3][0]["x"], rows[3][0]["faces"], rows[3][0]["counted"]) == (20, 2, "frame")  # the larger one
    assert images.decode(rows[0][1]).shape == (64, 64, 3)


def test_frames_without_an_image_come_last_with_their_reasons():
    stored = [frame(0, b"", status="missing", reason="a link"), *frames(1), frame(2, b"no image")]
    rows = list(faces_of_video(stored, CFG, load_detector(CFG)))
    assert [(row["frame"], row["status"]) for row, _ in rows] == [
        ("0", "no_face"), ("0", "missing"), ("2", "unreadable"),
    ]  # fmt: skip
    assert rows[1][0]["reason"] == "a link" and "not an image" in rows[2][0]["reason"]


def test_boxes_are_smoothed_along_a_clip_and_every_frame_keeps_its_row(monkeypatch):
    """Whether the frames wait decoded or encoded; a frame that can't be read is a gap."""
    found = [[Box(x, 10, x + 40, 50, 1.0)] for x in (20, 21, 30, 22, 23)] + [[]]
    detector = Detector(lambda image: found[int(image[0, 0, 0]) // 10])
    stored = [*frames(5), frame(5, b"no image"), *frames(6)[1:]]
    cfg = CFG | {"smooth": 3, "smoothing": "median"}
    rows = list(faces_of_video(stored, cfg, detector))
    assert [row.get("x") for row, _ in rows] == [20, 21, 22, 23, 23, 21, 22, 23, 23, None, None]
    assert [row["status"] for row, _ in rows] == ["ok"] * 9 + ["no_face", "unreadable"]
    assert [row["frame"] for row, _ in rows] == list("01234") + list("12345") + ["5"]
    monkeypatch.setattr(frame_faces, "PIXELS_WAITING", 0)
    assert list(faces_of_video(stored, cfg, detector)) == rows
    later = list(faces_of_video(stored, cfg | {"smoothing": "exponential"}, detector))
    assert [row.get("x") for row, _ in later] == [20, 20, 25, 23, 23, 21, 25, 23, 23, None, None]


@pytest.mark.parametrize("shape", [(1, 1), (3, 9000), (9000, 3), (9, 9000)])
def test_a_still_of_any_shape_is_a_row(shape):
    data = images.encode(np.zeros((*shape, 3), np.uint8), "png", 0)
    for cfg in (CFG, CFG | {"search": "track"}):
        ((row, image),) = faces_of_video([frame(0, data)], cfg, load_detector(cfg))
        assert row["status"] == "no_face" and not image
    ((row, image),) = faces_of_video([frame(0, data)], CROPS, None)
    assert row["status"] == "ok" and images.decode(image).shape == (64, 64, 3)


@pytest.mark.parametrize(("suffix", "kept"), [(".jpg", True), (".png", True), (".webp", False)])
def test_a_crop_of_the_right_size_keeps_its_bytes(suffix, kept):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    data = cv2.imencode(suffix, pixels)[1].tobytes()
    ((row, image),) = faces_of_video([frame(3, data)], CROPS, None)
    assert (image == data) == kept and row["image"] == f"v/000003{suffix if kept else '.jpg'}"
    assert row["sha256"] == hashlib.sha256(image).hexdigest() and row["bytes"] == len(image)
    assert [row.get(key, "") for key in ("x", "y", "width", "height", "faces", "counted", "score")] == [
        0, 0, 64, 64, "", "", "",
    ]  # fmt: skip
    assert set(row) <= set(tables.FACES)


@pytest.mark.parametrize(
    ("shape", "square"), [((32, 32), (0, 0, 32)), ((128, 128), (0, 0, 128)), ((100, 141), (20, 0, 100)),
                          ((90, 64), (0, 13, 64))],
)  # fmt: skip
def test_other_crops_are_center_cropped_and_resized(shape, square):
    height, width = shape
    pixels = np.zeros((*shape, 3), np.uint8)
    x, y, side = square
    pixels[y : y + side, x : x + side] = 200
    png = images.encode(pixels, "png", 0)
    ((row, image),) = faces_of_video([frame(0, png)], CROPS | {"format": "png"}, None)
    assert (row["crop_x"], row["crop_y"], row["crop_side"]) == square
    assert (row["width"], row["height"]) == (width, height)
    assert images.decode(image).shape == (64, 64, 3) and images.decode(image).min() == 200


def test_without_a_detector_dlib_is_not_loaded():
    code = "import sys; from deepfake.extraction import detectors, faces; "
    code += "detectors.load_detector({'detector': 'none'}); print('dlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_a_video_without_frames_has_no_rows():
    assert crops_of([]) == []


def make_frames(folder: Path) -> list[dict]:
    """Write the frames of three videos without any face: one is partly damaged, one is unreadable."""
    rows = []
    with new_tar(folder / "frames.tar") as add:
        for video, states in (
            ("a", ["ok", "damaged", "ok"]),
            ("b", ["unreadable"]),
            ("c", ["ok", "missing"]),
        ):
            for frame, status in enumerate(states):
                row = {"video": video, "status": status, "reason": "" if status == "ok" else f"is {status}"}
                row["frame"] = "" if status == "unreadable" else frame
                if status in ("ok", "damaged"):
                    row["image"], data = f"{video}/{frame:06d}.png", frames(1)[0][1]
                    row["sha256"] = hashlib.sha256(data).hexdigest()
                    add(row["image"], data)
                rows.append(row)
    tables.write_rows(folder / "frames.csv", tables.FRAMES, rows)
    return rows


def run(folder: Path, workers: int = 2, cfg: dict = CFG) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/faces.py", "--config", json.dumps(cfg), f"--workers={workers}"]
    command += [f"--frames={folder}/frames.tar", f"--frame-table={folder}/frames.csv"]
    command += [f"--output={folder}/faces.tar", f"--output-table={folder}/faces.csv"]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_frame_of_a_shard_has_a_row(tmp_path):
    before = make_frames(tmp_path)
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    after = {(row["video"], row["frame"]): row for row in tables.read_rows(tmp_path / "faces.csv")}
    assert len(after) == len(before)
    for row in before:
        now = after[row["video"], str(row["frame"])]
        same = (row["status"], row["reason"])
        assert (now["status"], now["reason"]) == (
            same if row["reason"] else ("no_face", "no face found by dlib")
        )
    assert list(read_tar(tmp_path / "faces.tar")) == []


def test_the_number_of_workers_changes_no_byte(tmp_path):
    make_frames(tmp_path)
    found = []
    for workers in (1, 3):
        done = run(tmp_path, workers, CROPS)
        assert done.returncode == 0, done.stderr
        found.append([(tmp_path / name).read_bytes() for name in ("faces.tar", "faces.csv")])
    assert found[0] == found[1] and len(list(read_tar(tmp_path / "faces.tar"))) == 3


def other_bytes(rows):
    return [{**rows[0], "sha256": "0" * 64}, *rows[1:]]


def extend(rows):
    return [*rows, {"video": "d", "frame": 0, "status": "ok", "image": "d/000000.png"}]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows[1:], "it holds a/000000.png where the table lists a/000001.png"),
        (lambda rows: rows[:-2], "it also holds c/000000.png, which the table doesn't list"),
        (other_bytes, "the checksum of a/000000.png is not the table's"),
        (extend, "it holds nothing where the table lists d/000000.png"),
    ],
)
def test_a_tar_that_does_not_fit_its_table_is_an_error(tmp_path, change, message):
    tables.write_rows(tmp_path / "frames.csv", tables.FRAMES, change(make_frames(tmp_path)))
    done = run(tmp_path)
    assert done.returncode == 1
    assert message in done.stderr and "frames.tar doesn't fit" in done.stderr and "run again" in done.stderr
    assert not (tmp_path / "faces.tar").exists() and not (tmp_path / "faces.csv").exists()


def test_a_detector_that_crashes_on_a_stored_frame_fails_the_job(tmp_path, monkeypatch):
    make_frames(tmp_path)
    bug = "import os\nfrom deepfake.extraction import images\nimages.decode = lambda *a, **k: os.abort()\n"
    (tmp_path / "sitecustomize.py").write_text(bug)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'scripts'}:{tmp_path}")
    done = run(tmp_path)
    assert done.returncode == 1 and ": the process that read it ended by SIGABRT" in done.stderr
    assert not (tmp_path / "faces.csv").exists()


def test_a_truncated_tar_is_an_error(tmp_path):
    make_frames(tmp_path)
    tar = tmp_path / "frames.tar"
    tar.write_bytes(tar.read_bytes()[:700])
    done = run(tmp_path)
    assert done.returncode == 1
    assert "frames.tar doesn't fit the table beside it: unexpected end of data" in done.stderr
    assert not (tmp_path / "faces.tar").exists()
