"""The program of the worker processes of `faces`: crops the faces of stills, or of stored frames."""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby

from deepfake.errors import UserError
from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.landmarks import load_landmarker
from deepfake.extraction.pairs import Original, Pair
from deepfake.extraction.settings import uses_pairs
from deepfake.extraction.tars import StoredImages
from deepfake.extraction.tasks import ExtractionTask, JobFailed, Result, Settings
from deepfake.extraction.worker import Extractor, Rows, in_messages, set_up_process
from deepfake.worker_process import TaskDone, work


def start(settings: Settings) -> Callable[[ExtractionTask], Iterable[Result | TaskDone]]:
    """Open the corpus or the frames, and load the models; return the function that does a task."""
    set_up_process()
    faces = FaceCropper(settings)
    if settings.frames:
        stored = StoredImages(settings.frames)
        return lambda task: of_frames(task, stored, faces.crop)
    return Extractor(settings, faces.crop).results_of


class FaceCropper:
    """Crops the faces of videos and stills. A fake is paired with its original if that comes before it."""

    def __init__(self, settings: Settings):
        self._cfg = settings.cfg
        self._limits = None if settings.frames else settings.limits
        self._detector = load_detector(settings.cfg)
        self._landmarker = load_landmarker(settings.cfg) if self._detector else None
        self._name, self._original = "", None

    def crop(self, video: dict[str, str], frames: Rows) -> Rows:
        """Return the rows of tables.FACES and the crops of `video`, a row of tables.SHARD."""
        pair = keep = None
        if video.get("fakes"):
            keep = self._original = Original(with_frames=bool(self._cfg.get("masks")))
            self._name = video["video"]
        elif uses_pairs(self._cfg):
            is_known = video["original"] and video["original"] == self._name
            pair = Pair(self._original if is_known else None, self._cfg, self._limits)
        return faces_of_video(
            frames, self._cfg, self._detector, self._limits, self._landmarker, pair=pair, keep=keep
        )


def of_frames(
    task: ExtractionTask, stored: StoredImages, crop: Callable[[dict[str, str], Rows], Rows]
) -> Iterator[Result | TaskDone]:
    """Yield the results of a task of frames that the step `frames` has stored.

    They are within all limits, so an error isn't the video's fault: it ends the job.
    """
    frames = {video: list(rows) for video, rows in groupby(task.frames, key=lambda row: row["video"])}

    def rows_of(video: dict[str, str]) -> Rows:
        return crop(
            video, ((row | stored.read_mask(row), stored.read(row)) for row in frames[video["video"]])
        )

    try:
        yield from in_messages(chain.from_iterable(map(rows_of, task.videos)))
    except (UserError, OSError) as error:
        yield JobFailed(str(error))
    yield TaskDone()


if __name__ == "__main__":
    work(start)
