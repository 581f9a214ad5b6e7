"""Face crops of a shard: a row for every frame, whatever became of it, and a tar that must fit its table."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from deepfake import images, tables
from deepfake.detectors import Detector, Spot
from deepfake.faceset import faces_of_clip
from deepfake.tars import new_tar, read_tar

ROOT = Path(__file__).resolve().parents[2]
CFG = {"detector": "dlib", "search": "full", "recount": 0, "width": 640, "upsample": 0, "max_faces": 2}
CFG |= {"margin": 1.3, "size": 64, "format": "jpg", "quality": 90}
BOXES = [
    Spot(20, 10, 60, 50, 2.0),
    Spot(70, 20, 90, 40, 1.0),
    Spot(0, 60, 8, 68, 0.5),
    Spot(300, 300, 340, 340, 1),
]


def frames(count: int) -> list[tuple[dict, bytes]]:
    """Rows and images whose brightness is ten times their number."""
    data = [images.encode(np.full((90, 120, 3), 10 * n, np.uint8), "png", 0) for n in range(count)]
    return [({"video": "v", "frame": str(n), "time": ""}, image) for n, image in enumerate(data)]


def crops_of(found: list[list[Spot]], **cfg) -> list[tuple[dict, bytes]]:
    detector = Detector("dlib", lambda picture: found[int(picture[0, 0, 0]) // 10], None)
    return list(faces_of_clip(frames(len(found)), CFG | cfg, detector))


def test_each_frame_has_a_row_and_only_usable_faces_a_crop():
    rows = crops_of([BOXES[:1], [], BOXES[:3], BOXES[1::-1], BOXES[3:]])
    assert [row["status"] for row, _ in rows] == ["ok", "no_face", "too_many_faces", "ok", "face_outside"]
    assert all(bool(data) == (row["status"] == "ok") for row, data in rows)
    assert all(row["reason"] for row, data in rows if not data)
    assert "3 faces, more than max_faces = 2" in rows[2][0]["reason"]
    assert (rows[3][0]["x"], rows[3][0]["faces"], rows[3][0]["counted"]) == (20, 2, "frame")  # the larger one
    assert images.decode(rows[0][1]).shape == (64, 64, 3)


def test_a_clip_without_frames_has_no_rows():
    assert crops_of([]) == []


def make_frames(folder: Path) -> list[dict]:
    """The frame set of three videos without any face: one of them damaged in between, one unreadable."""
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
                    row["image"] = f"{video}/{frame:06d}.png"
                    add(row["image"], frames(1)[0][1])
                rows.append(row)
    tables.write_rows(folder / "frames.csv", tables.FRAMES, rows)
    return rows


def run(folder: Path) -> subprocess.CompletedProcess:
    command = [sys.executable, ROOT / "scripts/faces.py", "--config", json.dumps(CFG)]
    command += [f"--frames={folder}/frames.tar", f"--frame-table={folder}/frames.csv"]
    command += [f"--output={folder}/faces.tar", f"--output-table={folder}/faces.csv"]
    return subprocess.run(command, capture_output=True, text=True)


def test_every_frame_of_a_shard_is_accounted_for(tmp_path):
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


def extend(rows):
    return [*rows, {"video": "d", "frame": 0, "status": "ok", "image": "d/000000.png"}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows[1:], "it holds a/000000.png where the table has a/000001.png"),
        (lambda rows: rows[:-2], "it holds c/000000.png as well"),
        (extend, "it holds no more where the table has d/000000.png"),
    ],
)
def test_a_tar_out_of_step_with_its_table_is_an_error(tmp_path, change, said):
    tables.write_rows(tmp_path / "frames.csv", tables.FRAMES, change(make_frames(tmp_path)))
    done = run(tmp_path)
    assert done.returncode == 1
    assert said in done.stderr and "frames.tar doesn't fit" in done.stderr and "run again" in done.stderr
    assert not (tmp_path / "faces.tar").exists() and not (tmp_path / "faces.csv").exists()
