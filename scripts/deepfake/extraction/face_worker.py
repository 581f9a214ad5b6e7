"""The program of the worker process of `faces`: reads stills and crops their faces. See worker.py."""

from collections.abc import Callable, Iterable

from deepfake.extraction.detectors import load_detector
from deepfake.extraction.faces import faces_of_video
from deepfake.extraction.landmarks import load_landmarker
from deepfake.extraction.tasks import ExtractionTask, Result, Settings
from deepfake.extraction.worker import Extractor
from deepfake.worker_process import TaskDone, work


def start(settings: Settings) -> Callable[[ExtractionTask], Iterable[Result | TaskDone]]:
    """Open the corpus and load the face detector; return the function that does a task."""
    cfg, limits = settings.cfg, settings.limits
    detector = load_detector(cfg)
    landmarker = load_landmarker(cfg) if detector else None
    extractor = Extractor(settings, lambda stills: faces_of_video(stills, cfg, detector, limits, landmarker))
    return extractor.results_of


if __name__ == "__main__":
    work(start)
