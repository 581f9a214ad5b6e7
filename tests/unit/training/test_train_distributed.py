"""train.py under torchrun: the results of one process, one writer, and no process that waits forever."""

import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import torch
from made import decoded as made_decoded
from made.decoded import command, environment, forget_times, history_of, train_here
from made.huggingface import vit
from made.training import Killed, before_epoch, timeless_files

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.errors import UserError
from deepfake.training.distributed import Torchrun, read_torchrun

pytestmark = pytest.mark.usefixtures("one_thread")

FILES = ["checkpoints", "curves.svg", "history.csv", "history.json", "tensorboard", "val.csv", "weights.json"]
FILES += ["weights.pt"]
TWO = ["--standalone", "--nproc-per-node", "2"]
RANDOM = {"epochs": 8, "augment": "light", "self_blend": 0.2, "lr": 0.003}
LIMIT = 240  # seconds, after which a process is taken to hang
SLURM = {"JOB_ID": "7", "NTASKS": "8", "PROCID": "3", "LOCALID": "3", "NNODES": "4", "JOB_NAME": "train"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Processes can't have equal shares of val or of a batch, and the classes have different weights."""
    made = made_decoded.make(tmp_path_factory.mktemp("made"), counts={"train": 48, "val": 25})
    summary = json.loads(made.plan_summary.read_text()) | {"class_weights": {"real": 2.0, "fake": 0.5}}
    made.plan_summary.write_text(json.dumps(summary))
    return made


@pytest.fixture(scope="module")
def smooth(tmp_path_factory) -> dict:
    """A model without random numbers, and without batch normalisation, which depends on a process's share."""
    vit(folder := tmp_path_factory.mktemp("vit") / "vit")
    settings = {"epochs": 4, "batch_size": 7, "lr": 0.003}
    return {"arch": f"hf/{folder}", "head": "new", "image_size": None, **settings}


def start(made, folder: Path, model: dict, launcher: list[str] = TWO, *more: str) -> subprocess.Popen:
    """Start torchrun with train.py in a session of its own, with Slurm variables that contradict it."""
    folder.mkdir(parents=True, exist_ok=True)
    python, *args = command(made, folder, model, *more)
    variables = environment(**{f"SLURM_{name}": value for name, value in SLURM.items()})
    with open(folder / "log", "a") as log, open(folder / "out.txt", "a") as stdout:
        return subprocess.Popen(
            [python, "-m", "torch.distributed.run", *launcher, *args],
            env=variables,
            stdout=stdout,
            stderr=log,
            start_new_session=True,
        )


def finish(process: subprocess.Popen, folder: Path, code: int = 0) -> Path:
    assert process.wait(LIMIT) == code, (folder / "log").read_text()
    return folder / "out"


def wait_for_epochs(process: subprocess.Popen, folder: Path, epochs: int) -> None:
    table = folder / "run/history.csv"
    while not table.exists() or table.read_text().count("\n") <= epochs:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.002)


def workers(process: subprocess.Popen) -> dict[str, psutil.Process]:
    """The training processes by their rank."""
    found = [child for child in psutil.Process(process.pid).children(True) if "--rows" in child.cmdline()]
    return {child.environ()["RANK"]: child for child in found}


def assert_close(out: Path, expected: Path) -> None:
    """Assert that metrics and weights are the same, but for the order in which numbers were added."""
    rows = zip(forget_times(history_of(out)), forget_times(history_of(expected)), strict=True)
    for ours, theirs in rows:
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    ours, theirs = load_checkpoint(out / "weights.pt"), load_checkpoint(expected / "weights.pt")
    assert ours["metrics"]["epoch"] == theirs["metrics"]["epoch"]
    for key, value in theirs["state"].items():
        if key.endswith("k_proj.bias"):
            continue  # attention doesn't depend on it: its gradient is rounding error, which Adam scales up
        assert torch.allclose(ours["state"][key], value, atol=1e-4), key


def test_two_nodes_resume_the_run_of_one_process_to_the_same_results_and_one_of_them_writes(
    made, smooth, tmp_path, monkeypatch, capsys
):
    alone = train_here(made, tmp_path / "alone", smooth)
    printed = capsys.readouterr().out
    folder = tmp_path / "nodes"

    def kill() -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        before_epoch(1, kill, patch)
        train_here(made, folder, smooth)
    begun = json.loads((folder / "run/history.json").read_text())
    node = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint"]
    node.append(f"localhost:{free_port()}")
    for process in [start(made, folder, smooth, node), start(made, folder, smooth, node)]:
        finish(process, folder)
    out = folder / "out"
    assert_close(out, alone)
    rows = history_of(out)
    assert begun == rows[:1] and len(rows) == 4  # with its times: it was not trained again
    assert rows[1]["train_loss"] != pytest.approx(rows[3]["train_loss"], rel=0.05)
    assert sorted(path.name for path in folder.iterdir()) == ["log", "out", "out.txt"]
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert len(list((out / "tensorboard").glob("events*"))) == 1
    assert (folder / "out.txt").read_text() == printed
    assert re.findall(r"epoch (\d) of 4", (folder / "log").read_text()) == ["2", "3", "4"]


