"""Sampled frames: every video of a shard has rows, whatever is wrong with it; bytes are reproducible."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import write_striped_video

from deepfake import tables
from deepfake.extraction import images
from deepfake.extraction.frames import frames_of_stills, frames_of_video
from deepfake.extraction.tars import read_tar

ROOT = Path(__file__).resolve().parents[3]
CFG = {"strategy": "uniform", "format": "jpg", "quality": 90}
COUNT = 4
FILES = {"good": "good.mp4", "cut": "cut.mp4", "empty": "empty.mp4", "text": "text.mp4", "missing": ""}


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    return write_striped_video(tmp_path_factory.mktemp("video") / "good.mp4", index_first=True)


def test_a_video_gives_the_sampled_frames_and_their_rows(video):
    found = list(frames_of_video(video, "good", CFG, COUNT))
    assert [row["frame"] for row, _ in found] == [0, 9, 19, 29]
    for row, data in found:
        pixels = images.decode(data)
        assert row["image"] == f"good/{row['frame']:06d}.jpg"
        assert (row["height"], row["width"]) == pixels.shape[:2] == (64, 96)
        assert (row["status"], row["reason"], row["video_status"]) == ("ok", "", "ok")
        assert row["time"] == f"{row['frame'] / 25:.3f}"
        assert row["bytes"] == len(data) and set(row) == set(tables.FRAMES) - {"mask", "mask_sha256"}


def test_png_and_jpeg_frames_show_the_same_pixels(video):
    png, jpg = (list(frames_of_video(video, "good", CFG | {"format": f}, COUNT)) for f in ("png", "jpg"))
    for (one, lossless), (two, data) in zip(png, jpg, strict=True):
        error = images.decode(lossless).astype(int) - images.decode(data)
        assert one["frame"] == two["frame"] and abs(error).mean() < 8
    assert [row["phash"] for row, _ in jpg] == [images.perceptual_hash(data) for _, data in jpg]


def test_a_shorter_video_gives_all_its_frames(tmp_path):
    found = list(frames_of_video(write_striped_video(tmp_path / "short.mp4", frames=2), "short", CFG, COUNT))
    assert [row["frame"] for row, _ in found] == [0, 1]


def test_a_truncated_video_says_how_many_frames_are_left(tmp_path, video):
    (tmp_path / "cut.mp4").write_bytes(video.read_bytes()[: video.stat().st_size * 2 // 3])
    rows = [row for row, _ in frames_of_video(tmp_path / "cut.mp4", "cut", CFG, COUNT)]
    assert all("of 30 frames" in row["video_status"] for row in rows) and rows[0]["status"] == "ok"


@pytest.mark.parametrize("data", [b"", b"no video", bytes(5000)])
def test_a_file_that_is_no_video_is_one_row_with_a_reason(tmp_path, data):
    (tmp_path / "bad.mp4").write_bytes(data)
    ((row, image),) = frames_of_video(tmp_path / "bad.mp4", "bad", CFG, COUNT)
    assert row["status"] == "unreadable" and "can't be opened" in row["reason"] and not image


def still(data, **row):
    return {"video": "still", "frame": 7, "time": "", "status": "ok", "reason": "", **row}, data


@pytest.mark.parametrize("written", [".jpg", ".png", ".webp", ".bmp"])
def test_jpeg_and_png_stills_keep_their_bytes_and_others_become_png(written):
    data = cv2.imencode(written, np.full((20, 30, 3), 99, np.uint8))[1].tobytes()
    ((row, image),) = frames_of_stills([still(data)])
    kept = written in (".jpg", ".png")
    assert row["image"] == f"still/000007{written if kept else '.png'}" and row["time"] == ""
    assert (image == data) == kept and images.image_format(image) == row["image"][-3:]
    assert (row["width"], row["height"], row["status"], row["bytes"]) == (30, 20, "ok", len(image))


@pytest.mark.parametrize(
    "data", [b"", b"no image", images.encode(np.zeros((90, 90, 3), np.uint8), "png", 0)[:60]]
)
def test_a_file_that_is_no_image_is_one_row_with_a_reason(data):
    missing = still(b"", status="missing", reason="a link")
    (row, image), also = frames_of_stills([still(data), missing])
    assert row["status"] == "unreadable" and row["reason"] and row["frame"] == 7 and not image
    assert also == missing and set(row) <= set(tables.FRAMES)


@pytest.fixture
def shard(tmp_path, video) -> Path:
    """The folder of an unpacked shard with all kinds of damage, and its table beside it."""
    folder = tmp_path / "all"
    folder.mkdir()
    good = video.read_bytes()
    contents = {"good": good, "cut": good[: len(good) * 2 // 3], "empty": b"", "text": b"not a video"}
    for name, data in contents.items():
        (folder / FILES[name]).write_bytes(data)
    reasons = {"missing": "CRC-32 is 00000000, not 12345678"}
    rows = [{"video": name, "file": file, "reason": reasons.get(name, "")} for name, file in FILES.items()]
    tables.write_rows(folder / "unpacked.csv", tables.UNPACKED, rows)
    shard = [{"video": name, "kind": "video", "frames_wanted": COUNT} for name in FILES]
    tables.write_rows(tmp_path / "all.csv", tables.SHARD, shard)
    return folder


def run(folder: Path, out: str, **cfg) -> subprocess.CompletedProcess:
    home = folder.parent
    command = [sys.executable, ROOT / "scripts/frames.py", "--table", home / "all.csv", "--videos", folder]
    command += ["--config", json.dumps(CFG | cfg), "--output", home / f"{out}.tar"]
    return subprocess.run([*command, "--output-table", home / f"{out}.csv"], capture_output=True, text=True)


def test_every_video_of_a_shard_has_rows(shard):
    done = run(shard, "out")
    assert done.returncode == 0, done.stderr
    rows = tables.read_rows(shard.parent / "out.csv")
    assert [video for video in dict.fromkeys(row["video"] for row in rows)] == list(FILES)
    assert all(row["reason"] for row in rows if row["status"] != "ok")
    seen = Counter((row["video"], row["status"]) for row in rows)
    assert seen["good", "ok"] == COUNT
    assert [seen[name, "unreadable"] for name in ("empty", "text", "missing")] == [1, 1, 1]
    assert next(row["reason"] for row in rows if row["video"] == "missing").startswith("CRC-32")
    assert "missing : CRC-32" in done.stderr and "5 videos" in done.stderr


def test_the_tar_holds_the_images_of_the_table_in_its_order(shard):
    run(shard, "out")
    rows = [row for row in tables.read_rows(shard.parent / "out.csv") if row["image"]]
    stored = list(read_tar(shard.parent / "out.tar"))
    assert [name for name, _ in stored] == [row["image"] for row in rows]
    assert [images.image_columns(data)["sha256"] for _, data in stored] == [row["sha256"] for row in rows]


def test_two_runs_give_the_same_bytes(shard):
    for out in ("one", "two"):
        run(shard, out, strategy="random", seed=5)
    for end in ("csv", "tar"):
        one, two = ((shard.parent / f"{out}.{end}").read_bytes() for out in ("one", "two"))
        assert one == two


def test_a_missing_video_of_the_table_is_an_error_that_names_it(shard):
    tables.write_rows(shard / "unpacked.csv", tables.UNPACKED, [])
    done = run(shard, "out")
    assert done.returncode == 1 and "all/unpacked.csv has no row for good; delete" in done.stderr
    assert not (shard.parent / "out.tar").exists()
