"""Images on their way through a model, in batches that don't depend on when each of them is ready."""

from collections.abc import Hashable, Iterable, Sequence

import numpy as np

from deepfake.checkpoints.inference import Logits, in_batches, probabilities

Member = tuple[int, int]
"""The number of a medium, and the position of a frame in it."""


class Batches:
    """Frames are announced, a block at a time; once all frames of a block are there, the model is run.

    So the same media give the same numbers to the last bit, however many processes make them ready.
    """

    def __init__(self, logits: Logits):
        self._logits = logits
        self._open: dict[Hashable, dict[Member, Sequence[Sequence[np.ndarray]] | None]] = {}

    def announce(self, block: Hashable, members: Iterable[Member]) -> None:
        """Say which frames make up a block."""
        self._open[block] = dict.fromkeys(members)

    def add(
        self, block: Hashable, member: Member, faces: Sequence[Sequence[np.ndarray]]
    ) -> dict[Member, np.ndarray]:
        """Give the faces of a frame, each as one image a geometry of the model.

        Returns {} until the block is whole; then of each of its frames the probabilities of fake, float32
        (faces,).
        """
        waiting = self._open[block]
        waiting[member] = faces
        if any(given is None for given in waiting.values()):
            return {}
        del self._open[block]
        faces = [face for given in waiting.values() for face in given]
        found = probabilities(self._logits, in_batches(faces))
        ends = np.cumsum([len(given) for given in waiting.values()])
        return dict(zip(waiting, np.split(found, ends[:-1]), strict=True))
