"""One file at a time, a bounded queue, and no file that outlives its job."""

import threading
from pathlib import Path

import pytest

from deepfake.app import jobs as module
from deepfake.app.jobs import BUG, DONE, FAILED, RUNNING, WAITING, Jobs, QueueFull
from deepfake.errors import UserError


class Judge:
    """Waits in each job until it is let go, and notes how many jobs are at work."""

    def __init__(self):
        self.go, self.began = threading.Semaphore(0), threading.Semaphore(0)
        self.at_work = self.most = 0

    def __call__(self, folder: Path, name: str) -> str:
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        self.began.release()
        self.go.acquire()
        self.at_work -= 1
        if name == "bad":
            raise UserError("it is bad")
        if name == "bug":
            raise RuntimeError("a bug")
        return f"{name}: {[path.read_text() for path in folder.iterdir()]}"


@pytest.fixture
def judge():
    return Judge()


@pytest.fixture
def jobs(judge, tmp_path):
    made = Jobs(judge, tmp_path, most=2)
    yield made
    made.close()
    for _ in range(50):
        judge.go.release()


def add(jobs: Jobs, name: str):
    folder = jobs.new_folder()
    (folder / "upload").write_text(name)
    return jobs.add(folder, name)


def wait(job) -> None:
    done = threading.Event()
    while job.state in (WAITING, RUNNING):
        done.wait(0.005)


def test_files_are_judged_one_at_a_time_in_their_order(jobs, judge, tmp_path):
    first = add(jobs, "a")
    judge.began.acquire()
    rest = [add(jobs, name) for name in "bc"]
    assert [jobs.find(job.id)[1] for job in (first, *rest)] == [0, 1, 2]
    assert [job.state for job in (first, *rest)] == [RUNNING, WAITING, WAITING]
    with pytest.raises(QueueFull):
        jobs.new_folder()
    for job in (first, *rest):
        judge.go.release()
        wait(job)
    assert [job.result for job in (first, *rest)] == ["a: ['a']", "b: ['b']", "c: ['c']"]
    assert judge.most == 1 and list(tmp_path.iterdir()) == []


def test_a_job_that_fails_ends_no_other_one_and_its_file_is_gone(jobs, judge, tmp_path, caplog):
    for name, reason in (("bad", "it is bad"), ("bug", BUG)):
        job = add(jobs, name)
        judge.go.release()
        wait(job)
        assert (job.state, job.result) == (FAILED, reason)
    assert "RuntimeError: a bug" in caplog.text
    job = add(jobs, "good")
    judge.go.release()
    wait(job)
    assert job.state == DONE and list(tmp_path.iterdir()) == []


def test_only_the_newest_results_are_kept(jobs, judge, monkeypatch):
    monkeypatch.setattr(module, "KEPT", 2)
    made = []
    for number in range(4):
        made.append(add(jobs, str(number)))
        judge.go.release()
        wait(made[-1])
        judge.began.acquire()
    assert [jobs.find(job.id) is not None for job in made] == [False, False, True, True]
    monkeypatch.setattr(module, "KEPT_BYTES", 1)
    made.append(add(jobs, "large"))
    judge.go.release()
    wait(made[-1])
    assert [jobs.find(job.id) is not None for job in made] == [False] * 4 + [True]


def test_addresses_of_results_cannot_be_guessed(jobs, judge):
    ids = set()
    for _ in range(2):
        job = add(jobs, "a")
        judge.go.release()
        wait(job)
        ids.add(job.id)
    assert len(ids) == 2 and all(len(id) >= 20 for id in ids) and jobs.find("a") is None
