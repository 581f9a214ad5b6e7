"""From media files to verdicts: worker processes extract faces while this process runs the model on them."""

import math
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deepfake.checkpoints.inference import LoadedModel
from deepfake.detection import worker
from deepfake.detection.batches import Blocks
from deepfake.detection.faces import FrameFaces, without_images
from deepfake.detection.media import IMAGE, MediaFile
from deepfake.detection.people import link_people
from deepfake.detection.scores import WORST, decide, possible_deciders, score_person, threshold_for
from deepfake.detection.tasks import (
    ImagesTask,
    PartTask,
    Result,
    Settings,
    Task,
    VideoOpened,
    VideoTask,
)
from deepfake.detection.verdict import LeftOut, ScoredFace, Verdict
from deepfake.extraction.limits import extensions
from deepfake.layouts.entries import Entry
from deepfake.worker_pool import WorkerPool
from deepfake.worker_process import TaskDone

BLOCK = 32  # frames of a video, or media files of which some are images, that go through the model together
PART = 64  # frames of a part of a video, at least, where there are enough media files for all workers
SHORT_PART = 4  # where there aren't
PARTS = 4  # of a video, at most, for each worker: each reads the packets and some frames of the video again
IMAGES = 4  # for each task: a message for each image would be slow
AHEAD = 2000  # media files that may be done before an earlier one


