"""Worker processes that read files of unknown origin, as their parent process sees them.

Unlike the pools of concurrent.futures and Pebble, which return one result for each task, workers send the
faces of a video a few frames at a time, and wait while they are ahead of the parent: the faces of an hour
would take more than a gigabyte. A worker that crashes, or exceeds `limits.seconds` with a media file, is
replaced; its task then fails with a reason, and no other one does. Its memory is limited, too.
"""

import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Protocol

from deepfake.errors import UserError
from deepfake.worker_process import Started, TaskDone

LIBRARY = Path(__file__).resolve().parents[1]
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OPENCV_LOG_LEVEL": "ERROR"}


class Task(Protocol):
    """What a worker does. Tasks of one media file have the same `number`, and `seconds` for all together."""

    @property
    def number(self) -> int: ...

    @property
    def seconds(self) -> float: ...


class Worker:
    """A process that runs `program`, the name of a module that calls worker_process.work.

    `settings` are what the program starts with, `memory_gb` the memory that it may use, inf for any. `task`
    is the one that it is doing, None when it is idle.
    """

    def __init__(self, program: str, settings: object, memory_gb: float):
        self.task: Task | None = None
        self.is_started = False
        self.connection, theirs = Pipe()
        path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                # -P: a module in the current folder, which may be a stranger's, must not be imported
                [sys.executable, "-P", "-m", program, str(theirs.fileno()), str(memory_gb)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
                pass_fds=[theirs.fileno()],
                process_group=0,  # Ctrl-C in a terminal goes to the parent process alone
            )
        self._send(settings)

    def give(self, task: Task) -> None:
        """Send the worker a task."""
        self.task = task
        self._send(task)

    def receive(self) -> object:
        """Return the worker's next message; None if the process has ended. Blocks until there is one."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            return None

    def stop(self, seconds: float = 0) -> str:
        """Kill the process, unless it ends by itself within `seconds`; return how it ended."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self._process.kill()
        status = self._process.wait()
        self.connection.close()
        return f"by {signal.Signals(-status).name}" if status < 0 else f"with exit status {status}"

    def _send(self, message: object) -> None:
        with suppress(ConnectionError):  # it has died, and `receive` is about to tell
            self.connection.send(message)


class WorkerPool:
    """`size` workers that do one task at a time. Leaving the `with` block kills them.

    The other arguments are those of Worker.
    """

    def __init__(self, program: str, settings: object, size: int, memory_gb: float = math.inf):
        self._program, self._settings, self._size, self._memory_gb = program, settings, size, memory_gb
        self._workers: list[Worker] = []
        self._seconds: Counter[int] = Counter()  # by a file's number: how long its results were waited for
        self._extensions: dict[int, float] = {}

    def __enter__(self) -> "WorkerPool":
        self._workers = [self._new_worker() for _ in range(self._size)]
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            worker.stop()

    @property
    def has_idle(self) -> bool:
        """Whether a worker has no task."""
        return any(worker.task is None for worker in self._workers)

    def submit(self, task: Task) -> None:
        """Give a task to an idle worker."""
        next(worker for worker in self._workers if worker.task is None).give(task)

    def next_result(self) -> tuple[Task, object]:
        """Wait for the next result of any task. Raises UserError if workers can't start."""
        while True:
            ready = self._wait()
            for worker in self._workers:
                if worker.connection not in ready and self._seconds_left(worker) <= 0:
                    task = worker.task
                    self._replace(worker)
                    return task, TaskDone(self._timeout(task))
            worker = next((worker for worker in self._workers if worker.connection in ready), None)
            if worker and (result := self._receive(worker)):
                return result

    def forget(self, number: int) -> None:
        """Forget how long the media file `number` has taken: all of its tasks are done."""
        self._seconds.pop(number, None)
        self._extensions.pop(number, None)

    def extend(self, number: int, times: float) -> None:
        """Let the media file `number` take so many times its `seconds`: it turns out to be a long one."""
        self._extensions[number] = times

    def _wait(self) -> list:
        """Return the connections that have a message, after waiting for one, or for the next time limit."""
        began = time.monotonic()
        left = min(map(self._seconds_left, self._workers))
        ready = wait(
            [worker.connection for worker in self._workers], None if left == math.inf else max(0, left)
        )
        # only this time counts: a worker that is ahead of the model waits, too
        waited = time.monotonic() - began
        for number in {worker.task.number for worker in self._workers if worker.task and worker.is_started}:
            self._seconds[number] += waited
        return ready

    def _seconds_left(self, worker: Worker) -> float:
        """Return the seconds that a worker's media file may still take; infinite for an idle worker."""
        if not worker.task or not worker.is_started:
            return math.inf
        return self._allowed(worker.task) - self._seconds[worker.task.number]

    def _allowed(self, task: Task) -> float:
        return task.seconds * self._extensions.get(task.number, 1)

    def _timeout(self, task: Task) -> str:
        times = self._extensions.get(task.number, 1)
        limit = f"limits.seconds = {task.seconds:g}" + (f" times {times:g}" if times != 1 else "")
        return f"not done after {limit}; raise it if you trust the file"

    def _receive(self, worker: Worker) -> tuple[Task, object] | None:
        """Receive a worker's message; None if it is no result of a task."""
        self._workers.remove(worker)
        self._workers.append(worker)  # the others are heard first, next time
        task, message = worker.task, worker.receive()
        if message is None:
            if not worker.is_started:
                raise UserError(f"a worker process ended {worker.stop(10)} before it could start")
            how = self._replace(worker, seconds=10)
            return (task, TaskDone(self._crash(how))) if task else None
        if isinstance(message, Started):
            if message.problem:
                raise UserError(message.problem)
            worker.is_started = True
            return None
        if isinstance(message, TaskDone):
            worker.task = None
        return task, message

    def _crash(self, how: str) -> str:
        memory = f"; limits.memory_gb = {self._memory_gb:g}" if self._memory_gb < math.inf else ""
        return f"the process that read it ended {how}{memory}"

    def _replace(self, worker: Worker, seconds: float = 0) -> str:
        """Stop a worker and start another one; return how the process ended."""
        how = worker.stop(seconds)
        self._workers[self._workers.index(worker)] = self._new_worker()
        return how

    def _new_worker(self) -> Worker:
        return Worker(self._program, self._settings, self._memory_gb)


def results_in_order(
    pool: WorkerPool,
    tasks: Sequence[Task],
    advance: Callable[[int], None],
    failed: Callable[[Task, int, str], UserError],
) -> list:
    """Return the results of all tasks, in the order of the tasks, whatever the number of workers.

    `tasks` are numbered from 0. `advance` is called with 1 after each result. If one can't be done, the
    error that `failed` makes is raised: of the task, the number of its results so far, and the problem.
    """
    waiting, unfinished = deque(tasks), len(tasks)
    found: list[list] = [[] for _ in tasks]
    while unfinished:
        while waiting and pool.has_idle:
            pool.submit(waiting.popleft())
        task, result = pool.next_result()
        if not isinstance(result, TaskDone):
            found[task.number].append(result)
            advance(1)
        elif result.problem:
            raise failed(task, len(found[task.number]), result.problem)
        else:
            unfinished -= 1
    return [result for results in found for result in results]
