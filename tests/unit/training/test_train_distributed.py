"""train.py under torchrun: the results of one process, one writer, and none left waiting for another."""

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

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.training.distributed import UnusableMachine, World, world_of
from deepfake.training.history import History

pytestmark = pytest.mark.usefixtures("one_thread")

LEFT = ["best.pt", "checkpoints", "curves.svg", "facts.json", "history.csv", "history.json", "tensorboard"]
TWO = ["--standalone", "--nproc-per-node", "2"]
CHANCE = {"epochs": 8, "augment": "light", "self_blend": 0.2, "lr": 0.003}
LIMIT = 240  # seconds, for what mustn't hang
SLURM = {"JOB_ID": "7", "NTASKS": "8", "PROCID": "3", "LOCALID": "3", "NNODES": "4", "JOB_NAME": "train"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Neither val nor the batches can be shared out evenly, and the classes weigh differently."""
    made = made_decoded.make(tmp_path_factory.mktemp("made"), counts={"train": 48, "val": 25})
    kept = json.loads(made.kept.read_text()) | {"class_weights": {"real": 2.0, "fake": 0.5}}
    made.kept.write_text(json.dumps(kept))
    return made


@pytest.fixture(scope="module")
def smooth(tmp_path_factory) -> dict:
    """A model without chance, and without batch normalisation, which sees only a process's own images."""
    vit(folder := tmp_path_factory.mktemp("vit") / "vit")
    settings = {"epochs": 4, "batch_size": 7, "lr": 0.003}
    return {"arch": f"hf/{folder}", "head": "new", "image_size": None, **settings}


def start(made, folder: Path, model: dict, launcher: list[str] = TWO, *more: str) -> subprocess.Popen:
    """torchrun with train.py, in a session of its own; Slurm's variables are there, and say other things."""
    folder.mkdir(parents=True, exist_ok=True)
    python, *words = command(made, folder, model, *more)
    variables = environment(**{f"SLURM_{name}": value for name, value in SLURM.items()})
    with open(folder / "log", "a") as log, open(folder / "said", "a") as said:
        return subprocess.Popen(
            [python, "-m", "torch.distributed.run", *launcher, *words],
            env=variables,
            stdout=said,
            stderr=log,
            start_new_session=True,
        )


def ended(process: subprocess.Popen, folder: Path, code: int = 0) -> Path:
    assert process.wait(LIMIT) == code, (folder / "log").read_text()
    return folder / "out"


def wait_for_epochs(process: subprocess.Popen, folder: Path, epochs: int) -> None:
    table = folder / "run/history.csv"
    while not table.exists() or table.read_text().count("\n") <= epochs:
        assert process.poll() is None, (folder / "log").read_text()
        time.sleep(0.002)


def workers(process: subprocess.Popen) -> dict[str, psutil.Process]:
    """The processes that train, by their rank."""
    found = [child for child in psutil.Process(process.pid).children(True) if "--rows" in child.cmdline()]
    return {child.environ()["RANK"]: child for child in found}


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder but those that have times in them."""
    timed = ("history", "events", "hparams", "curves")
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(timed)]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def assert_close(out: Path, expected: Path) -> None:
    """The same metrics and weights, but for the order in which numbers were added."""
    rows = zip(forget_times(history_of(out)), forget_times(history_of(expected)), strict=True)
    for ours, theirs in rows:
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-5)
    ours, theirs = load_checkpoint(out / "best.pt"), load_checkpoint(expected / "best.pt")
    assert ours["metrics"]["epoch"] == theirs["metrics"]["epoch"]
    for key, value in theirs["state"].items():
        if key.endswith("k_proj.bias"):
            continue  # it changes nothing in attention: its gradient is rounding, and Adam blows that up
        assert torch.allclose(ours["state"][key], value, atol=1e-4), key


def test_two_nodes_go_on_where_one_process_was_to_the_same_results_and_one_of_them_writes(
    made, smooth, tmp_path, monkeypatch, capsys
):
    alone = train_here(made, tmp_path / "alone", smooth)
    said = capsys.readouterr().out
    folder = tmp_path / "nodes"

    def killed(self, trainer, module) -> None:
        if trainer.current_epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(SystemExit):
        patch.setattr(History, "on_train_epoch_start", killed)
        train_here(made, folder, smooth)
    begun = json.loads((folder / "run/history.json").read_text())
    node = ["--nnodes", "2", "--nproc-per-node", "1", "--rdzv-backend", "c10d", "--rdzv-endpoint"]
    node.append(f"localhost:{free_port()}")
    for process in [start(made, folder, smooth, node), start(made, folder, smooth, node)]:
        ended(process, folder)
    out = folder / "out"
    assert_close(out, alone)
    rows = history_of(out)
    assert begun == rows[:1] and len(rows) == 4  # with its times: it was not done again
    assert rows[1]["train_loss"] != pytest.approx(rows[3]["train_loss"], rel=0.05)
    assert sorted(path.name for path in folder.iterdir()) == ["log", "out", "said"]
    assert sorted(path.name for path in out.iterdir()) == LEFT
    assert len(list((out / "tensorboard").glob("events*"))) == 1
    assert (folder / "said").read_text() == said
    assert re.findall(r"epoch (\d) of 4", (folder / "log").read_text()) == ["2", "3", "4"]


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("", 0))
        return found.getsockname()[1]


def test_killed_and_preempted_it_ends_with_the_same_bytes_as_one_left_alone(made, tmp_path):
    whole, folder = tmp_path / "whole", tmp_path / "killed"
    ended(start(made, whole, CHANCE), whole)

    process = start(made, folder, CHANCE)
    wait_for_epochs(process, folder, 2)
    workers(process)["0"].kill()  # as where memory runs out
    ended(process, folder, code=1)

    process = start(made, folder, CHANCE)
    wait_for_epochs(process, folder, 5)
    members = [psutil.Process(process.pid), *workers(process).values()]
    for member in members:  # as Slurm does when it takes a job's nodes away
        member.send_signal(signal.SIGTERM)
    assert process.wait(LIMIT) != 0
    psutil.wait_procs(members, 10)
    assert not any(member.is_running() for member in members) and not (folder / "out").exists()

    out = ended(start(made, folder, CHANCE), folder)
    assert contents(out) == contents(whole / "out") and "best.pt" in contents(out)
    assert forget_times(history_of(out)) == forget_times(history_of(whole / "out"))
    assert len(history_of(out)) == 8 and (folder / "log").read_text().count("going on from") == 2


def test_an_error_in_one_process_ends_all_with_one_message(made, tmp_path):
    other = f'[ "$RANK$word" = 1{made.images} ] && word=nowhere.npy'
    changed = f'for word; do {other}; set -- "$@" "$word"; shift; done; exec "$0" "$@"'
    shell = [*TWO, "--no-python", "sh", "-c", changed, sys.executable]
    ended(start(made, tmp_path, {}, shell), tmp_path, code=1)
    log = (tmp_path / "log").read_text()
    assert len(found := re.findall(" ERROR (.*)", log)) == 1 and "nowhere.npy" in found[0]
    assert "train.py" not in "".join(re.findall('  File "(.*)"', log))
    assert not (tmp_path / "out").exists() and not (tmp_path / "run").exists()


# What torchrun says

SAID = {
    "RANK": "3",
    "LOCAL_RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "n1",
    "MASTER_PORT": "1",
}


def test_the_world_is_what_torchrun_says_and_not_what_slurm_says():
    slurm = {f"SLURM_{name}": value for name, value in SLURM.items()}
    assert world_of(slurm) == World() and World().nodes == 1
    world = world_of(slurm | SAID)
    assert world == World(3, 4, 2, started=True) and world.nodes == 2
    assert world_of({"LOCAL_RANK": "1", "WORLD_SIZE": "2", "MASTER_PORT": "1"}) == World()  # Lightning's own


@pytest.mark.parametrize("name", ["LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"])
def test_half_of_torchruns_variables_are_an_error(name):
    said = {key: value for key, value in SAID.items() if key != name}
    with pytest.raises(UnusableMachine, match=f"torchrun sets, {name} isn't there"):
        world_of(said)


def test_nodes_that_are_not_alike_are_an_error():
    with pytest.raises(UnusableMachine, match="WORLD_SIZE is 3 and LOCAL_WORLD_SIZE 2"):
        world_of(SAID | {"WORLD_SIZE": "3"})


@pytest.fixture
def single(monkeypatch):
    """Sets what torchrun sets for a single process, when it is called."""
    one = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
    return lambda: [monkeypatch.setenv(name, value) for name, value in (SAID | one).items()]


def test_one_process_under_torchrun_is_one_process(made, tmp_path, single):
    alone = train_here(made, tmp_path / "alone")
    single()
    assert contents(train_here(made, tmp_path / "one")) == contents(alone)


def test_a_number_of_devices_that_torchrun_has_not_started_is_an_error(made, tmp_path, single, caplog):
    single()
    train_here(made, tmp_path, {}, "--devices", "3", code=1)
    assert "torchrun has started 1 processes on each node; leave --devices out" in caplog.text


def test_a_batch_that_is_too_small_to_share_is_an_error(made, tmp_path, caplog):
    train_here(made, tmp_path, {"batch_size": 1}, "--devices", "2", code=1)
    assert "a batch_size of 1, and 48 images in train, are too few for 2 processes" in caplog.text
    assert not (tmp_path / "run").exists()
