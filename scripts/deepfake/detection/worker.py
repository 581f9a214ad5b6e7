"""The program of a worker process: extracts the faces of media files, task after task. Imports no torch.

worker_process.py describes how it is started and talks to its parent process; see tasks.py for the messages.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import cv2

from deepfake.corpora.archives import MemberError, SourceError
from deepfake.corpora.sources import FolderSource, Source, open_source
from deepfake.detection.faces import (
    Extractor,
    FrameFaces,
    damage,
    faces_of_image,
    faces_of_video,
    load_extractor,
    prefetch,
    sample,
)
from deepfake.detection.media import MediaFile
from deepfake.detection.tasks import (
    ImagesTask,
    PartTask,
    Result,
    Settings,
    Task,
    VideoOpened,
    VideoTask,
)
from deepfake.errors import UserError
from deepfake.extraction.limits import out_of_memory
from deepfake.extraction.settings import is_smoothed
from deepfake.extraction.video import UnreadableVideo, VideoReader
from deepfake.worker_process import TaskDone, work

FRAMES = 8  # sent together: a message for each frame would be slow, one for all would take much memory
UNREADABLE = (UnreadableVideo, MemberError, SourceError, OSError)
"""The errors of a media file, rather than of the program."""


def main() -> None:
    cv2.setNumThreads(1)  # there is one worker for each core
    work(start)


def start(settings: Settings) -> Callable[[Task], Iterable[Result]]:
    """Load the face detectors; return the function that does a task. Raises UserError if they can't be."""
    try:
        extractor = load_extractor(settings.preprocessing, settings.geometries, settings.shown)
    except FileNotFoundError as error:
        raise UserError(f"{error}; give its path by --face-model") from error
    except (ValueError, OSError, ImportError) as error:
        raise UserError(f"the face detector can't be loaded: {error}") from error
    sources = Sources()

    def do(task: Task) -> Iterable[Result]:
        results = results_of(task, extractor, sources)
        return results if isinstance(task, ImagesTask) else prefetch(results)

    return do


def results_of(task: Task, extractor: Extractor, sources: "Sources") -> Iterator[Result]:
    """Yield the results of a task as they are computed; the last one is TaskDone.

    Other errors than those of UNREADABLE end the process, and with it the task.
    """
    try:
        if isinstance(task, ImagesTask):
            yield [_faces_of_image(file, extractor, sources) for _, file in task.files]
        elif isinstance(task, VideoTask):
            yield from _results_of_video(task, extractor, sources)
        else:
            reader = sources.open_video(task)
            yield from _in_lists(
                faces_of_video(reader, task.file.name, task.sampled, task.positions, extractor)
            )
    except UNREADABLE as error:
        yield TaskDone(problem_of(error))
    except MemoryError:
        yield TaskDone(out_of_memory(task.file.limits))
    else:
        yield TaskDone()


def _faces_of_image(file: MediaFile, extractor: Extractor, sources: "Sources") -> FrameFaces:
    try:
        return faces_of_image(sources.read_image(file), file.name, extractor, file.limits)
    except UNREADABLE as error:
        return FrameFaces(0, 0, math.nan, [], [problem_of(error)])
    except MemoryError:
        return FrameFaces(0, 0, math.nan, [], [out_of_memory(file.limits)])


def _results_of_video(task: VideoTask, extractor: Extractor, sources: "Sources") -> Iterator[Result]:
    reader = sources.open_video(task)
    sampled = sample(reader, task.file.name, extractor)
    cfg = extractor.preprocessing["faces"]  # a frame's faces depend on the frames around it where it follows:
    follows = extractor.detector and (cfg["search"] == "track" or is_smoothed(cfg))
    parts = divide(len(sampled), task.part_size, 1 if follows else task.max_parts)
    if len(parts) > 1:
        yield VideoOpened(reader.frame_count, sampled, damage(reader), parts)
        return
    yield VideoOpened(reader.frame_count, sampled, damage(reader), [])
    yield from _in_lists(faces_of_video(reader, task.file.name, sampled, range(len(sampled)), extractor))


def divide(count: int, part_size: int, max_parts: int) -> list[range]:
    """Divide `count` positions into at most `max_parts` ranges of `part_size` or more (the last of less)."""
    size = max(part_size, -(-count // max_parts))
    return [range(first, min(first + size, count)) for first in range(0, count, size)]


def problem_of(error: Exception) -> str:
    """Return the message of an error without the path: the name of the media file stands beside it."""
    if isinstance(error, OSError) and error.strerror:
        return f"can't be read: {error.strerror}"
    return str(error)


def _in_lists(frames: Iterator[FrameFaces]) -> Iterator[list[FrameFaces]]:
    while some := list(islice(frames, FRAMES)):
        yield some


class Sources:
    """Opens media files; the last zip and the last video stay open for the tasks that follow."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._zip_path, self._zip = "", None
        self._video_path, self._video = "", None

    def read_image(self, file: MediaFile) -> bytes:
        """Return the bytes of an image. Raises the errors of UNREADABLE."""
        return self._source(file).read(file.archive, file.member or Path(file.path).name)

    def open_video(self, task: VideoTask | PartTask) -> VideoReader:
        """Return a video; one in a zip is unpacked first. Raises the errors of UNREADABLE."""
        file = task.file
        if file.member and not task.unpacked.exists():
            self._source(file).extract(file.archive, file.member, task.unpacked)
        # an absolute path can't be mistaken for a protocol of FFmpeg
        path = str(task.unpacked if file.member else Path(file.path).absolute())
        if self._video_path != path:
            self._video = VideoReader(path, file.limits)
            self._video_path = path
        return self._video

    def _source(self, file: MediaFile) -> Source:
        if not file.member:
            return FolderSource(Path(file.path).absolute().parent, file.limits)
        if self._zip_path != file.path:
            self._stack.close()
            self._zip_path = ""
            self._zip = self._stack.enter_context(open_source([file.path], file.limits))
            self._zip_path = file.path
        return self._zip


if __name__ == "__main__":
    main()
