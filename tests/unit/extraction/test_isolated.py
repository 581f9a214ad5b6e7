"""One video or still never takes its shard with it: it crashes, hangs or is too large by itself, in a row."""

import json
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import ROOT, write_striped_video
from made.programs import run_program

from deepfake import tables
from deepfake.errors import UserError
from deepfake.extraction import images
from deepfake.extraction.frames import frames_of_video
from deepfake.extraction.isolated import read_isolated, tasks_of_stills
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.tars import read_tar
from deepfake.extraction.tasks import FRAMES, ExtractionTask, Settings

DECODER_WITH_BUGS = """
import os, signal, time
from deepfake.extraction import images, video

def with_bugs(function):
    def replaced(data, *args, **options):
        text = data.path if hasattr(data, "path") else data[:8]
        if text == b"deadly!!":
            os.kill(os.getpid(), signal.SIGSEGV)
        if text == b"endless!":
            time.sleep(1000)
        if text == b"strange!":
            raise KeyError("a bug")
        if text == b"greedy!!":
            bytearray(3 * 10**9)
        return function(data, *args, **options)
    return replaced

images.decode = with_bugs(images.decode)
encode = images.encode

def encode_with_bugs(pixels, *args):
    if pixels.shape[:2] == (66, 98) and pixels[0, 0, 0] >= 0:
        encode_with_bugs.frames += 1
        if encode_with_bugs.frames == 3:
            os.kill(os.getpid(), signal.SIGSEGV)
    return encode(pixels, *args)

encode_with_bugs.frames = 0
images.encode = encode_with_bugs
"""
LIMITS = MEDIA_LIMITS | {"seconds": 2, "memory_gb": 2}
CFG = {"strategy": "uniform", "format": "jpg", "quality": 90}
CROPS = {"detector": "none", "size": 32, "format": "png"}
ARCHIVES = {"members": 1000, "member_gb": 1, "total_gb": 1, "ratio": 200}


@pytest.fixture
def buggy(tmp_path, monkeypatch) -> Path:
    """A folder for a corpus, whose worker processes have a decoder with bugs."""
    bugs = tmp_path / "bugs"
    bugs.mkdir()
    (bugs / "sitecustomize.py").write_text(DECODER_WITH_BUGS)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'scripts'}:{bugs}")
    return tmp_path


def png(grey: int) -> bytes:
    return images.encode(np.full((32, 32, 3), grey, np.uint8), "png", 0)


FILES = {
    "a": png(1), "b": b"deadly!!", "c": png(2), "d": b"endless!", "e": b"strange!", "f": b"greedy!!",
    "g": b"not an image", "h": png(3), "i": b"",
}  # fmt: skip
REASONS = {
    "b": "ended by SIGSEGV", "d": "limits.seconds = 2", "e": "KeyError", "f": "limits.memory_gb = 2",
    "g": "not an image", "i": "empty",
}  # fmt: skip


def stills(folder: Path, files: dict[str, bytes]) -> tuple[Path, Path]:
    """A corpus of stills: the table of its shard and its sources.json."""
    source = folder / "corpus"
    source.mkdir()
    rows = []
    for name, data in files.items():
        (source / f"{name}.png").write_bytes(data)
        row = {"video": name, "kind": "image", "archive": "", "member": f"{name}.png", "bytes": len(data)}
        rows.append(row | {"crc32": f"{zlib.crc32(data):08x}", "frames_wanted": "1"})
    tables.write_rows(folder / "shard.csv", tables.SHARD, rows)
    sources = {"sources": [str(source)], "limits": ARCHIVES}
    (folder / "sources.json").write_text(json.dumps(sources))
    return folder / "shard.csv", folder / "sources.json"


