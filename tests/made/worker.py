"""A program for WorkerPool: each task says what becomes of the process."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from deepfake.worker_process import TaskDone, work


@dataclass(frozen=True)
class Task:
    number: int
    does: str
    seconds: float = 60


def start(settings: str) -> Callable[[Task], Iterator[object]]:
    if settings == "broken":
        raise FileNotFoundError("no such model")
    return do


def do(task: Task) -> Iterator[object]:
    if task.does == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if task.does == "hang":
        time.sleep(1000)
    if task.does.endswith("MB"):
        try:
            yield len(bytearray(int(task.does[:-2]) * 10**6))
        except MemoryError:
            yield "no memory"
    yield os.getpid()
    yield TaskDone()


if __name__ == "__main__":
    work(start)
