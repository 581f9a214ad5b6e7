"""Read the videos and stills of a shard in worker processes, so that none of them can end the job.

Each worker does one task at a time, the largest first, so that none works alone at the end: 64 videos keep
8 workers busy for 97 % of the time, but only for 82 % in their own order (simulated, log-normal durations
with sigma 0.6). Results leave in the order of the tasks, so that the number of workers changes no byte. Those
of later tasks wait in spools, whose size is limited.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import groupby, islice
from types import MappingProxyType

from deepfake.errors import UserError
from deepfake.extraction.limits import extensions
from deepfake.extraction.spool import Spool
from deepfake.extraction.stills import row_without_image
from deepfake.extraction.tars import Images, StoredImages
from deepfake.extraction.tasks import FACES, FRAMES, ExtractionTask, JobFailed, Result, Settings, VideoOpened
from deepfake.tables import MISSING, UNREADABLE
from deepfake.worker_pool import WorkerPool
from deepfake.worker_process import TaskDone

PROGRAMS = {FRAMES: "deepfake.extraction.worker", FACES: "deepfake.extraction.face_worker"}
"""The program of each step's worker process. The script of the step imports it for its code digest."""

STILLS = (8, 32)  # that are read together, at least and at most: waiting for each of them would be slow
SHARE = 4  # tasks for each worker, at least: with fewer, some would be idle for long at the end
WINDOW = 128  # tasks from the first unfinished one that may be done before it: each may have an open file
SPOOLED = 1 << 28
"""Bytes of images that wait. With more of them tasks are begun in order, so that these leave soon. With so
many for each worker, only the first unfinished task is begun: TMPDIR may be small, or in memory."""


def read_isolated(
    settings: Settings,
    tasks: Iterable[ExtractionTask],
    advance: Callable[[int], None] = lambda videos: None,
    workers: int = 1,
) -> Images:
    """Yield the rows and images of each task's videos, in order. So many `workers` do the tasks.

    A video that crashes its process, or is over a limit, has a row with the reason after those of its frames
    that were read before. `advance` is called with the number of finished videos. Raises UserError if a
    worker process can't start, if the machine fails, or if stored frames can't be read or searched.
    """
    left = deque(_Task(task) for task in tasks)
    by_number = {task.task.number: task for task in left}
    for task in left:
        if task.is_done:  # it can't be read
            advance(len(task.task.videos))
    workers = min(workers, len(left))
    memory = math.inf if settings.frames else settings.limits["memory_gb"]
    with WorkerPool(PROGRAMS[settings.step], settings, workers, memory) as pool:
        while left:
            while pool.has_idle and (task := _next_task(left, workers)):
                pool.submit(task.begin())
            first = left[0]
            yield from first.spool.take()
            if first.is_done:
                left.popleft().spool.close()
                continue
            part, result = pool.next_result()
            task = by_number[part.number]
            rows = task.receive(part, result, pool)
            if task is first:
                yield from rows
            elif rows:
                task.spool.add(rows)
            if task.is_done:
                advance(len(task.task.videos))


def _next_task(left: deque["_Task"], workers: int) -> "_Task | None":
    """Return the task to begin now; None if none waits, or if too much is spooled."""
    tasks = list(islice(left, WINDOW if workers > 1 else 1))
    spooled = sum(task.spool.size for task in tasks)
    if spooled > workers * SPOOLED:
        tasks = tasks[:1]
    waiting = [task for task in tasks if task.is_waiting]
    if spooled > SPOOLED:
        return waiting[0] if waiting else None
    return max(waiting, key=lambda task: task.size, default=None)


