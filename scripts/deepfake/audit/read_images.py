"""Read the images of a dataset in worker processes, and embed the faces in them.

Results come in the order of the images, so that the number of processes changes nothing.
"""

from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from deepfake.audit.files import StoredFile, read_file
from deepfake.audit.image_tasks import ImagesTask, ReaderSettings, ReadImage
from deepfake.worker_pool import WorkerPool
from deepfake.worker_process import TaskDone

PROGRAM = "deepfake.audit.image_worker"
TOGETHER = 16  # images of a task: waiting for each by itself would be slow


def read_images(
    settings: ReaderSettings,
    names: Iterable[str],
    workers: int,
    advance: Callable[[int], None] = lambda images: None,
    thumbnails: bool = False,
) -> dict[str, ReadImage]:
    """Return each image of the folder by its name, in the order of `names`.

    An image that ends its process, or is over a limit, has the reason as its problem; no other one has.
    `advance` is called with the number of newly read images. Raises UserError if a process can't start.
    """
    names = list(names)
    seconds = float(settings.limits["seconds"])
    parts = [tuple(names[start : start + TOGETHER]) for start in range(0, len(names), TOGETHER)]
    waiting = deque(ImagesTask(number, part, seconds, thumbnails) for number, part in enumerate(parts))
    left = {task.number: list(task.names) for task in waiting}
    found: dict[str, ReadImage] = {}
    if not names:
        return found
    with WorkerPool(PROGRAM, settings, min(workers, len(waiting)), settings.limits["memory_gb"]) as pool:
        while left:
            while waiting and pool.has_idle:
                pool.submit(waiting.popleft())
            task, result = pool.next_result()
            rest = left[task.number]
            if isinstance(result, TaskDone):
                pool.forget(task.number)
                if result.problem:  # the image that was being read is at fault
                    name = rest.pop(0)
                    found[name] = _unreadable(settings, name, result.problem)
                    advance(1)
                if rest:
                    waiting.appendleft(ImagesTask(task.number, tuple(rest), seconds, thumbnails))
                else:
                    del left[task.number]
            else:
                found[rest.pop(0)] = result
                advance(1)
    return {name: found[name] for name in names}


def _unreadable(settings: ReaderSettings, name: str, problem: str) -> ReadImage:
    file = read_file(Path(settings.folder, name))
    return ReadImage(name, file._replace(problem=file.problem or problem), None)


def files_of(read: dict[str, ReadImage]) -> dict[str, StoredFile]:
    """Return the file of each image."""
    return {name: image.file for name, image in read.items()}


def vectors_of(read: dict[str, ReadImage], names: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the positions in `names` of the images with a known face, int64 (n,), and their vectors.

    These are float32 (n, d). A name may occur several times.
    """
    known = [
        (position, read[name].vector)
        for position, name in enumerate(names)
        if name in read and read[name].vector is not None
    ]
    positions = np.array([position for position, _ in known], np.int64)
    return positions, np.stack([v for _, v in known]) if known else np.empty((0, 1), np.float32)
