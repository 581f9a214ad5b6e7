"""The files to judge: one at a time, few in waiting, each in a folder of its own that is deleted after it."""

import secrets
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.console import log
from deepfake.errors import UserError

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"
"""The states of a job."""

KEPT = 20  # finished pages in memory, the newest
KEPT_BYTES = 200_000_000  # of their text together; the newest is kept whatever its size
ID_BYTES = 16  # of a job's address, which nobody can guess
BUG = "The program failed with this file; its log, in the terminal, says how."


@dataclass(eq=False)
class Job:
    """A file in `folder`, called `name`: `result` is the page of a DONE job, or why one has FAILED."""

    id: str
    name: str
    folder: Path
    state: str = WAITING
    result: str = ""
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> int:
        """How long the job has been in its state."""
        return int(time.monotonic() - self.began)


class QueueFull(Exception):
    """As many files wait as may."""


class Jobs:
    """Judges files by `judge`, which takes a job's folder and name and returns a page, in one thread.

    `folder` is for the jobs' own folders; `most` files may wait. Close it at the end.
    """

    def __init__(self, judge: Callable[[Path, str], str], folder: Path, most: int):
        self._judge, self._folder, self._most = judge, folder, most
        self._waiting: deque[Job] = deque()
        self._running: Job | None = None
        self._jobs: dict[str, Job] = {}
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._work, name="detection", daemon=True).start()

    def new_folder(self) -> Path:
        """Return an empty folder for the file of a job to come. QueueFull if it couldn't be added now."""
        with self._changed:
            self._check_room()
        folder = self._folder / secrets.token_hex(ID_BYTES)
        folder.mkdir(mode=0o700)
        return folder

    def add(self, folder: Path, name: str) -> Job:
        """Add the file in `folder`, which new_folder returned; its name is `name`. Raises QueueFull."""
        job = Job(secrets.token_urlsafe(ID_BYTES), name, folder)
        with self._changed:
            self._check_room()
            self._jobs[job.id] = job
            self._waiting.append(job)
            self._changed.notify_all()
        return job

    def find(self, id: str) -> tuple[Job, int] | None:
        """Return a job and how many are before it; None if there is none, or its page is no longer kept."""
        with self._changed:
            job = self._jobs.get(id)
            if job is None:
                return None
            before = (
                list(self._waiting).index(job) + (self._running is not None) if job in self._waiting else 0
            )
            return job, before

    def close(self) -> None:
        """End the thread after the job that it does, and forget those that wait."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check_room(self) -> None:
        if len(self._waiting) >= self._most:
            raise QueueFull

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting)
                if self._closed:
                    return
                job = self._running = self._waiting.popleft()
                job.state, job.began = RUNNING, time.monotonic()
            state, result = self._result(job)
            with self._changed:
                job.state, job.result, self._running = state, result, None
                self._forget()

    def _result(self, job: Job) -> tuple[str, str]:
        """Return the state and the result of a job, whose folder is gone then."""
        try:
            return DONE, self._judge(job.folder, job.name)
        except (UserError, OSError) as error:
            return FAILED, str(error)
        except Exception:  # one file must not end the server
            log.exception("the job failed")
            return FAILED, BUG
        finally:
            shutil.rmtree(job.folder, ignore_errors=True)

    def _forget(self) -> None:
        """Drop the oldest finished jobs beyond KEPT and KEPT_BYTES."""
        finished = [job for job in self._jobs.values() if job.state in (DONE, FAILED)]
        size = sum(len(job.result) for job in finished)
        while len(finished) > 1 and (len(finished) > KEPT or size > KEPT_BYTES):
            oldest = finished.pop(0)
            size -= len(oldest.result)
            del self._jobs[oldest.id]
