"""A killed training is resumed by the next run, and ends like an uninterrupted one."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from conftest import ONE_THREAD, Project, copy_project, write_stills

CONFIG = """
shard_size: 1
corpora: {mine: {layout: imagefolder, folder: mine, faces: {detector: none, size: 64}}}
datasets: {small: {corpora: [mine], splits: {train: 0.6, val: 0.2, test: 0.2}}}
models: {a: {arch: meso4, image_size: 64, epochs: 12, batch_size: 8, patience: null}}
train: {dataset: small, models: [a]}
"""
BEST = "results/model/best.pt"


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Project:
    """A project that only needs training, without stand-ins."""
    project = copy_project(tmp_path_factory.mktemp("ready") / "project")
    write_stills(project / "mine", range(24))
    project.configure(CONFIG)
    needs = ["results/decoded/small/64-bilinear.npy", "results/reports/small/audit.json"]
    project.run(*needs, "--configfile", "mine.yaml")
    return project


def test_a_killed_training_is_resumed_and_ends_like_an_uninterrupted_one(ready, tmp_path):
    shutil.copytree(ready.folder, tmp_path / "uninterrupted", symlinks=True)
    uninterrupted = Project(tmp_path / "uninterrupted")
    options = ["--configfile", "mine.yaml", "--set-threads", *ONE_THREAD]
    assert uninterrupted.run(BEST, *options).jobs == {"train": 1, "finish": 1, "choose": 1}

    with open(ready / "out.txt", "wb") as out:
        process = subprocess.Popen(
            ready.command(BEST, *options),
            cwd=ready.folder,
            env=ready.environment(preloaded=False),
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    history = ready / "results/training/small/a/history.json"
    while not (history.exists() and len(json.loads(history.read_text())) >= 3):
        assert process.poll() is None, (ready / "out.txt").read_text()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (ready / BEST).exists()
    ready.run("--unlock", "--configfile", "mine.yaml")
    assert ready.run(BEST, *options, "--rerun-incomplete").jobs == {"train": 1, "finish": 1, "choose": 1}
    log = (ready / "logs/train/small/a.log").read_text()
    assert "resuming from results/training/small/a/" in log
    assert "epoch 1 of 12" not in log and "epoch 12 of 12" in log
    assert not (ready / "results/training/small/a").exists()
    assert (ready / BEST).read_bytes() == (uninterrupted / BEST).read_bytes()
    assert losses(ready) == losses(uninterrupted)


def losses(project: Project) -> list[dict]:
    """The history without durations."""
    rows = json.loads((project / "results/models/small/a/history.json").read_text())
    return [{k: v for k, v in row.items() if k not in ("seconds", "images_per_second")} for row in rows]
