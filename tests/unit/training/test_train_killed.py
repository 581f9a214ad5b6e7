"""train.py killed and started again: it resumes, and ends with the same bytes."""

import re
import signal
import subprocess
import time
from pathlib import Path

import pandas as pd
import pytest
from made import decoded as made_decoded
from made.decoded import (
    MODEL,
    command,
    environment,
    forget_times,
    history_of,
    points,
    train_here,
    write_start,
)
from made.training import Killed, timeless_files

from deepfake.training import train as training
from deepfake.training.run_folder import claim

pytestmark = pytest.mark.usefixtures("one_thread")

MODEL_CHANGES = {
    "epochs": 6,
    "augment": "light",
    "self_blend": 0.2,
    "schedule": "plateau",
    "class_weights": "none",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


def start(made, folder: Path, model: dict) -> subprocess.Popen:
    with open(folder / "log", "a") as log:
        return subprocess.Popen(
            command(made, folder, model), env=environment(), stdout=log, stderr=subprocess.STDOUT
        )


def kill_after(process: subprocess.Popen, folder: Path, epochs: int) -> None:
    """End the process by SIGKILL once its history has this number of epochs."""
    table = folder / "run/history.csv"
    while not table.exists() or table.read_text().count("\n") <= epochs:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_killed_twice_it_ends_with_the_same_bytes_as_an_uninterrupted_run(made, tmp_path):
    model = MODEL_CHANGES | {"epochs": 12}
    whole = train_here(made, tmp_path / "whole", model)
    folder = tmp_path / "killed"
    folder.mkdir()
    for epochs in (2, 5):
        kill_after(start(made, folder, model), folder, epochs)
        assert not (folder / "out").exists()
    out = train_here(made, folder, model)
    assert timeless_files(whole) == timeless_files(out) and "weights.pt" in timeless_files(whole)
    assert forget_times(history_of(whole)) == forget_times(history_of(out))
    assert len(pd.read_csv(out / "history.csv")) == 12
    for key, values in points(out / "tensorboard").items():
        assert [step for step, _ in values] == list(range(1, 13)), key


@pytest.mark.parametrize("where", ["write_results", "copy_events", "delete_run"])
def test_killed_after_the_last_epoch_it_ends_with_the_same_bytes(made, tmp_path, monkeypatch, where):
    whole = train_here(made, tmp_path / "whole")
    calls = []

    def killed(*args):
        calls.append(args)
        raise Killed

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(training, where, killed)
        train_here(made, tmp_path / "killed")
    assert calls and timeless_files(whole) == timeless_files(train_here(made, tmp_path / "killed"))


def test_a_process_overtaken_after_the_last_epoch_leaves_the_newer_run_alone(
    made, tmp_path, monkeypatch, caplog
):
    def overtaken(run: Path, folder: Path) -> None:
        claim(run)

    monkeypatch.setattr(training, "copy_events", overtaken)
    train_here(made, tmp_path, code=1)
    assert "another process has begun to train there" in caplog.text
    assert (tmp_path / "run/state.ckpt").exists()


def trained_epochs(caplog) -> list[int]:
    return [int(n) for n in re.findall(r"made/tiny, epoch (\d+) of", caplog.text)]


@pytest.mark.parametrize("changed", ["nothing", "a setting", "the dataset", "the weights"])
def test_another_setting_dataset_or_weights_file_starts_from_the_beginning(
    made, tmp_path, monkeypatch, caplog, changed
):
    caplog.set_level("INFO")
    own = made_decoded.DecodedFiles(made.images, made.rows, tmp_path / "summary.json")
    own.plan_summary.write_text(made.plan_summary.read_text())
    model = MODEL | {"weights": str(tmp_path / "given.pt")}
    write_start(tmp_path / "given.pt", 1)
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(training, "write_results", kill)
        train_here(own, tmp_path, model)
    assert trained_epochs(caplog) == [1, 2, 3]
    if changed == "a setting":
        model |= {"lr": 0.02}
    elif changed == "the dataset":
        own.plan_summary.write_text(own.plan_summary.read_text().replace("0000", "1111"))
    elif changed == "the weights":
        write_start(tmp_path / "given.pt", 2)
    caplog.clear()
    out = train_here(own, tmp_path, model)
    assert trained_epochs(caplog) == ([] if changed == "nothing" else [1, 2, 3])
    assert len(history_of(out)) == 3


def kill(*args) -> None:
    raise Killed
