"""A program for read_isolated: the name of each video says how its task goes."""

import os
import signal
import time
from collections.abc import Callable, Iterator

from deepfake.extraction.tasks import ExtractionTask, Settings
from deepfake.worker_process import TaskDone, work

HANG = 1000


def name_of(number: int, seconds: float, rows: int, size: int, end: str = "") -> str:
    """Return the name of a video whose task takes so long, gives `rows` rows of `size` bytes, and ends so."""
    return f"{number}-{seconds}-{rows}-{size}-{end}"


def rows_of(video: str) -> list[tuple[dict, bytes]]:
    """Return the rows that are sent for a video of this name."""
    number, _, rows, size, _ = video.split("-")
    return [
        ({"video": video, "frame": frame}, bytes([int(number)]) * int(size)) for frame in range(int(rows))
    ]


def start(settings: Settings) -> Callable[[ExtractionTask], Iterator[object]]:
    def do(task: ExtractionTask) -> Iterator[object]:
        if settings.sources:
            with open(settings.sources, "a") as begun:
                print(task.number, file=begun)
        (video,) = (video["video"] for video in task.videos)
        time.sleep(float(video.split("-")[1]))
        for row in rows_of(video):
            yield [row]
        if video.endswith("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        yield TaskDone("a problem" if video.endswith("problem") else "")

    return do


if __name__ == "__main__":
    work(start)