@pytest.mark.parametrize("step", ["frames", "faces"])
def test_a_still_that_crashes_hangs_or_takes_all_memory_is_a_row_with_the_reason(buggy, step):
    table, sources = stills(buggy, FILES)
    out = buggy / "out"
    args = ["--table", table, "--sources", sources, "--limits", json.dumps(LIMITS)]
    args += ["--config", json.dumps(CFG if step == "frames" else CROPS)]
    args += ["--workers", "2"]
    code = run_program(f"{step}.py", *args, "--output", f"{out}.tar", "--output-table", f"{out}.csv")
    rows = {row["video"]: row for row in tables.read_rows(f"{out}.csv")}
    assert code == 0 and list(rows) == list(FILES)
    for name, row in rows.items():
        assert row["status"] == ("unreadable" if name in REASONS else "ok"), row
        assert REASONS.get(name, "") in row["reason"]
    assert dict(read_tar(f"{out}.tar")) == {f"{name}/000000.png": FILES[name] for name in "ach"}


def read(
    folder: Path, videos: dict[str, Path], limits: dict = MEDIA_LIMITS, workers: int = 1
) -> list[tuple[dict, bytes]]:
    tasks = [
        ExtractionTask(
            number, [{"video": name, "frames_wanted": "4", "frames_base": ""}], str(path), limits["seconds"]
        )
        for number, (name, path) in enumerate(videos.items())
    ]
    return list(read_isolated(Settings(FRAMES, CFG, CFG, "", limits), tasks, workers=workers))


@pytest.mark.parametrize("workers", [1, 3])
def test_a_crash_in_the_midst_of_a_video_keeps_the_frames_before_it(buggy, workers):
    good = write_striped_video(buggy / "good.mp4")
    bad = write_striped_video(buggy / "bad.mp4", width=98, height=66)
    rows = read(buggy, {"one": good, "two": bad, "three": good}, workers=workers)
    assert [row["video"] for row, _ in rows] == ["one"] * 4 + ["two"] * 3 + ["three"] * 4
    (first, _), (second, _), (last, data) = rows[4:7]
    assert first["status"] == second["status"] == "ok" and last["status"] == "missing" and not data
    assert "ended by SIGSEGV" in last["reason"] and "frame" not in last


def test_the_number_of_frames_extends_the_time(tmp_path, monkeypatch):
    extended = []
    monkeypatch.setattr(
        "deepfake.worker_pool.WorkerPool.extend", lambda pool, number, times: extended.append((number, times))
    )
    monkeypatch.setattr("deepfake.extraction.limits.FRAMES_PER_EXTENSION", 10)
    read(tmp_path, {"one": write_striped_video(tmp_path / "a.mp4", frames=25)})
    assert extended == [(0, 3)]


def test_a_missing_file_fails_the_job(tmp_path):
    with pytest.raises(UserError, match=r"gone\.mp4"):
        read(tmp_path, {"one": tmp_path / "gone.mp4"})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")
def test_real_decoders_stay_within_the_memory(tmp_path):
    """A PNG of 100 million pixels is within `pixels`, and takes 300 MB."""
    data = cv2.imencode(".png", np.zeros((10_000, 10_000), np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    table, sources = stills(tmp_path, {"a": png(1), "b": data.tobytes(), "c": png(2)})
    settings = Settings(FRAMES, CFG, CFG, str(sources), MEDIA_LIMITS | {"memory_gb": 0.3})
    rows = [row for row, _ in read_isolated(settings, tasks_of_stills(tables.read_rows(table), MEDIA_LIMITS))]
    assert [row["status"] for row in rows] == ["ok", "unreadable", "ok"]
    assert "limits.memory_gb = 0.3" in rows[1]["reason"]


def same(one: list[tuple[dict, bytes]], two: list[tuple[dict, bytes]]) -> bool:
    return [(dict(row), data) for row, data in one] == [(dict(row), data) for row, data in two]


def test_a_worker_process_gives_the_same_rows_and_bytes(tmp_path):
    path = write_striped_video(tmp_path / "a.mp4")
    assert same(read(tmp_path, {"one": path}), list(frames_of_video(path, "one", CFG, "4")))


def test_progress_counts_videos(tmp_path):
    table, sources = stills(tmp_path, {f"{n:03d}": png(n) for n in range(40)})
    done: list[int] = []
    count: Callable[[int], None] = done.append
    tasks = tasks_of_stills(tables.read_rows(table), MEDIA_LIMITS)
    rows = list(read_isolated(Settings(FRAMES, CFG, CFG, str(sources), MEDIA_LIMITS), tasks, count))
    assert len(rows) == sum(done) == 40 and len(done) == 4