def detect_media(
    media: Sequence[MediaFile],
    model: LoadedModel,
    preprocessing: dict,
    *,
    people: str = "worst",
    bootstrap: int = 1000,
    seed: int = 0,
    workers: int = 1,
    shown: int = 8,
) -> Iterator[Verdict]:
    """Yield a verdict for each of `media`, in their order, as soon as it and all before it are done.

    `preprocessing` is the result of preprocessing.preprocessing_of. `people` is a key of scores.DECISIVE,
    `bootstrap` the number of resamples for the intervals, `workers` the number of processes, `shown` the
    number of frames of each video of which crops are kept. Verdicts don't depend on `workers`. What can't
    be read or judged is left out with its reason. Raises UserError if no worker can start, for example
    without the face detector's model file.
    """
    media = list(media)
    images = sum(file.kind == IMAGE and not file.reason for file in media)
    videos = sum(file.kind != IMAGE and not file.reason for file in media)
    size = min(workers, -(-images // IMAGES) + videos * workers)  # a video may be divided into parts
    settings = Settings(preprocessing, model.geometries, shown)
    memory = max((file.limits["memory_gb"] for file in media), default=math.inf)
    with (
        tempfile.TemporaryDirectory(prefix="deepfake-") as folder,
        WorkerPool(worker.__name__, settings, size, memory) as pool,
    ):
        for progress in _Detection(media, model, Path(folder), pool, workers).files():
            yield _verdict(progress, model.metadata, people, bootstrap, seed)


@dataclass(eq=False)
class _Progress:
    """What is known of a media file: `frames` (without images) and `probabilities` by position.

    `problems` concern the whole file. A video `is_opened` once its frames are sampled, and `is_divided`
    where its parts are tasks.
    """

    file: MediaFile
    sampled: list[int] = field(default_factory=list)
    frames: dict[int, FrameFaces] = field(default_factory=dict)
    probabilities: dict[int, np.ndarray] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    is_opened: bool = False
    is_divided: bool = False

    @property
    def is_done(self) -> bool:
        return self.is_opened and len(self.probabilities) == len(self.sampled)


class _Detection:
    """Gives tasks to the workers, runs the model on their results, and yields the files that are done."""

    def __init__(
        self, media: list[MediaFile], model: LoadedModel, folder: Path, pool: WorkerPool, workers: int
    ):
        self._media, self._folder, self._pool = media, folder, pool
        self._blocks = Blocks(model.logits)
        self._progress: dict[int, _Progress] = {}
        self._first = 0  # the first file that isn't done
        self._part_size = PART if len(media) >= 2 * workers else SHORT_PART
        self._max_parts = PARTS * workers
        self._more_tasks: deque[PartTask | ImagesTask] = deque()
        self._tasks = self._all_tasks()
        self._next = next(self._tasks, None)

    def files(self) -> Iterator[_Progress]:
        """Yield each media file, in order, once it is done."""
        while self._first < len(self._media):
            progress = self._progress_of(self._first)
            if progress.is_done:
                del self._progress[self._first]
                self._pool.forget(self._first)
                self._first += 1
                yield progress
                continue
            while self._pool.has_idle and (task := self._next_task()):
                self._pool.submit(task)
            self._handle(*self._pool.next_result())

    def _all_tasks(self) -> Iterator[ImagesTask | VideoTask]:
        """Yield the tasks of all files, block by block; in each the images first, which share a batch."""
        for start in range(0, len(self._media), BLOCK):
            files = [(n, f) for n, f in enumerate(self._media[start : start + BLOCK], start) if not f.reason]
            images = [(n, file) for n, file in files if file.kind == IMAGE]
            yield from (ImagesTask(images[i : i + IMAGES]) for i in range(0, len(images), IMAGES))
            for n, file in files:
                if file.kind != IMAGE:
                    yield VideoTask(n, file, self._unpacked(n), self._part_size, self._max_parts)

    def _next_task(self) -> Task | None:
        """Return the next task; None if there is none, or only of files too far ahead."""
        if self._more_tasks:
            return self._more_tasks.popleft()
        task = self._next
        if task is None or task.number >= self._first + AHEAD:
            return None
        self._next = next(self._tasks, None)
        return task

    def _progress_of(self, number: int) -> _Progress:
        """Return what is known of a file; the first time, its whole block of files is opened."""
        if number not in self._progress:
            start = number - number % BLOCK
            block = range(start, min(start + BLOCK, len(self._media)))
            images = [n for n in block if self._media[n].kind == IMAGE and not self._media[n].reason]
            self._blocks.open(("images", start), [(n, 0) for n in images])
            for n in block:
                file = self._media[n]
                self._progress[n] = _Progress(
                    file,
                    sampled=[0] if n in images else [],
                    problems=[file.reason] if file.reason else [],
                    is_opened=file.kind == IMAGE or bool(file.reason),
                )
        return self._progress[number]

    def _unpacked(self, number: int) -> Path:
        """Return where a video of a zip is unpacked to."""
        return self._folder / f"{number}{Entry('', self._media[number].member).suffix}"

    def _handle(self, task: Task, result: Result) -> None:
        match result:
            case VideoOpened():
                self._open(task, result)
            case TaskDone():
                self._end(task, result.problem)
            case frames if isinstance(task, ImagesTask):
                for (number, _), frame in zip(task.files, frames, strict=True):
                    self._add(number, frame)
            case frames:
                for frame in frames:
                    self._add(task.number, frame)

    def _open(self, task: VideoTask, video: VideoOpened) -> None:
        number, progress = task.number, self._progress_of(task.number)
        progress.sampled, progress.is_opened, progress.is_divided = video.sampled, True, bool(video.parts)
        progress.problems += [video.damage] if video.damage else []
        self._pool.extend(number, extensions(video.frame_count))
        for start in range(0, len(video.sampled), BLOCK):
            positions = range(start, min(start + BLOCK, len(video.sampled)))
            self._blocks.open((number, start), [(number, position) for position in positions])
        for positions in video.parts:
            self._more_tasks.append(PartTask(number, task.file, task.unpacked, video.sampled, positions))

    def _add(self, number: int, frame: FrameFaces) -> None:
        """Note a frame; run the model once its block is complete."""
        progress = self._progress_of(number)
        progress.frames[frame.position] = without_images(frame)
        block = (number, frame.position - frame.position % BLOCK)
        if progress.file.kind == IMAGE:
            block = ("images", number - number % BLOCK)
        images = [face.images for face in frame.faces]
        for (n, position), scores in self._blocks.add(block, (number, frame.position), images).items():
            self._progress_of(n).probabilities[position] = scores
        if progress.is_done:
            self._remove_unpacked(progress, number)

    def _end(self, task: Task, problem: str) -> None:
        """Leave out what a task has not done, for the reason `problem`; images are first tried one by one."""
        if isinstance(task, ImagesTask):
            left = [
                (n, file) for n, file in task.files if n >= self._first and not self._progress_of(n).frames
            ]
            if len(task.files) > 1:
                self._pool.forget(task.number)
                self._more_tasks.extend(ImagesTask([one]) for one in left)
            elif left:
                self._add(task.number, FrameFaces(0, 0, math.nan, [], [problem]))
            return
        if task.number < self._first:
            return  # the file was done before its task ended
        progress = self._progress_of(task.number)
        if not progress.is_opened:
            progress.problems.append(problem)
            progress.is_opened = True
            self._remove_unpacked(progress, task.number)
        positions = task.positions if isinstance(task, PartTask) else range(len(progress.sampled))
        if isinstance(task, VideoTask) and progress.is_divided:
            positions = range(0)  # its frames are those of other tasks
        for position in positions:
            if position not in progress.frames:
                reasons = [problem or "it was not decoded"]
                frame = FrameFaces(position, progress.sampled[position], math.nan, [], reasons)
                self._add(task.number, frame)

    def _remove_unpacked(self, progress: _Progress, number: int) -> None:
        if progress.file.member and progress.file.kind != IMAGE:
            self._unpacked(number).unlink(missing_ok=True)


def _verdict(progress: _Progress, metadata: dict, rule: str, resamples: int, seed: int) -> Verdict:
    """Link the faces of a file to people, score them, and decide."""
    name, kind = progress.file.name, progress.file.kind
    frames = [progress.frames[position] for position in range(len(progress.sampled))]
    people: dict[int, list[ScoredFace]] = {}
    for frame, numbers in zip(frames, _people_of(frames), strict=True):
        probabilities = progress.probabilities[frame.position]
        for face, number, p in zip(frame.faces, numbers, probabilities, strict=True):
            scored = ScoredFace(frame.frame, frame.time, face.box, face.detection_score, float(p), face.crop)
            people.setdefault(number, []).append(scored)
    candidates = max(1, len(possible_deciders(people))) if rule == WORST else 1
    threshold = threshold_for(metadata, kind == IMAGE, candidates)
    persons = [score_person(n, people[n], threshold, resamples, seed, name) for n in sorted(people)]
    left_out = [LeftOut(None, reason) for reason in progress.problems]
    left_out += [LeftOut(frame.frame, reason) for frame in frames for reason in frame.problems]
    decisive = decide(persons, rule)
    used = threshold if persons else math.nan
    return Verdict(name, kind, len(progress.sampled), persons, decisive, left_out, used, candidates)


def _people_of(frames: list[FrameFaces]) -> list[list[int]]:
    """Return the numbers of the people in each frame; whole frames and given crops show one person."""
    if any(face.box is None for frame in frames for face in frame.faces):
        return [[1] * len(frame.faces) for frame in frames]
    return link_people([frame.faces for frame in frames])