def test_two_processes_share_pairs_of_sets_of_frames(smooth, tmp_path):
    videos = made_decoded.make(tmp_path / "videos", counts={"train": 32, "val": 9}, frames=4)
    model = smooth | {"batches": "pairs", "frames": 2, "batch_size": 12, "epochs": 2}
    alone = train_here(videos, tmp_path / "alone", model)
    done = made_decoded.train(videos, tmp_path / "two", model, "--devices", "2")
    assert done.returncode == 0, done.stderr
    assert_close(tmp_path / "two/out", alone)


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def test_killed_and_preempted_it_ends_with_the_same_bytes_as_an_uninterrupted_run(made, tmp_path):
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    finish(start(made, whole, RANDOM), whole)

    process = start(made, folder, RANDOM)
    wait_for_epochs(process, folder, 2)
    workers(process)["0"].kill()  # as the system does where memory runs out
    finish(process, folder, code=1)

    process = start(made, folder, RANDOM)
    wait_for_epochs(process, folder, 5)
    everyone = [psutil.Process(process.pid), *workers(process).values()]
    for one in everyone:  # as Slurm does when it takes a job's nodes away
        one.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT) != 0
    psutil.wait_procs(everyone, 10)
    assert not any(one.is_running() for one in everyone) and not (folder / "out").exists()

    out = finish(start(made, folder, RANDOM), folder)
    assert timeless_files(out) == timeless_files(whole / "out") and "weights.pt" in timeless_files(out)
    assert forget_times(history_of(out)) == forget_times(history_of(whole / "out"))
    assert len(history_of(out)) == 8 and (folder / "log").read_text().count("resuming from") == 2


def test_an_error_in_one_process_ends_all_with_one_message(made, tmp_path):
    replace = f'[ "$RANK$arg" = 1{made.images} ] && arg=nowhere.npy'
    script = f'for arg; do {replace}; set -- "$@" "$arg"; shift; done; exec "$0" "$@"'
    shell = [*TWO, "--no-python", "sh", "-c", script, sys.executable]
    finish(start(made, tmp_path, {}, shell), tmp_path, code=1)
    log = (tmp_path / "log").read_text()
    assert len(found := re.findall(" ERROR (.*)", log)) == 1 and "nowhere.npy" in found[0]
    assert "train.py" not in "".join(re.findall('  File "(.*)"', log))
    assert not (tmp_path / "out").exists() and not (tmp_path / "run").exists()


# torchrun's variables

VARIABLES = {
    "RANK": "3",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "n1",
    "MASTER_PORT": "1",
}


def test_torchrun_s_variables_are_read_and_slurm_s_are_not():
    slurm = {f"SLURM_{name}": value for name, value in SLURM.items()}
    assert read_torchrun(slurm) is None
    torchrun = read_torchrun(slurm | VARIABLES)
    assert torchrun == Torchrun(rank=3, size=4, local_size=2) and torchrun.nodes == 2
    fabric = {"LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "1"}  # what Fabric sets
    assert read_torchrun(fabric) is None


@pytest.mark.parametrize("name", ["LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"])
def test_a_missing_variable_of_torchrun_is_an_error(name):
    variables = {key: value for key, value in VARIABLES.items() if key != name}
    with pytest.raises(UserError, match=f"but {name}, which torchrun also sets, is missing"):
        read_torchrun(variables)


def test_nodes_with_different_numbers_of_processes_are_an_error():
    with pytest.raises(UserError, match="WORLD_SIZE is 3 and LOCAL_WORLD_SIZE 2"):
        read_torchrun(VARIABLES | {"WORLD_SIZE": "3"})


@pytest.fixture
def single(monkeypatch):
    """Return a function that sets torchrun's variables for a single process."""
    one = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
    return lambda: [monkeypatch.setenv(name, value) for name, value in (VARIABLES | one).items()]


def test_one_process_under_torchrun_is_one_process(made, tmp_path, single):
    alone = train_here(made, tmp_path / "alone")
    single()
    assert timeless_files(train_here(made, tmp_path / "one")) == timeless_files(alone)


def test_devices_other_than_torchrun_s_processes_are_an_error(made, tmp_path, single, caplog):
    single()
    train_here(made, tmp_path, {}, "--devices", "3", code=1)
    assert "torchrun has started 1 processes on each node; leave --devices out" in caplog.text


def test_a_batch_that_is_too_small_to_share_is_an_error(made, tmp_path):
    done = made_decoded.train(made, tmp_path, {"batch_size": 1}, "--devices", "2")
    errors = re.findall(" ERROR (.*)", done.stderr)
    assert done.returncode == 1 and len(errors) == 1
    assert "a batch_size of 1, and 48 images in train, are too few for 2 processes" in errors[0]
    assert not (tmp_path / "run").exists()
