"""The program of the worker processes of `landmarks`: finds the faces in a dataset's images.

No image can then end the step, or take more time or memory than the limits, whoever made it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from deepfake.dataset.read import read_image
from deepfake.extraction.images import decode
from deepfake.extraction.landmarks import MODELS, dlib_predictor
from deepfake.extraction.package_models import package_model
from deepfake.inputs.landmarks import LandmarkSettings, LandmarkTask, Located
from deepfake.people.face_in_crop import face_finder
from deepfake.worker_process import TaskDone, one_by_one, work


def start(settings: LandmarkSettings) -> Callable[[LandmarkTask], Iterator[Located | TaskDone]]:
    """Load the detector and the model; return the function that does a task."""
    cv2.setNumThreads(1)
    find, (_, file) = face_finder(), MODELS[settings.kind]
    predict = dlib_predictor(str(package_model(file, f"self_blend_landmarks: {settings.kind}")))

    def locate(image: tuple[str, str]) -> Located:
        pixels = decode(read_image(Path(settings.folder), *image), limits=settings.limits)
        height, width = pixels.shape[:2]
        face = find(pixels)
        if face is None:
            return Located(width, height, None)
        # pixels are squares: the middle of the first one is half a pixel from the edge
        points = (np.array(predict(pixels, face)) + 0.5) / (width, height)
        return Located(width, height, points.astype(np.float32))

    return lambda task: one_by_one(locate, task.images)


if __name__ == "__main__":
    work(start)
