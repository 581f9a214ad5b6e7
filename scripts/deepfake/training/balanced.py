"""Batches that are half real and half fake, with equal shares of all corpora and methods."""

import numpy as np
import pandas as pd

from deepfake.training.frame_sets import Videos, draw_sets


class Balanced:
    """Groups of a set of frames of a fake and one of a real, drawn anew for each epoch.

    `rows` are decoded.ROWS of train. The sets of a class come from its corpora in turn, and those of a corpus
    from its methods in turn. A method's sets come in random order, and are drawn again once all have come; an
    epoch goes on where the one before ended, so that nothing is left out for good. An epoch has about as many
    images as train. Without one of the classes a group is one set.
    """

    def __init__(self, rows: pd.DataFrame, frames: int, seed: int):
        self.frames, self.seed = frames, seed
        videos = Videos(rows)
        cells: dict[int, dict[str, list[Cell]]] = {}
        for (label, corpus, _), images in sorted(rows.groupby(["label", "corpus", "method"]).indices.items()):
            cells.setdefault(label, {}).setdefault(corpus, []).append(Cell(images, videos, frames))
        self.classes = [list(cells[label].values()) for label in sorted(cells, reverse=True)]
        sets = sum(cell.number for corpora in self.classes for methods in corpora for cell in methods)
        self.number = max(1, sets // len(self.classes))

    def groups(self, epoch: int) -> np.ndarray:
        """Return the groups of an epoch, int64 (number, classes * frames): fake, then real."""
        start = epoch * self.number
        places = np.arange(start, start + self.number)
        return np.concatenate([self._class(number, places) for number in range(len(self.classes))], axis=1)

    def _class(self, number: int, places: np.ndarray) -> np.ndarray:
        """Return the sets of a class at the `places` of its endless sequence, int64 (places, frames)."""
        corpora = self.classes[number]
        result = np.empty((len(places), self.frames), np.int64)
        for c, methods in enumerate(corpora):
            for m, cell in enumerate(methods):
                step = len(corpora) * len(methods)
                own = (places - c) % step == m * len(corpora)
                result[own] = cell.take(places[own] // step, [self.seed, number, c, m])
        return result


class Cell:
    """The fakes or reals of one method of one corpus: the `images` (n,) of `videos`."""

    def __init__(self, images: np.ndarray, videos: Videos, frames: int):
        self.images, self.videos, self.frames = images, videos, frames
        self.number = len(self._draw(np.random.default_rng(0)))

    def take(self, places: np.ndarray, seed: list[int]) -> np.ndarray:
        """Return the sets at `places`, ascending, of an endless sequence of rounds, each of all sets."""
        rounds, place = np.divmod(places, self.number)
        result = np.empty((len(places), self.frames), np.int64)
        for number in np.unique(rounds):
            own = rounds == number
            result[own] = self._draw(np.random.default_rng([*seed, number]))[place[own]]
        return result

    def _draw(self, rng: np.random.Generator) -> np.ndarray:
        return draw_sets(self.images, self.videos.of_image[self.images], self.frames, rng)
