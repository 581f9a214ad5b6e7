"""Killed and interrupted runs: no partial output is taken for complete, and the next run finishes."""

import os
import signal
import subprocess
import time

import pytest

SETTINGS = """
shard_size: 2
corpora: {demo: {demo: {people: 6, clips: 14, seconds: 0.4, width: 320}}}
"""
TARGET = "results/dataset_2gb"


def start(project) -> subprocess.Popen:
    command = project.command(TARGET, "--configfile", project.configure(SETTINGS))
    with open(project / "out.txt", "wb") as out:
        return subprocess.Popen(
            command,
            cwd=project.folder,
            env=project.environment(preloaded=False),
            stdout=out,
            stderr=out,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background shell ignores it
        )


def wait_for(condition, process) -> None:
    while not condition():
        assert process.poll() is None, "the run ended before it could be stopped"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    from conftest import copy_project

    project = copy_project(tmp_path_factory.mktemp("uninterrupted") / "project")
    project.run(TARGET, "--configfile", project.configure(SETTINGS))
    return (project / TARGET / "SHA256SUMS").read_text()


@pytest.mark.parametrize("stage", ["frames", "faces"])
@pytest.mark.parametrize("who", ["all", "snakemake alone"])
def test_after_a_kill_the_next_run_finishes_with_the_same_bytes(project, uninterrupted, stage, who):
    process = start(project)
    folder = project / "results" / stage / "demo"
    wait_for(lambda: len(list(folder.glob("*.tar"))) >= 2 and list(folder.glob(".*.part")), process)
    (os.killpg if who == "all" else os.kill)(process.pid, signal.SIGKILL)
    process.wait()
    finished = {
        path.stem: path.stat().st_mtime_ns for path in (project / "results/frames/demo").glob("*.csv")
    }
    project.run("--unlock", "--configfile", "mine.yaml")
    again = project.run(TARGET, "--configfile", "mine.yaml", "--rerun-incomplete")
    assert (project / TARGET / "SHA256SUMS").read_text() == uninterrupted
    kept = [
        s for s, t in finished.items() if (project / f"results/frames/demo/{s}.csv").stat().st_mtime_ns == t
    ]
    assert len(kept) >= len(finished) - 2, f"finished shards were done again: {again.jobs}"
    leftovers = [p for p in project.folder.glob("results/**/.*.part")]
    assert not leftovers


def test_ctrl_c_leaves_only_complete_outputs(project, uninterrupted):
    process = start(project)
    folder = project / "results/frames/demo"
    wait_for(lambda: len(list(folder.glob("*.tar"))) >= 2 and list(folder.glob(".*.part")), process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) != 0
    assert not list(project.folder.glob("results/**/.*.part"))
    project.run(TARGET, "--configfile", "mine.yaml")
    assert (project / TARGET / "SHA256SUMS").read_text() == uninterrupted


def test_few_shards_are_unpacked_at_a_time(project):
    process = start(project)
    most = 0
    while process.poll() is None:
        most = max(
            most, len([p for p in (project / "results/videos/demo").glob("*") if not p.name.startswith(".")])
        )
        time.sleep(0.02)
    assert process.returncode == 0, (project / "out.txt").read_text()
    assert 1 <= most <= 3, f"{most} shards lay unpacked at once, with 2 cores"
    assert not list((project / "results/videos/demo").glob("*"))
