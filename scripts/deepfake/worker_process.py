"""What a worker process shares with its parent process: the messages, and the loop that does tasks.

worker_pool.py starts `python -m <program> FD GB`: FD is the worker's end of a multiprocessing.Pipe, GB the
memory that it may use. The program calls `work`. It receives the settings and sends Started, then receives
tasks and sends their results, of which the last is TaskDone, until the parent process closes its end.
"""

import ctypes
import math
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from deepfake.errors import UserError

PR_SET_PDEATHSIG = 1  # of prctl(2) in Linux


@dataclass(frozen=True)
class Started:
    """A worker is ready for tasks, or can't start: `problem` says why."""

    problem: str = ""


@dataclass(frozen=True)
class TaskDone:
    """A task has ended; `problem` says why the rest of it can't be done ("": all is done)."""

    problem: str = ""


def work(start: Callable[[Any], Callable[[Any], Iterable]]) -> None:
    """Do tasks until the connection closes.

    `start` takes the settings and returns a function that takes a task and yields its results. UserError,
    OSError and ImportError in `start` are reported to the parent process. Errors in a task end this process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides when to stop
    end_with_parent()
    limit_memory(float(sys.argv[2]))
    with suppress(EOFError, ConnectionError):  # the parent process has ended
        serve(Connection(int(sys.argv[1])), start)


def serve(connection: Connection, start: Callable[[Any], Callable[[Any], Iterable]]) -> None:
    """As `work`, in this process and over any connection."""
    settings = connection.recv()
    try:
        results_of = start(settings)
    except (UserError, OSError, ImportError) as error:
        connection.send(Started(str(error)))
        return
    connection.send(Started())
    while True:
        for result in results_of(connection.recv()):
            connection.send(result)


def one_by_one(do: Callable[[Any], Any], items: Iterable) -> Iterator:
    """Yield the result of each of a task's items, then TaskDone.

    UserError and OSError end the task, whose problem they are.
    """
    problem = ""
    try:
        for item in items:
            yield do(item)
    except (UserError, OSError) as error:
        problem = str(error)
    yield TaskDone(problem)


def end_with_parent() -> None:
    """Let Linux kill this process when its parent ends: a decoder that hangs never reads that it has."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_memory(gigabytes: float) -> None:
    """Let allocations beyond so many gigabytes fail; inf for no limit. Only Linux enforces one."""
    if gigabytes < math.inf and sys.platform == "linux":  # macOS may refuse to set it
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        size = int(gigabytes * 1e9)
        if most == resource.RLIM_INFINITY or size < most:
            resource.setrlimit(resource.RLIMIT_DATA, (size, most))
