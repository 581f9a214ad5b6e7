"""Snakemake's scheduler looks at its jobs when one ends, and once a second, however many have ended."""

import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from conftest import ROOT
from snakemake.scheduling.job_scheduler import JobScheduler

from deepfake import scheduler_timers
from deepfake.scheduler_timers import METHOD, limit_timers

JOBS = 20
SNAKEFILE = f"""
import sys
from snakemake.scheduling.job_scheduler import JobScheduler
sys.path.insert(0, {str(ROOT / "scripts")!r})
from deepfake.scheduler_timers import limit_timers

if config["limited"]:
    limit_timers()
looks, select = [], JobScheduler.job_selector
JobScheduler.job_selector = lambda self, jobs: looks.append(1) or select(self, jobs)

rule all:
    input: "last", "waits"
rule short:
    output: touch("short_{{n}}")
rule long:  # the second waits for the first
    input: expand("short_{{n}}", n=range({JOBS}))
    output: touch("{{name,last|waits}}")
    threads: 2
    shell: "sleep 3"
onsuccess:
    print("looks:", len(looks), file=sys.stderr)
"""


@pytest.fixture
def scheduler(monkeypatch):
    """What a scheduler has of which the timers know; Snakemake's own is as it was afterwards."""
    monkeypatch.setattr(
        JobScheduler, METHOD, getattr(JobScheduler, METHOD)
    )  # fails where it has another name
    limit_timers()
    found = SimpleNamespace(_open_jobs=threading.Semaphore(0))
    found.look_later = lambda delay: getattr(JobScheduler, METHOD)(found, delay)
    return found


def test_one_timer_does_for_many_looks(scheduler):
    before = threading.active_count()
    for _ in range(50):
        scheduler.look_later(0.1)
    assert threading.active_count() <= before + 1
    assert scheduler._open_jobs.acquire(timeout=30)
    assert not scheduler._open_jobs.acquire(timeout=0.3)
    scheduler.look_later(0.01)
    assert scheduler._open_jobs.acquire(timeout=30)


def test_a_look_that_is_due_sooner_is_not_put_off(scheduler):
    scheduler.look_later(600)
    began = time.monotonic()
    scheduler.look_later(0.01)
    assert scheduler._open_jobs.acquire(timeout=300) and time.monotonic() - began < 300
    assert all(thread.daemon for thread in threading.enumerate() if isinstance(thread, threading.Timer))


def test_without_the_method_snakemake_is_left_alone(monkeypatch):
    monkeypatch.setattr(scheduler_timers, "METHOD", "_of_another_version")
    limit_timers()
    assert not hasattr(JobScheduler, "_of_another_version")


@pytest.mark.parametrize("limited", [True, False])
def test_looks_do_not_grow_with_the_jobs_that_ended(tmp_path, limited):
    """Without the limit they do: when that test fails, Snakemake needs it no longer."""
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--config", f"limited={limited}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    looks = int(re.search(r"^looks: (\d+)$", done.stderr, re.MULTILINE)[1])
    assert (looks < 2 * JOBS) == limited, looks
