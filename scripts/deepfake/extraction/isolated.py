"""Read the videos and stills of a shard in a worker process, so that none of them can end the job."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from deepfake.errors import UserError
from deepfake.extraction.limits import extensions
from deepfake.extraction.stills import row_without_image
from deepfake.extraction.tars import Images
from deepfake.extraction.tasks import FACES, FRAMES, ExtractionTask, JobFailed, Settings, VideoOpened
from deepfake.tables import MISSING, UNREADABLE
from deepfake.worker_pool import WorkerPool
from deepfake.worker_process import TaskDone

PROGRAMS = {FRAMES: "deepfake.extraction.worker", FACES: "deepfake.extraction.face_worker"}
"""The program of each step's worker process. The script of the step imports it for its code digest."""

STILLS = 32  # that are read together: waiting for each of them would be slow


def read_isolated(
    settings: Settings, tasks: Iterable[ExtractionTask], advance: Callable[[int], None] = lambda videos: None
) -> Images:
    """Yield the rows and images of each task's videos, in order.

    A video that crashes its process, or is over a limit, has a row with the reason after those of its frames
    that were read before. `advance` is called with the number of finished videos. Raises UserError if the
    worker process can't start, or if the machine fails.
    """
    with WorkerPool(PROGRAMS[settings.step], settings, 1, settings.limits["memory_gb"]) as pool:
        for task in tasks:
            yield from _results(pool, task)
            advance(len(task.videos))


def tasks_of_stills(videos: list[dict[str, str]], limits: dict) -> Iterator[ExtractionTask]:
    """Yield the tasks of a shard of stills: single ones together, each tar or folder of them by itself."""
    size = STILLS if all(video["kind"] == "image" for video in videos) else 1
    for first in range(0, len(videos), size):
        yield ExtractionTask(first, videos[first : first + size], "", limits["seconds"])


def _results(pool: WorkerPool, task: ExtractionTask) -> Images:
    if task.problem:
        yield row_without_image(task.videos[0]["video"], UNREADABLE, task.problem), b""
        return
    pool.submit(task)
    read = set()
    while not isinstance(result := pool.next_result()[1], TaskDone):
        match result:
            case JobFailed():
                raise UserError(result.problem)
            case VideoOpened():
                pool.extend(task.number, extensions(result.frame_count))
            case rows:
                read |= {row["video"] for row, _ in rows}
                yield from rows
    pool.forget(task.number)
    if not result.problem:
        return
    if len(task.videos) == 1:
        name = task.videos[0]["video"]
        yield row_without_image(name, MISSING if name in read else UNREADABLE, result.problem), b""
        return
    for video in task.videos:  # one of them is at fault
        if video["video"] not in read:
            yield from _results(pool, replace(task, videos=[video]))
