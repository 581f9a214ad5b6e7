"""detect.py, and what it takes: files, folders, zips and lists, however hostile, and settings of a model."""

import json
import os
import runpy
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from made import media as made

from deepfake import program
from deepfake.detection.media import IMAGE, VIDEO, find_media, read_list
from deepfake.detection.preprocessing import preprocessing_of
from deepfake.tables import read_rows

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[3]
MAIN = runpy.run_path(str(ROOT / "scripts/detect.py"))["main"]


# What media there are


def test_media_of_files_folders_and_zips_in_order(tmp_path):
    folder = tmp_path / "folder"
    for name in ("b.mp4", "a/c.JPG", "a/notes.txt", "a/._c.JPG", "a/more.tar"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    path = made.write_zip(
        tmp_path / "z.zip", {"y.png": b"y", "x/x.mov": b"x", "readme": b"", "in.zip": b"no"}
    )
    (tmp_path / "still").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "clip").write_bytes(b"\0\0\0 ftyp")
    (tmp_path / "zipped").write_bytes(made.write_zip(tmp_path / "o.zip", {"a.bmp": b"a"}).read_bytes())
    given = ["still", "folder", "clip", "still", "zipped"]
    found = find_media([tmp_path / name for name in given], made.LIMITS)
    names = ["still", "folder/a/c.JPG", "folder/a/more.tar", "folder/b.mp4", "clip", "zipped/a.bmp"]
    assert [medium.name for medium in found] == [str(tmp_path / name) for name in names]
    assert [medium.kind for medium in found] == [IMAGE, IMAGE, "", VIDEO, VIDEO, IMAGE]
    assert [medium.reason for medium in found if medium.reason] == [
        "an archive in a folder; name it by itself, or unpack it"
    ]
    (broken,) = find_media([path], made.LIMITS)  # a zip in it is none
    assert broken.name == str(path) and "not a whole zip" in broken.reason


def test_hostile_zips_and_folders_are_media_with_reasons(tmp_path):
    bomb = made.write_zip(tmp_path / "bomb.zip", {"a.mp4": bytes(3_000_000)}, zipfile.ZIP_DEFLATED)
    limits = made.LIMITS | {"total_gb": 0.001}
    ((whole,), (member,)) = find_media([bomb], limits), find_media([bomb], made.LIMITS)
    assert "limits.total_gb" in whole.reason and "limits.ratio" in member.reason
    out = made.write_zip(tmp_path / "out.zip", {"../../a.mp4": b"a", "/etc/b.png": b"b", "c.mp4": b"c"})
    reasons = {Path(medium.name).name: medium.reason for medium in find_media([out], made.LIMITS)}
    outside = "its path leads outside the archive"
    assert reasons == {"a.mp4": outside, "b.png": outside, "c.mp4": ""}
    (tmp_path / "loop/in").mkdir(parents=True)
    (tmp_path / "loop/in/again").symlink_to(tmp_path / "loop")
    (tmp_path / "loop/in/a.mp4").write_bytes(b"a")
    names = [medium.name for medium in find_media([tmp_path / "loop"], made.LIMITS)]
    assert names == [str(tmp_path / "loop/in/a.mp4")]
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe.mp4")
    odd = find_media([tmp_path / "empty", tmp_path / "gone", tmp_path / "pipe.mp4", "nul\0"], made.LIMITS)
    assert [medium.reason for medium in odd] == [
        "no video or image in this folder", "there is no such file", "can't be read: not a file",
        "there is no such file",
    ]  # fmt: skip


def test_a_list_has_a_path_a_line_below_its_folder(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes("\ufeff# comment\r\na b.mp4\r\n\r\n/c.png \n../d.mov".encode())
    assert read_list(path) == [str(tmp_path / "a b.mp4"), "/c.png", f"{tmp_path}/../d.mov"]
    for data in (b"\xff\xfe\0", b"a\0b.mp4", b"x" * 10**6):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=r"list.txt is no list"):
            read_list(path)


