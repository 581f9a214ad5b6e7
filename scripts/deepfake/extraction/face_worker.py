"""The program of the worker processes of `faces`: crops the faces of stills, or of stored frames."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from deepfake.errors import UserError
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.landmarks import load_landmarker
from deepfake.extraction.tars import StoredImages
from deepfake.extraction.tasks import ExtractionTask, JobFailed, Result, Settings
from deepfake.extraction.worker import Extractor, Rows, in_messages, set_up_process
from deepfake.worker_process import TaskDone, work


def start(settings: Settings) -> Callable[[ExtractionTask], Iterable[Result | TaskDone]]:
    """Open the corpus or the frames, and load the models; return the function that does a task."""
    set_up_process()
    detector = load_detector(settings.cfg)
    landmarker = load_landmarker(settings.cfg) if detector else None
    crop_faces = partial(faces_of_video, cfg=settings.cfg, detector=detector, landmarker=landmarker)
    if settings.frames:
        stored = StoredImages(settings.frames)
        return lambda task: of_frames(task, stored, crop_faces)
    return Extractor(settings, partial(crop_faces, limits=settings.limits)).results_of


def of_frames(
    task: ExtractionTask, stored: StoredImages, crop_faces: Callable[[Rows], Rows]
) -> Iterator[Result | TaskDone]:
    """Yield the results of a task of frames that the step `frames` has stored.

    They are within all limits, so an error isn't the video's fault: it ends the job.
    """
    try:
        yield from in_messages(crop_faces((row, stored.read(row)) for row in task.frames))
    except (UserError, OSError) as error:
        yield JobFailed(str(error))
    yield TaskDone()


if __name__ == "__main__":
    work(start)
