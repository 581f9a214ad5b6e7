"""Worker processes: what one file does to its process concerns no other file, and nobody waits for ever."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT
from made import worker

from deepfake.errors import UserError
from deepfake.worker_pool import WorkerPool
from deepfake.worker_process import TaskDone


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests"))


def results(pool: WorkerPool, task: worker.Task) -> list:
    """All results of a task; the last one is its problem."""
    pool.submit(task)
    found = []
    while not found or not isinstance(found[-1], TaskDone):
        done, result = pool.next_result()
        assert done == task
        found.append(result)
    return [*found[:-1], found[-1].problem]


def test_a_crash_and_a_timeout_fail_their_tasks_alone():
    with WorkerPool(worker.__name__, "", 1, 2) as pool:
        first, problem = results(pool, worker.Task(0, "work"))
        assert problem == ""
        (problem,) = results(pool, worker.Task(1, "crash"))
        assert problem == "the process that read it ended by SIGSEGV; limits.memory_gb = 2"
        (problem,) = results(pool, worker.Task(2, "hang", 0.2))
        assert problem == "not done after limits.seconds = 0.2; raise it if you trust the file"
        later, problem = results(pool, worker.Task(3, "work"))
        assert problem == "" and later != first


def test_a_long_file_may_take_longer():
    with WorkerPool(worker.__name__, "", 1) as pool:
        pool.extend(0, 3)
        results(pool, worker.Task(1, "work"))  # the worker has started
        began = time.monotonic()
        (problem,) = results(pool, worker.Task(0, "hang", 0.2))
        assert time.monotonic() - began > 0.55 and "limits.seconds = 0.2 times 3" in problem


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux enforces RLIMIT_DATA")
def test_memory_is_limited():
    with WorkerPool(worker.__name__, "", 1, 0.5) as pool:
        assert results(pool, worker.Task(0, "700MB"))[0] == "no memory"
        assert results(pool, worker.Task(1, "100MB"))[0] == 10**8


def test_a_worker_that_cannot_start_is_an_error():
    with WorkerPool(worker.__name__, "broken", 1) as pool, pytest.raises(UserError, match="no such model"):
        pool.submit(worker.Task(0, "work"))
        pool.next_result()


PARENT = """
from made import worker
from deepfake.worker_pool import WorkerPool
with WorkerPool(worker.__name__, "", 1) as pool:
    pool.submit(worker.Task(0, "work"))
    print(pool.next_result()[1], flush=True)
    pool.next_result()
    pool.submit(worker.Task(1, "hang", 1000))
    pool.next_result()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
def test_a_worker_that_hangs_ends_with_its_parent():
    path = os.pathsep.join([str(ROOT / "scripts"), str(ROOT / "tests")])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE
    )
    worker_id = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker_id}/cmdline").exists() and Path(f"/proc/{worker_id}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