# How they are made ready


def test_settings_are_those_recorded_but_for_what_is_asked_for():
    facts = {"preprocessing": made.recorded()}
    assert preprocessing_of(facts) == {
        "shows": "faces", "frames": made.FRAMES, "faces": made.FACES, "stills": made.FACES,
    }  # fmt: skip
    assert preprocessing_of(facts, "crops")["faces"] == made.CROPS
    ready = preprocessing_of(facts, frames={"strategy": "interval", "every": 5}, crops=True)
    assert ready["stills"] == made.CROPS and ready["faces"] == made.FACES
    assert ready["frames"] == made.FRAMES | {"strategy": "interval", "every": 5, "max": None}
    yunet = made.FACES | {"detector": "yunet", "model": "there", "sha256": "0", "min_score": 0.6}
    facts = {"preprocessing": made.recorded(faces=yunet)}
    assert preprocessing_of(facts, face_model="here")["faces"] == yunet | {"model": "here"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"corpus": "other"}, "not trained on a corpus 'other'; write one of crops, drawn"),
        ({"frames": {"strategy": "all"}}, "frames.strategy is 'all'"),
        ({"frames": {"rate": 2}}, "unknown rate"),
        ({"frames": {"count": 0}}, "frames.count is 0"),
        ({"frames": {"strategy": "interval"}}, "frames.every is None"),
        ({"frames": {"strategy": "interval", "every": 2, "max": True}}, "frames.max is True"),
        ({"frames": {"strategy": "fractions", "at": ["1/0"]}}, "frames.at is"),
        ({"frames": {"format": "gif"}}, "frames.format is 'gif'"),
        ({"frames": {"quality": 101}}, "frames.quality is 101"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_settings_that_make_no_sense_are_named(asked, said):
    with pytest.raises(ValueError, match=said):
        preprocessing_of({"preprocessing": made.recorded()}, **asked)
    with pytest.raises(ValueError, match="doesn't record how"):
        preprocessing_of({"preprocessing": {}}, **asked)


HOSTILE = {
    "shows": made.recorded() | {"shows": "all"},
    "default": made.recorded() | {"default": ["drawn"]},
    "corpora": made.recorded() | {"corpora": ["drawn"]},
    "sections": made.recorded() | {"corpora": {"drawn": {"frames": made.FRAMES}}},
    "size": made.recorded(faces=made.FACES | {"size": 10**9}),
    "margin": made.recorded(faces=made.FACES | {"margin": float("nan")}),
    "detector": made.recorded(faces=made.FACES | {"detector": {}}),
    "model": made.recorded(faces=made.FACES | {"detector": "yunet", "model": 1, "sha256": "0"}),
}


@pytest.mark.parametrize("key", HOSTILE)
def test_a_model_from_anywhere_may_record_anything(key):
    with pytest.raises(ValueError, match="train the model again, or get it from someone you trust"):
        preprocessing_of({"preprocessing": HOSTILE[key]})


# The program


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("detect")
    made.write_model(folder / "best.pt")
    made.write_video(folder / "clips/a.mp4", made.person(0, 6))
    return folder


def run(*words: object) -> int:
    return program.run(MAIN, [str(word) for word in words])


def test_a_folder_is_judged_to_a_table_and_files(folder, tmp_path, capsys):
    words = [folder / "clips", "--model", folder / "best.pt", "--threads", 1, "--bootstrap", 50]
    words += ["--output-table", tmp_path / "v.csv", "--output-json", tmp_path / "v.json"]
    assert run(*words, "--output-page", tmp_path / "out/report.html") == 0
    header, line = capsys.readouterr().out.splitlines()
    assert header.split()[:3] == ["name", "verdict", "score"]
    (row,), (verdict,) = read_rows(tmp_path / "v.csv"), json.loads((tmp_path / "v.json").read_text())
    assert row["verdict"] == verdict["verdict"] and row["verdict"] in line.split()
    assert row["name"] == verdict["name"] == str(folder / "clips/a.mp4")
    assert (row["frames"], row["judged"], verdict["judged"]) == ("4", "4", 4)
    assert f"{verdict['score']:.3f}" in line and "4/4" in line
    assert str(folder / "clips/a.mp4") in (tmp_path / "out/report.html").read_text()


def test_what_a_list_names_and_is_not_there_is_told_and_the_exit_code_is_3(folder, tmp_path, capsys):
    (tmp_path / "list.txt").write_text(f"gone.mp4\n{folder}/clips/a.mp4\n")
    assert run("--list", tmp_path / "list.txt", "--model", folder / "best.pt", "--json", "--threads", 1) == 3
    gone, there = map(json.loads, capsys.readouterr().out.splitlines())
    assert gone["left_out"] == [{"frame": None, "reason": "there is no such file"}]
    assert (gone["verdict"], gone["score"]) == ("none", None) and there["verdict"] in ("real", "fake")


def test_what_stops_it_is_one_line_and_leaves_nothing(folder, tmp_path, caplog, capsys):
    made.write_model(tmp_path / "mute.pt", preprocessing={})
    for words, said in (
        (["--model", tmp_path / "none.pt"], "none.pt"),
        (["--model", tmp_path / "mute.pt"], "doesn't record how"),
        (["--model", folder / "best.pt", "--list", tmp_path / "none.txt"], "none.txt"),
        (["--model", folder / "best.pt", "--corpus", "x"], "not trained on a corpus 'x'"),
    ):
        caplog.clear()
        assert run(folder, *words, "--output-table", tmp_path / "v.csv") == 1
        assert [said in record.getMessage() for record in caplog.records] == [True]
    for words in ([], [folder, "--threads", "0"], [folder, "--frames", "[1]"]):
        with pytest.raises(SystemExit) as stopped:
            run(*words, "--model", folder / "best.pt")
        assert stopped.value.code == 2
    assert not (tmp_path / "v.csv").exists()


def workers_of(parent: int) -> list[Path]:
    """What /proc says of the processes that a process has begun."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [Path(f"/proc/{child}") for task in tasks for child in task.read_text().split()]


def lives(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in Linux's /proc")
@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_no_process_outlives_it(folder, tmp_path, how):
    for name in range(300):
        (tmp_path / f"{name}.mp4").symlink_to(folder / "clips/a.mp4")
    words = [ROOT / "scripts/detect.py", tmp_path, "--model", folder / "best.pt", "--json", "--threads", "2"]
    if how == "killed":
        words = ["-c", WITHOUT_TORCH, ROOT / "scripts", tmp_path, json.dumps(made.recorded())]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline()  # the first verdict
        workers = workers_of(process.pid)
        assert workers and all(map(lives, workers))
        process.send_signal(signal.SIGINT if how == "interrupted" else signal.SIGKILL)
        errors = process.communicate()[1]
    assert process.returncode == (130 if how == "interrupted" else -9)
    assert "Traceback" not in errors and ("interrupted" in errors) == (how == "interrupted")
    for _ in range(100):
        if not any(map(lives, workers)):
            return
        time.sleep(0.1)
    pytest.fail("processes live on")


WITHOUT_TORCH = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from deepfake.inputs.geometry import Geometry
from deepfake.checkpoints.inference import Opened
from deepfake.detection.detect import detect_media
from deepfake import program
from deepfake.detection.media import LIMITS, find_media
from deepfake.detection.preprocessing import preprocessing_of

facts = {"preprocessing": json.loads(sys.argv[3]), "threshold": 0.5, "video_threshold": 0.5}
model = Opened(facts, [Geometry(32, 32, "bilinear")], lambda batch: np.zeros(len(batch[0]), np.float32))
for verdict in detect_media(find_media(sys.argv[2:3], LIMITS), model, preprocessing_of(facts), workers=2):
    print(verdict.name, flush=True)
assert "torch" not in sys.modules
"""
