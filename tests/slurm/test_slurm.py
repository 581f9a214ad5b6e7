"""The workflow on a real Slurm: the same bytes as without, whatever fails or is killed."""

import json
import os
import signal
import subprocess
import time

import psutil
import pytest
from cluster import missing, running, running_programs, wait_for
from conftest import copy_project
from on_slurm import DATASET, MODEL, SETTINGS, OnSlurm

SHARD = "rule_shard_"  # the beginning of the comment of a shard's job


@pytest.fixture(scope="session")
def cluster():
    if reason := missing():
        pytest.skip(f"no Slurm can be started: {reason}")
    with running() as cluster:
        yield cluster
    assert not running_programs(), "Slurm's programs live on"


@pytest.fixture
def project(tmp_path, cluster):
    return OnSlurm(copy_project(tmp_path / "project").folder)


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """The same project, run without Slurm."""
    project = copy_project(tmp_path_factory.mktemp("local") / "project")
    project.run(MODEL, "--configfile", project.configure(SETTINGS))
    return project


def read(project, name: str) -> bytes:
    return (project / name).read_bytes()


def shards(project) -> dict[str, int]:
    """The finished shards, and when each was finished."""
    return {path.stem: path.stat().st_mtime_ns for path in (project / "results/faces/demo").glob("*.csv")}


