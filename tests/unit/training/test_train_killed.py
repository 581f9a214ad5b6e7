"""train.py killed and started again: it goes on, and ends with the same bytes."""

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

from deepfake.training import train as training
from deepfake.training.saving import claim

pytestmark = pytest.mark.usefixtures("one_thread")

TOGETHER = {
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
    """End it by SIGKILL once its history has so many epochs."""
    table = folder / "run/history.csv"
    while not table.exists() or table.read_text().count("\n") <= epochs:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder but those that have times in them."""
    timed = ("history", "events", "hparams", "curves")
    files = [p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(timed)]
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def test_killed_twice_it_ends_with_the_same_bytes_as_one_left_alone(made, tmp_path):
    model = TOGETHER | {"epochs": 12}
    whole = train_here(made, tmp_path / "whole", model)
    folder = tmp_path / "killed"
    folder.mkdir()
    for epochs in (2, 5):
        kill_after(start(made, folder, model), folder, epochs)
        assert not (folder / "out").exists()
    out = train_here(made, folder, model)
    assert contents(whole) == contents(out) and "best.pt" in contents(whole)
    assert forget_times(history_of(whole)) == forget_times(history_of(out))
    assert len(pd.read_csv(out / "history.csv")) == 12
    for key, values in points(out / "tensorboard").items():
        assert [step for step, _ in values] == list(range(1, 13)), key


@pytest.mark.parametrize("where", ["write_outcome", "keep_events", "clear"])
def test_killed_when_all_is_trained_it_ends_the_same(made, tmp_path, monkeypatch, where):
    whole = train_here(made, tmp_path / "whole")
    begun = []

    def killed(*args):
        begun.append(args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training, where, killed)
        train_here(made, tmp_path / "killed")
    assert begun and contents(whole) == contents(train_here(made, tmp_path / "killed"))


def test_a_process_that_is_overtaken_when_all_is_trained_leaves_the_newer_run_alone(
    made, tmp_path, monkeypatch, caplog
):
    def overtaken(run: Path, folder: Path) -> None:
        claim(run)

    monkeypatch.setattr(training, "keep_events", overtaken)
    train_here(made, tmp_path, code=1)
    assert "another process has begun to train there" in caplog.text
    assert (tmp_path / "run/state.ckpt").exists()


def trained_epochs(caplog) -> list[int]:
    return [int(n) for n in re.findall(r"made/tiny, epoch (\d+) of", caplog.text)]


@pytest.mark.parametrize("what", ["nothing", "a setting", "the dataset", "the weights"])
def test_another_setting_dataset_or_weights_file_starts_anew(made, tmp_path, monkeypatch, caplog, what):
    caplog.set_level("INFO")
    own = made_decoded.Made(made.images, made.rows, tmp_path / "kept.json")
    own.kept.write_text(made.kept.read_text())
    model = MODEL | {"weights": str(tmp_path / "given.pt")}
    write_start(tmp_path / "given.pt", 1)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(training, "write_outcome", interrupt)
        train_here(own, tmp_path, model)
    assert trained_epochs(caplog) == [1, 2, 3]
    if what == "a setting":
        model |= {"lr": 0.02}
    elif what == "the dataset":
        own.kept.write_text(own.kept.read_text().replace("0000", "1111"))
    elif what == "the weights":
        write_start(tmp_path / "given.pt", 2)
    caplog.clear()
    out = train_here(own, tmp_path, model)
    assert trained_epochs(caplog) == ([] if what == "nothing" else [1, 2, 3])
    assert len(history_of(out)) == 3


def interrupt(*args) -> None:
    raise KeyboardInterrupt
