"""scripts/detect.py: its table, its files, its exit codes, and no process that outlives it."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ROOT
from made import media as made
from made.programs import run_program

from deepfake.tables import read_rows

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("detect")
    made.write_model(folder / "best.pt")
    made.write_video(folder / "clips/a.mp4", made.person(0, 6))
    (folder / "clips/notes.txt").write_text("text")
    return folder


def run(*options: object) -> int:
    return run_program("detect.py", *options)


def test_a_folder_is_judged_to_a_table_and_files(folder, tmp_path, capsys, caplog):
    options = [folder / "clips", "--model", folder / "best.pt", "--threads", 1, "--bootstrap", 50]
    options += ["--output-table", tmp_path / "v.csv", "--output-json", tmp_path / "v.json"]
    assert run(*options, "--output-page", tmp_path / "out/report.html") == 0
    header, line = capsys.readouterr().out.splitlines()
    assert caplog.messages[-1] == f"{folder / 'clips'}: 1 file is not an image or a video: 1 .txt"
    assert header.split()[:3] == ["name", "verdict", "score"]
    (row,), (verdict,) = read_rows(tmp_path / "v.csv"), json.loads((tmp_path / "v.json").read_text())
    assert row["verdict"] == verdict["verdict"] and row["verdict"] in line.split()
    assert row["name"] == verdict["name"] == str(folder / "clips/a.mp4")
    assert (row["frames"], row["judged"], verdict["judged"]) == ("4", "4", 4)
    assert f"{verdict['score']:.3f}" in line and "4/4" in line
    assert str(folder / "clips/a.mp4") in (tmp_path / "out/report.html").read_text()


def test_a_video_for_a_model_of_face_crops_is_not_searched_for_faces_and_that_is_said(
    folder, tmp_path, caplog
):
    made.write_image(tmp_path / "crop.png", made.person(0, 1)[0])
    options = ["--model", folder / "best.pt", "--threads", 1, "--corpus", "crops"]
    searched = ["--faces", '{"detector": "dlib"}', "--output-json", tmp_path / "searched.json"]
    assert run(folder / "clips/a.mp4", *options, *searched) == 0
    assert not caplog.messages
    (verdict,) = json.loads((tmp_path / "searched.json").read_text())
    assert all(look["box"] for person in verdict["people"] for look in person["looks"])
    assert run(folder / "clips/a.mp4", *options, "--output-page", tmp_path / "report.html") == 0
    assert "not searched for faces" in caplog.messages[-1]
    assert "not searched for faces" in (tmp_path / "report.html").read_text()
    caplog.clear()
    assert run(tmp_path / "crop.png", *options, "--output-page", tmp_path / "report.html") == 0
    assert not caplog.messages
    assert "not searched for faces" not in (tmp_path / "report.html").read_text()


def test_a_listed_file_that_is_missing_is_reported_and_the_exit_code_is_3(folder, tmp_path, capsys):
    (tmp_path / "list.txt").write_text(f"gone.mp4\n{folder}/clips/a.mp4\n")
    assert run("--list", tmp_path / "list.txt", "--model", folder / "best.pt", "--json", "--threads", 1) == 3
    gone, there = map(json.loads, capsys.readouterr().out.splitlines())
    assert gone["left_out"] == [{"frame": None, "reason": "there is no such file"}]
    assert (gone["verdict"], gone["score"]) == ("none", None) and there["verdict"] in ("real", "fake")


def test_an_error_is_one_line_and_leaves_no_file(folder, tmp_path, caplog, capsys):
    made.write_model(tmp_path / "mute.pt", preprocessing={})
    for options, message in (
        (["--model", tmp_path / "none.pt"], "none.pt"),
        (["--model", tmp_path / "mute.pt"], "doesn't record how"),
        (["--model", folder / "best.pt", "--list", tmp_path / "none.txt"], "none.txt"),
        (["--model", folder / "best.pt", "--corpus", "x"], "not trained on a corpus 'x'"),
        (["--model", folder / "best.pt", "--faces", '{"margin": 9}'], "faces.margin is 9"),
    ):
        caplog.clear()
        assert run(folder, *options, "--output-table", tmp_path / "v.csv") == 1
        assert [message in record.getMessage() for record in caplog.records] == [True]
    for options in ([], [folder, "--threads", "0"], [folder, "--frames", "[1]"]):
        with pytest.raises(SystemExit) as stopped:
            run(*options, "--model", folder / "best.pt")
        assert stopped.value.code == 2
    assert not (tmp_path / "v.csv").exists()


def workers_of(parent: int) -> list[Path]:
    """The folders in /proc of the processes that a process has started."""
    tasks = Path(f"/proc/{parent}/task").glob("*/children")
    return [Path(f"/proc/{child}") for task in tasks for child in task.read_text().split()]


def is_alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found in Linux's /proc")
@pytest.mark.parametrize("how", ["interrupted", "killed"])
def test_no_process_outlives_it(folder, tmp_path, how):
    for name in range(3000):  # far more than are read before the signal comes
        (tmp_path / f"{name}.mp4").symlink_to(folder / "clips/a.mp4")
    command = [
        ROOT / "scripts/detect.py",
        tmp_path,
        "--model",
        folder / "best.pt",
        "--json",
        "--threads",
        "2",
    ]
    if how == "killed":
        command = ["-c", WITHOUT_TORCH, ROOT / "scripts", tmp_path, json.dumps(made.recorded())]
    with subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline()  # the first verdict
        workers = workers_of(process.pid)
        assert workers and all(map(is_alive, workers))
        assert until(lambda: not any("/torch/" in (worker / "maps").read_text() for worker in workers))
        process.send_signal(signal.SIGINT if how == "interrupted" else signal.SIGKILL)
        errors = process.communicate()[1]
    assert process.returncode == (130 if how == "interrupted" else -9)
    assert "Traceback" not in errors and ("interrupted" in errors) == (how == "interrupted")
    assert until(lambda: not any(map(is_alive, workers))), "workers are still alive"


def until(condition: Callable[[], bool]) -> bool:
    """Whether a condition holds within ten seconds: a new process is a copy of its parent at first."""
    return any(condition() or time.sleep(0.1) for _ in range(100))


WITHOUT_TORCH = """
import json, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from deepfake.inputs.geometry import Geometry
from deepfake.checkpoints.inference import LoadedModel
from deepfake.detection.detect import detect_media
from deepfake.detection.media import LIMITS, find_media
from deepfake.detection.preprocessing import preprocessing_of

metadata = {"preprocessing": json.loads(sys.argv[3]), "threshold": 0.5, "video_threshold": 0.5}
geometries = [Geometry(32, 32, "bilinear")]
model = LoadedModel(metadata, geometries, lambda batch: np.zeros(len(batch[0]), np.float32))
for verdict in detect_media(find_media(sys.argv[2:3], LIMITS), model, preprocessing_of(metadata), workers=2):
    assert "torch" not in sys.modules
    print(verdict.name, flush=True)
"""