def test_from_archive_to_best_pt_although_training_is_preempted(project, local):
    with project.started(MODEL) as run:
        training = project.wait(run, lambda: project.job("rule_train"))
        project.wait(run, lambda: (project / "results/training/dataset_2gb/tiny/state.ckpt").exists())
        subprocess.run(
            ["sbatch", "--partition", "urgent", "--cpus-per-task", "2", "--mem", "100", "--wrap", "sleep 2"],
            check=True, cwd=project.folder.parent, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        project.wait(
            run, lambda: project.job("rule_train", "PENDING")
        )  # for two minutes, by Slurm's own rule
        subprocess.run(["scontrol", "update", f"JobId={training}", "StartTime=now"], check=True)
        assert project.finish(run) == 0, project.out()
    jobs = {job["JobId"]: job for job in project.jobs()}
    assert jobs[training]["Restarts"] == "1", "training was not preempted"
    assert "resuming from" in (project / "logs/train/dataset_2gb/tiny.log").read_text()
    assert {job["JobState"] for job in jobs.values()} == {"COMPLETED"}
    on_gpu = {job["Comment"].split("_")[1] for job in jobs.values() if job["Partition"] == "gpu"}
    assert on_gpu == {"train"} and "gres:gpu:1" in jobs[training]["TresPerJob"]
    assert len([job for job in jobs.values() if job["Comment"].startswith(SHARD)]) == len(shards(project))
    for number in jobs:
        assert f"SLURM jobid {number} " in project.out()
        assert list(project.folder.glob(f"logs/slurm/**/{number}.log")), f"job {number} has no log"
    for name in (f"{DATASET}/SHA256SUMS", "results/plans/dataset_2gb.csv", MODEL):
        assert read(project, name) == read(local, name), f"{name} differs"
    again = project.run(MODEL, "--configfile", "mine.yaml")
    assert not again.rules, "a second run did something"


def test_killed_jobs_are_tried_again_and_a_restarted_controller_loses_nothing(project, local, cluster):
    first = ["index:mem_mb=50 if attempt == 1 else 1000", "demo:runtime=attempt"]
    with project.started(DATASET, "--set-resources", *first) as run:
        stopped = project.wait(run, lambda: stop(project, "scripts/demo.py"))
        late = project.job("rule_demo")
        project.wait(run, lambda: project.job("rule_demo", "TIMEOUT"))
        project.wait(run, lambda: not psutil.pid_exists(stopped), 30)
        over = project.wait(run, lambda: project.job("rule_index", "FAILED"))
        cancelled = project.wait(run, lambda: project.job(SHARD))
        subprocess.run(["scancel", cancelled], check=True)
        project.wait(run, lambda: len(shards(project)) >= 1)
        cluster.stop_controller()
        time.sleep(3)
        cluster.start_controller()
        assert project.finish(run) == 0, project.out()
    states = {job["JobId"]: job["JobState"] for job in project.jobs()}
    killed = {late: "TIMEOUT", over: "FAILED", cancelled: "CANCELLED"}  # FAILED: by its memory limit
    assert {number: state for number, state in states.items() if state != "COMPLETED"} == killed
    for number in killed:
        assert f"/{number}.log (check log file(s) for error details)" in project.out()
    assert project.out().count("Trying to restart job") == len(killed)
    assert read(project, f"{DATASET}/SHA256SUMS") == read(local, f"{DATASET}/SHA256SUMS")


def test_a_job_that_keeps_failing_is_reported_with_its_log(project):
    with project.started(DATASET, "--retries", "0", "--set-resources", "demo:mem_mb=50") as run:
        assert project.finish(run) != 0
    (job,) = project.jobs()
    assert (
        job["JobState"] == "FAILED"
    )  # out of memory it would be called by cgroups, which not every machine has
    assert "exceeded memory limit" in read(project, f"logs/slurm/rule_demo/demo/{job['JobId']}.log").decode()
    assert f"SLURM-job '{job['JobId']}' failed" in project.out()
    assert f"rule_demo/demo/{job['JobId']}.log" in project.out()
    assert "logs/demo/demo.log" in project.out()


def test_a_restarted_snakemake_repeats_no_finished_shard(project, local):
    with project.started(DATASET) as run:
        project.wait(run, lambda: len(shards(project)) >= 2)
        os.killpg(run.pid, signal.SIGKILL)
    project.run("--unlock", "--configfile", "mine.yaml")
    left = [job["JobId"] for job in project.jobs() if job["JobState"] in ("RUNNING", "PENDING")]
    with project.started(DATASET) as run:
        assert project.finish(run) != 0
    assert "jobs of an earlier run are still at work here" in project.out()
    subprocess.run(["scancel", *left], check=True)
    wait_for(lambda: not project.job("rule_") and not project.job("rule_", "COMPLETING"))
    done = shards(project)
    with project.started(DATASET) as run:
        assert project.finish(run) == 0, project.out()
    assert read(project, f"{DATASET}/SHA256SUMS") == read(local, f"{DATASET}/SHA256SUMS")
    assert done.items() <= shards(project).items(), "finished shards were done again"


def test_one_training_on_two_nodes(project, local):
    subprocess.run(["cp", "-a", f"{local.folder}/.", project.folder], check=True)
    launcher = (
        "srun --nodes 2 --ntasks 2 --ntasks-per-node 1 --cpus-per-task 2 --kill-on-bad-exit torchrun"
        " --nnodes 2 --nproc-per-node 1 --rdzv-backend c10d --rdzv-endpoint $(hostname):29500"
    )
    resources = ["slurm_partition=cpu", "mpi=srun", "nodes=2", "tasks=2", f"launcher={launcher}"]
    with project.started(MODEL, "-R", "train", "--set-resources", *(f"train:{r}" for r in resources)) as run:
        assert project.finish(run) == 0, project.out()
    (job,) = project.jobs()
    assert (job["Comment"].startswith("rule_train"), job["NumNodes"]) == (True, "2")
    log = (project / "logs/train/dataset_2gb/tiny.log").read_text()
    assert log.count("epoch 8 of 8") == 1, "each process must train, and one must speak"
    found, alone = (
        json.loads(read(one, "results/models/dataset_2gb/tiny/history.json")) for one in (project, local)
    )
    assert len(found) == len(alone)
    assert read(project, MODEL) != read(local, MODEL), "nothing was trained"


def stop(project, program: str) -> int:
    """Suspend a process of the project that runs the program, so that it hangs; return its number, or 0."""
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if process.info["cwd"] == str(project.folder) and program in (process.info["cmdline"] or []):
            process.suspend()
            return process.pid
    return 0