def tasks_of_stills(
    videos: list[dict[str, str]], limits: dict, workers: int = 1, paired: bool = False
) -> list[ExtractionTask]:
    """Return the tasks of a shard of stills: single ones together, each tar or folder of them by itself.

    Fakes that are `paired` are in the task of their original, after it.
    """
    size = 1
    if all(video["kind"] == "image" for video in videos):
        size = min(max(STILLS[0], len(videos) // (SHARE * workers)), STILLS[1])
    tasks: list[ExtractionTask] = []
    for family in _families(videos) if paired else ([video] for video in videos):
        if tasks and len(tasks[-1].videos) + len(family) <= size:
            tasks[-1].videos.extend(family)
        else:
            tasks.append(ExtractionTask(len(tasks), family, "", limits["seconds"]))
    return tasks


def tasks_of_frames(
    tar: str, table: list[dict[str, str]], originals: Mapping[str, str] = MappingProxyType({})
) -> list[ExtractionTask]:
    """Return the tasks of a shard of frames: one for each video, or for an original and its fakes after it.

    `originals` are the names of fakes' originals. Raises TarMismatch.
    """
    with StoredImages(tar) as stored:
        stored.check_names(table)
    frames = {video: list(rows) for video, rows in groupby(table, key=lambda row: row["video"])}
    videos = [{"video": video, "original": originals.get(video, "")} for video in frames]
    return [
        ExtractionTask(
            number, family, "", math.inf, frames=[row for video in family for row in frames[video["video"]]]
        )
        for number, family in enumerate(_families(videos))
    ]


def _families(videos: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    """Return each original with its fakes after it, in the order of the first of them.

    An original's row has the number of its `fakes`.
    """
    originals = {video["video"]: video for video in videos if not video["original"]}
    families: dict[str, list[dict[str, str]]] = {}
    for video in videos:
        name = video["original"] or video["video"]
        first = originals.get(name)
        family = families.setdefault(name, [first] if first else [])
        if video is not first:
            family.append(video)
    for family in families.values():
        if len(family) > 1 and not family[0]["original"]:
            family[0] = family[0] | {"fakes": str(len(family) - 1)}
    return list(families.values())


class _Task:
    """A task, what is left of it, and its rows that nobody has asked for yet. `size` is of what it reads."""

    def __init__(self, task: ExtractionTask):
        self.task = task
        self.size = sum(int(row.get("bytes") or 0) for row in task.frames or task.videos)
        self.spool = Spool()
        self._parts = deque([task])  # that no worker has got yet
        self._is_running = False
        self._read: set[str] = set()
        if task.problem:
            self._parts.clear()
            self.spool.add([(row_without_image(task.videos[0]["video"], UNREADABLE, task.problem), b"")])

    @property
    def is_waiting(self) -> bool:
        """Whether a part of it is left, and none is being done: its rows must stay in order."""
        return bool(self._parts) and not self._is_running

    @property
    def is_done(self) -> bool:
        return not self._parts and not self._is_running

    def begin(self) -> ExtractionTask:
        """Return the part of it that is to be done now."""
        self._is_running = True
        return self._parts.popleft()

    def receive(self, part: ExtractionTask, result: Result | TaskDone, pool: WorkerPool) -> list:
        """Return the rows and images of a result of its part."""
        match result:
            case JobFailed():
                raise UserError(result.problem)
            case VideoOpened():
                pool.extend(part.number, extensions(result.frame_count))
            case TaskDone():
                pool.forget(part.number)
                self._is_running = False
                return self._end(part, result.problem) if result.problem else []
            case rows:
                self._read |= {row["video"] for row, _ in rows}
                return rows
        return []

    def _end(self, part: ExtractionTask, problem: str) -> list:
        """Return the row of a part that could not be done to its end; several stills are tried one by one."""
        name = part.videos[0]["video"]
        if part.frames:  # they are our own: the machine or the program has failed, and not the video
            raise UserError(f"{name}: {problem}")
        if len(part.videos) == 1:
            status = MISSING if name in self._read else UNREADABLE
            return [(row_without_image(name, status, problem), b"")]
        left = [video for video in part.videos if video["video"] not in self._read]  # one of them is at fault
        self._parts.extend(replace(part, videos=[video]) for video in left)
        return []
