"""Batches of faces for the model that don't depend on the order in which workers finish frames."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from deepfake.checkpoints.inference import LogitsFunction, in_batches, probabilities

FrameKey = tuple[int, int]
"""The number of a media file, and the position of a sampled frame in it."""


class Blocks:
    """Frames in fixed blocks: the model runs once all frames of a block are there.

    A network's output can differ in the last bits with the images beside it in a batch. With fixed blocks
    the same media files have the same scores, whatever the number of workers.
    """

    def __init__(self, logits: LogitsFunction):
        self._logits = logits
        self._open: dict[Hashable, dict[FrameKey, Sequence[Sequence[np.ndarray]] | None]] = {}

    def open(self, block: Hashable, frames: Iterable[FrameKey]) -> None:
        """Define the frames of a block."""
        self._open[block] = dict.fromkeys(frames)

    def add(
        self, block: Hashable, frame: FrameKey, faces: Sequence[Sequence[np.ndarray]]
    ) -> dict[FrameKey, np.ndarray]:
        """Add the faces of a frame, each as one image for each geometry of the model.

        Return {} while frames of the block are missing, then the probabilities of fake of each of its
        frames, float32 (faces,).
        """
        frames = self._open[block]
        frames[frame] = faces
        if any(given is None for given in frames.values()):
            return {}
        del self._open[block]
        result = probabilities(self._logits, in_batches(face for given in frames.values() for face in given))
        ends = np.cumsum([len(given) for given in frames.values()])
        return dict(zip(frames, np.split(result, ends[:-1]), strict=True))
