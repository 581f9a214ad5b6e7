"""Training is repeatable, resumes after a kill with the same result, and learns what there is to learn."""

import json
import os
import shutil
import signal
from dataclasses import replace

import numpy as np
import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL, points
from made.training import NO_PROGRESS, Killed, before_epoch, column, linear, run, same
from torch.utils.data import DataLoader

from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.metrics import compute_metrics
from deepfake.files import ConcurrentWrite, new_file
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.training import history, loop, run_folder
from deepfake.training.data import make_loader
from deepfake.training.history import HISTORY
from deepfake.training.run_folder import delete_run

pytestmark = pytest.mark.usefixtures("one_thread")

RANDOM = {"augment": "strong", "self_blend": 0.3, "schedule": "cosine"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("few"), counts={"train": 16, "val": 8})


@pytest.fixture(scope="module")
def permuted(tmp_path_factory):
    counts = {"train": 48, "val": 96}
    return made_decoded.make(tmp_path_factory.mktemp("permuted"), counts=counts, permuted=True)


# Repeatable


def test_two_runs_are_the_same_to_the_last_bit_and_another_seed_is_not(made, tmp_path):
    one = run(made, tmp_path / "one", **RANDOM)
    assert same(one, run(made, tmp_path / "two", **RANDOM))
    other = run(made, tmp_path / "other", build(MODEL, 5).detector, seed=6, **RANDOM)
    assert column(one, "train_loss") != column(other, "train_loss")


def test_random_numbers_drawn_earlier_in_the_process_change_nothing(few, tmp_path):
    one = run(few, tmp_path / "one", **RANDOM)
    torch.manual_seed(99)
    np.random.default_rng().random(5)
    assert same(one, run(few, tmp_path / "two", **RANDOM))


def test_each_epoch_has_its_own_order_and_augmentation(few, tmp_path):
    trained = run(few, tmp_path, augment="light", lr=1e-30, schedule="constant", warmup=0, weight_decay=0.0)
    assert len(set(column(trained, "train_loss"))) == 3


def test_slurm_variables_change_nothing(few, tmp_path, monkeypatch):
    one = run(few, tmp_path / "one")
    for name, value in {"JOB_ID": 7, "NTASKS": 4, "PROCID": 2, "LOCALID": 2, "NNODES": 2}.items():
        monkeypatch.setenv(f"SLURM_{name}", str(value))
    monkeypatch.setenv("SLURM_JOB_NAME", "train")
    assert same(one, run(few, tmp_path / "two"))


# Killed


class Killer:
    """Lets `after` files be written, and ends the run in the middle of the next one."""

    def __init__(self, monkeypatch, after: int):
        self.left = after
        for module in (history, run_folder):
            monkeypatch.setattr(module, "new_file", self.new_file)

    def new_file(self, path):
        self.left -= 1
        if self.left == -1:
            path.parent.joinpath(f".{path.name}.0123abcd.part").write_bytes(b"half")
            raise Killed
        return new_file(path)


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("videos"), counts={"train": 64, "val": 16}, frames=4)


GROUPED = {
    "pairs": {"batches": "pairs", "alignment": 0.1, "uniformity": 0.5},
    "balanced": {"batches": "balanced", "loss": "focal"},
    "frames": {"frames": 2, "arch": "timm/test_resnet"},
    "pairs of frames": {"batches": "pairs", "frames": 2, "arch": "timm/test_resnet", "self_blend": 0.3},
}


@pytest.mark.parametrize("name", GROUPED)
def test_whatever_the_batches_a_killed_run_ends_like_an_uninterrupted_one(
    videos, tmp_path, monkeypatch, name
):
    whole = run(videos, tmp_path / "whole", augment="light", **GROUPED[name])
    with monkeypatch.context() as patch, pytest.raises(Killed):
        Killer(patch, after=8)
        run(videos, tmp_path / "killed", augment="light", **GROUPED[name])
    assert same(whole, run(videos, tmp_path / "killed", augment="light", **GROUPED[name]))


KILLED = {
    "cosine": {"epochs": 3, **RANDOM},
    "plateau": {"epochs": 5, "schedule": "plateau", "warmup": 0, **NO_PROGRESS},
    "patience": {"epochs": 6, "patience": 3, **NO_PROGRESS, "augment": "light"},
}


@pytest.mark.parametrize("name", KILLED)
def test_a_run_killed_anywhere_ends_like_an_uninterrupted_one(few, tmp_path, monkeypatch, name):
    whole = run(few, tmp_path / "whole", **KILLED[name])
    killed = number = 0
    while True:
        folder = tmp_path / "killed"
        shutil.rmtree(folder, ignore_errors=True)
        try:
            with monkeypatch.context() as patch:
                Killer(patch, after=number)
                run(few, folder, **KILLED[name])
            break
        except Killed:
            killed += 1
        again = run(few, folder, **KILLED[name])
        assert same(whole, again), f"killed at write {number}"
        number += 3 if name != "cosine" else 1  # an epoch writes about five files
    assert killed > len(whole.history)


def test_a_run_killed_in_every_epoch_ends_like_an_uninterrupted_one(few, tmp_path, monkeypatch):
    settings = {"epochs": 6, **RANDOM}
    whole = run(few, tmp_path / "whole", **settings)
    kills = 0
    while True:
        try:
            with monkeypatch.context() as patch:
                Killer(patch, after=7)
                again = run(few, tmp_path / "killed", **settings)
            break
        except Killed:
            kills += 1
    assert kills >= 4 and same(whole, again)
    found = points(tmp_path / "killed/tensorboard")
    assert set(found) == set(HISTORY) - {"epoch"}
    for key, values in found.items():
        assert [step for step, _ in values] == [1, 2, 3, 4, 5, 6], key
        assert np.allclose([value for _, value in values], column(again, key), rtol=1e-6), key


