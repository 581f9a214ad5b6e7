"""The program of an audit's worker processes: reads images, and turns the faces in them into numbers.

No image can then end the audit, or take more time or memory than the limits, whoever made it.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from deepfake.audit.files import read_image
from deepfake.audit.image_tasks import ImagesTask, ReaderSettings, ReadImage
from deepfake.extraction.boxes import to_faces
from deepfake.extraction.crops import crop_square
from deepfake.extraction.detectors import load_detector, shrink
from deepfake.extraction.images import decode, encode
from deepfake.people.embedder import Embedder, load_embedder
from deepfake.worker_process import TaskDone, work

THUMBNAIL = 128  # pixels, the longer side
"""Of a face that the page of an audit shows."""


def start(settings: ReaderSettings) -> Callable[[ImagesTask], Iterator[ReadImage | TaskDone]]:
    """Load the network; return the function that does a task."""
    cv2.setNumThreads(1)
    embed = None if settings.people is None else load_embedder(settings.people)
    crop_face = _face_finder(settings.detector) if settings.detector else lambda pixels: pixels

    def results_of(task: ImagesTask) -> Iterator[ReadImage | TaskDone]:
        for name in task.names:
            file, data = read_image(Path(settings.folder, name), settings.limits)
            face = crop_face(decode(data, limits=settings.limits)) if data else None
            if task.thumbnails:
                yield ReadImage(name, file, None, _thumbnail(face))
            else:
                yield ReadImage(name, file, _vector(embed, face))
        yield TaskDone()

    return results_of


def _face_finder(cfg: dict) -> Callable[[np.ndarray], np.ndarray | None]:
    """Return a function that crops the largest face of an image, uint8 BGR (height, width, 3); None without.

    `cfg` is the config section `faces`.
    """
    detector = load_detector(cfg)

    def crop_face(pixels: np.ndarray) -> np.ndarray | None:
        small, scale = shrink(pixels, cfg["width"])
        faces = to_faces(detector.find(small), scale)
        if not faces:
            return None
        x, y, side = crop_square(faces[0].xywh, pixels.shape[1], pixels.shape[0], cfg["margin"])
        return pixels[y : y + side, x : x + side]

    return crop_face


def _vector(embed: Embedder | None, face: np.ndarray | None) -> np.ndarray | None:
    if embed is None or face is None:
        return None
    embedding = embed(face)
    return embedding.vector if embedding.quality > 0 else None


def _thumbnail(face: np.ndarray | None) -> bytes:
    if face is None:
        return b""
    scale = THUMBNAIL / max(face.shape[:2])
    size = [max(1, round(side * scale)) for side in face.shape[1::-1]]
    return encode(cv2.resize(face, size, interpolation=cv2.INTER_AREA), "jpg", 85)


if __name__ == "__main__":
    work(start)
