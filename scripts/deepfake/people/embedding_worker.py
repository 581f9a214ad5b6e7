"""The program of the worker processes of `embeddings`: turns stored face crops into vectors.

A network of the user's that takes more memory or time than the limits ends this process alone.
"""

from collections.abc import Callable, Iterator

import cv2

from deepfake.extraction import images
from deepfake.extraction.tars import StoredImages
from deepfake.people.embedder import Embedding, load_embedder
from deepfake.people.embeddings import EmbeddingSettings, EmbeddingTask
from deepfake.worker_process import TaskDone, one_by_one, work


def start(settings: EmbeddingSettings) -> Callable[[EmbeddingTask], Iterator[Embedding | TaskDone]]:
    """Open the tar and load the network; return the function that does a task."""
    cv2.setNumThreads(1)
    stored = StoredImages(settings.tar)
    embed = load_embedder(settings.cfg)

    def embed_crop(crop: dict[str, str]) -> Embedding:
        return embed(images.decode(stored.read(crop)))  # within all limits: `faces` has read it

    return lambda task: one_by_one(embed_crop, task.crops)


if __name__ == "__main__":
    work(start)
