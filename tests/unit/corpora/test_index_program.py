"""scripts/index.py and scripts/unpack.py, run one after the other on archives and folders."""

import json
import os
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deepfake import tables

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
LIMITS = {"members": 1000, "member_gb": 0.01, "total_gb": 0.05, "ratio": 200}
NOISE = random.Random(0).randbytes(5_000)
SECTION = {"seed": 42, "max_videos": None, "shard_size": 64, "columns": None}
SECTION |= {"frames": {"count": 10, "boost": 8}}


def program(name, *args, cwd):
    command = [sys.executable, str(SCRIPTS / f"{name}.py"), *map(str, args)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def run_index(folder, *sources, layout="imagefolder", **changes):
    cfg = SECTION | {"layout": layout, "limits": LIMITS, **changes}
    args = ["--corpus", "mine", "--config", json.dumps(cfg), "--sources", *sources, "--output", "out/mine"]
    return program("index", *args, cwd=folder)


def run_unpack(folder):
    args = ["--table", "out/mine/all.csv", "--sources", "out/mine/sources.json"]
    return program("unpack", *args, "--output", "videos/all", cwd=folder)


def corpus(path, content=NOISE):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for n, label in enumerate(["real", "fake", "fake"]):
            file.writestr(f"{label}/영상 {n}.MP4", content[n:])
    return path


def test_index_then_unpack(tmp_path):
    corpus(tmp_path / "내 것.zip")
    done = run_index(tmp_path, "내 것.zip")
    assert (done.returncode, done.stdout) == (0, "mine: 3 videos, 1 real, 2 fake, 0 unlabelled, 1 shards\n")
    done = run_unpack(tmp_path)
    assert done.returncode == 0, done.stderr
    rows = tables.read_rows(tmp_path / "videos/all/unpacked.csv")
    data = [(tmp_path / "videos/all" / row["file"]).read_bytes() for row in rows]
    assert sorted(data) == sorted(NOISE[n:] for n in range(3))
    assert len(os.listdir(tmp_path / "videos/all")) == 4
    before = {p.name: p.read_bytes() for p in (tmp_path / "out/mine").iterdir()}
    os.utime(tmp_path / "내 것.zip", (1, 1))
    run_index(tmp_path, "내 것.zip")
    assert {p.name: p.read_bytes() for p in (tmp_path / "out/mine").iterdir()} == before


def test_a_damaged_member_a_missing_one_and_a_changed_one_are_rows(tmp_path):
    path = corpus(tmp_path / "a.zip")
    run_index(tmp_path, "a.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("real/영상 0.MP4", NOISE)
        file.writestr("fake/영상 2.MP4", b"another video")
    data = bytearray(path.read_bytes())
    data[1000] ^= 0xFF
    path.write_bytes(data)
    done = run_unpack(tmp_path)
    assert done.returncode == 0 and "0 of 3 videos unpacked" in done.stderr
    reasons = sorted(row["reason"] for row in tables.read_rows(tmp_path / "videos/all/unpacked.csv"))
    assert reasons[0].startswith("CRC-32 ") and "as in the index" in reasons[0]
    assert reasons[1].startswith("damaged in the archive") and reasons[2] == "not in the archive any more"
    assert os.listdir(tmp_path / "videos/all") == ["unpacked.csv"]


def test_a_folder_is_linked_and_a_changed_file_is_a_row(tmp_path):
    with zipfile.ZipFile(corpus(tmp_path / "a.zip")) as file:
        file.extractall(tmp_path / "내 폴더")
    assert run_index(tmp_path, "내 폴더/").returncode == 0
    (tmp_path / "내 폴더/real/영상 0.MP4").write_bytes(b"another")
    assert "2 of 3 videos unpacked" in run_unpack(tmp_path).stderr
    links = [p for p in (tmp_path / "videos/all").iterdir() if p.is_symlink()]
    assert len(links) == 2 and all(link.exists() for link in links)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gone.zip", "gone.zip: the archive can't be opened: No such file or directory"),
        (
            "cut.zip",
            "cut.zip: not a whole zip archive (File is not a zip file); cut off or damaged",
        ),
        ("many.zip", "many.zip: 3 members, more than limits.members = 2"),
        ("empty", "corpora.mine: no real and fake video found (0 rows)"),
        ("labels.zip", "labels.zip: metadata.json: damaged in the archive: Bad CRC-32"),
    ],
)
def test_errors_are_one_line_and_leave_no_index(tmp_path, source, message):
    corpus(tmp_path / "many.zip")
    (tmp_path / "cut.zip").write_bytes((tmp_path / "many.zip").read_bytes()[:-40])
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "labels.zip", "w") as file:
        file.writestr("metadata.json", "{  }")
    labels = (tmp_path / "labels.zip").read_bytes()
    (tmp_path / "labels.zip").write_bytes(labels.replace(b"{  }", b"{   "))
    done = run_index(tmp_path, source, layout="dfdc", limits={**LIMITS, "members": 2})
    assert done.returncode == 1 and message in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out/mine").exists() and not done.stdout
