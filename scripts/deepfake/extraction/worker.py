"""The program of the worker processes of `frames`: reads videos and stills, which may be damaged or hostile.

face_worker.py is that of `faces`, so that an edit of face detection decodes nothing again. worker_process.py
describes how it is started and talks to its parent process; see tasks.py for the messages.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

import av
import cv2

from deepfake.console import log
from deepfake.corpora.archives import SourceError
from deepfake.corpora.corpus_source import open_indexed
from deepfake.extraction.frames import frames_of_stills, open_frames
from deepfake.extraction.limits import out_of_memory
from deepfake.extraction.stills import read_stills
from deepfake.extraction.tasks import ExtractionTask, JobFailed, Result, Settings, VideoOpened
from deepfake.worker_process import TaskDone, work

MESSAGE = 1 << 22  # bytes of stills that are sent together: a message for each small one would be slow

Rows = Iterator[tuple[dict, bytes]]


def start(settings: Settings) -> Callable[[ExtractionTask], Iterable[Result | TaskDone]]:
    """Open the corpus; return the function that does a task."""
    set_up_process()
    return Extractor(settings, lambda _, stills: frames_of_stills(stills, settings.limits)).results_of


def set_up_process() -> None:
    """Let this process log to the job's log, and keep to one core."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    cv2.setNumThreads(1)


class Extractor:
    """The opened corpus of a shard. `of_stills` makes a step's rows from a video and its stills."""

    def __init__(self, settings: Settings, of_stills: Callable[[dict[str, str], Rows], Rows]):
        self._settings = settings
        self._of_stills = of_stills
        self._stack = ExitStack()
        if settings.sources:
            self._source = self._stack.enter_context(open_indexed(settings.sources))

    def results_of(self, task: ExtractionTask) -> Iterator[Result | TaskDone]:
        """Yield the results of a task as they are computed; the last one is TaskDone.

        Whatever a file makes a library do, its task ends with a reason. If the file system fails, the job
        does, so that it is tried again.
        """
        problem = ""
        try:
            yield from self._results(task)
        except MemoryError:
            problem = out_of_memory(self._settings.limits)
        except (FileNotFoundError, PermissionError, SourceError) as error:
            yield JobFailed(str(error))
        except av.FFmpegError as error:  # some are OSError
            problem = _unexpected(error, task)
        except OSError as error:
            yield JobFailed(str(error))
        except Exception as error:
            problem = _unexpected(error, task)
        yield TaskDone(problem)

    def _results(self, task: ExtractionTask) -> Iterator[Result]:
        settings = self._settings
        if not task.path:
            yield from in_messages(chain.from_iterable(map(self._rows_of_still, task.videos)))
            return
        (video,) = task.videos
        mask = Path(task.mask) if task.mask else None
        frame_count, rows = open_frames(Path(task.path), video, settings.cfg, settings.limits, mask)
        yield VideoOpened(frame_count)
        for row in rows:
            yield [row]

    def _rows_of_still(self, video: dict[str, str]) -> Rows:
        return self._of_stills(video, read_stills(video, self._source, self._settings.sampling))


def in_messages(rows: Iterable[tuple[dict, bytes]]) -> Iterator[list[tuple[dict, bytes]]]:
    """Yield the rows in lists of about MESSAGE bytes at most."""
    together, size = [], 0
    for row, data in rows:
        together.append((row, data))
        size += len(data)
        if size >= MESSAGE:
            yield together
            together, size = [], 0
    if together:
        yield together


def _unexpected(error: Exception, task: ExtractionTask) -> str:
    log.exception("%s", ", ".join(video["video"] for video in task.videos))
    return f"reading it failed: {type(error).__name__}: {error}"


if __name__ == "__main__":
    work(start)