def test_started_again_after_its_last_epoch_it_only_loads_the_result(few, tmp_path, monkeypatch):
    one = run(few, tmp_path)
    monkeypatch.setattr(loop, "train_epoch", lambda *args: pytest.fail("it trained on"))
    assert same(one, run(few, tmp_path))
    assert [step for step, _ in points(tmp_path / "tensorboard")["lr"]] == [1, 2, 3]


def test_workers_that_read_ahead_return_the_right_order_after_a_kill(few, tmp_path, monkeypatch):
    def read_ahead(*args):
        made = make_loader(*args)
        return DataLoader(
            made.dataset,
            batch_sampler=made.batch_sampler,
            collate_fn=made.collate_fn,
            num_workers=1,
            persistent_workers=True,
            generator=made.generator,
        )

    monkeypatch.setattr(loop, "make_loader", read_ahead)
    whole = run(few, tmp_path / "whole")
    with monkeypatch.context() as patch, pytest.raises(Killed):
        Killer(patch, after=8)
        run(few, tmp_path / "killed")
    assert same(whole, run(few, tmp_path / "killed"))


@pytest.mark.parametrize("leftover", ["run", "other files"])
def test_files_of_another_run_are_not_resumed_from(few, tmp_path, leftover):
    folder = tmp_path / "run"
    if leftover == "run":
        run(few, folder, fingerprint="other", epochs=5)
    else:
        (folder / "state.ckpt").mkdir(parents=True)
        (folder / "epoch_005.weights").write_text("?")
    assert same(run(few, tmp_path / "whole"), run(few, folder))


def test_a_process_left_behind_does_no_harm_to_a_newer_run(few, tmp_path, monkeypatch):
    newer = []

    def overtake():
        if not newer:
            newer.append(None)
            newer[0] = run(few, tmp_path / "run", fingerprint="newer", seed=8)
            newer.append({path: path.read_bytes() for path in files(tmp_path / "run")})

    before_epoch(1, overtake, monkeypatch)
    with pytest.raises(ConcurrentWrite, match="another process has begun to train"):
        run(few, tmp_path / "run")
    assert {path: path.read_bytes() for path in files(tmp_path / "run")} == newer[1]
    assert same(run(few, tmp_path / "alone", fingerprint="newer", seed=8), newer[0])


def files(folder) -> list:
    return sorted(p for p in folder.rglob("*") if p.is_file() and "events" not in p.name)


def test_a_finished_run_notices_that_another_one_has_begun(few, tmp_path):
    one = run(few, tmp_path)
    one.check_owner()
    run(few, tmp_path)
    with pytest.raises(ConcurrentWrite):
        one.check_owner()


def test_the_rest_of_a_deleted_run_is_not_resumed_from(few, tmp_path, monkeypatch):
    one = run(few, tmp_path / "run")
    monkeypatch.setattr(run_folder.shutil, "rmtree", lambda *args, **more: None)  # killed before it
    delete_run(tmp_path / "run")
    monkeypatch.undo()
    (tmp_path / "run/best.weights").unlink()
    assert same(replace(one, weights={}), replace(run(few, tmp_path / "run"), weights={}))


def test_sigterm_ends_it_with_exit_code_143_and_it_resumes_later(few, tmp_path, monkeypatch):
    whole = run(few, tmp_path / "whole")
    handler = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as caught:
        before_epoch(1, lambda: os.kill(os.getpid(), signal.SIGTERM), patch)
        run(few, tmp_path / "run")
    signal.signal(signal.SIGTERM, handler)
    assert caught.value.code == 143
    assert len(json.loads((tmp_path / "run/history.json").read_text())) == 1
    assert same(whole, run(few, tmp_path / "run"))


# What is learnt


def test_it_learns_a_pattern(made, tmp_path):
    trained = run(made, tmp_path, epochs=6)
    assert trained.best["f1_macro"] > 0.9
    assert column(trained, "train_loss")[-1] < column(trained, "train_loss")[0]


@pytest.mark.parametrize("name", GROUPED)
def test_it_learns_the_pattern_from_any_batches(videos, tmp_path, name):
    trained = run(videos, tmp_path, epochs=8, **GROUPED[name] | {"self_blend": 0})
    assert max(column(trained, "val_f1_macro")) > 0.9


def test_of_permuted_labels_it_learns_nothing(permuted, tmp_path):
    assert 0.3 < np.mean(column(run(permuted, tmp_path, epochs=6), "val_f1_macro")) < 0.6


def test_the_history_has_the_metrics_of_the_weights(made, tmp_path):
    detector = linear()
    trained = run(made, tmp_path, detector, epochs=2, class_weights="none")
    decoded = read_decoded(made.images, made.rows)
    labels = decoded.rows["label"].to_numpy()[decoded.split("val")]
    detector.network.load_state_dict(trained.state("last"))
    found = compute_metrics(
        labels, predict_split(logits_function(detector), [decoded], "val").astype(float), 0.5
    )
    row = trained.history[-1]
    assert row["val_f1_macro"] == found["f1_macro"] and row["val_accuracy"] == found["accuracy"]
    assert row["val_loss"] == pytest.approx(found["log_loss"], abs=1e-6)
    assert [row["epoch"] for row in trained.history] == [1, 2] and list(row) == HISTORY
    assert all(value > 0 for key in ("seconds", "images_per_second") for value in column(trained, key))
