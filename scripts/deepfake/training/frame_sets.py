"""Sets of frames of one video, drawn at random, and the frame of another video that is nearest to one."""

import numpy as np
import pandas as pd

from deepfake.evaluation.predictions import VIDEO_KEY


class Videos:
    """The videos that images belong to.

    `rows` are decoded.ROWS. Video number v is that of the images i with `of_image[i] == v`, and `frame` (N,)
    are the frames' numbers in their videos, float64; both in the order of `rows`.
    """

    def __init__(self, rows: pd.DataFrame):
        self.of_image = rows.groupby([*VIDEO_KEY, "label"], sort=True).ngroup().to_numpy()
        self.frame = pd.to_numeric(rows["frame"], errors="coerce").fillna(0).to_numpy(np.float64)
        self._order = np.lexsort((self.frame, self.of_image))
        self._counts = np.bincount(self.of_image)
        self._starts = np.cumsum(self._counts) - self._counts
        places, self._place = np.unique(self.frame, return_inverse=True)
        self._width = len(places)
        self._keys = self.of_image[self._order] * self._width + self._place[self._order]

    def nearest(self, videos: np.ndarray, images: np.ndarray) -> np.ndarray:
        """Return of each of `videos` the image whose frame is nearest to that of one of `images`.

        All are int64 arrays of one shape. Of equally near frames it is the earlier one.
        """
        first, count = self._starts[videos], self._counts[videos]
        keys = videos * self._width + self._place[images]
        after = np.clip(np.searchsorted(self._keys, keys), first, first + count - 1)
        before = np.maximum(after - 1, first)
        distances = [np.abs(self.frame[self._order[found]] - self.frame[images]) for found in (before, after)]
        return self._order[np.where(distances[0] <= distances[1], before, after)]


def draw_sets(
    images: np.ndarray,
    of_video: np.ndarray,
    size: int,
    rng: np.random.Generator,
    spare: np.ndarray | None = None,
) -> np.ndarray:
    """Return sets of `size` images of one video each, int64 (sets, size), in random order.

    `images` (N,) are numbers and `of_video` (N,) those of their videos. A video's images are shuffled and
    cut into sets, and what doesn't fill one is left out. A video with fewer images than `size` gives one set,
    in which images come again. Images that are `spare` (N,) come in only to fill the one set of a video that
    has too few others, and at least one image of a video isn't spare. The number of sets doesn't depend on
    `rng`.
    """
    if not len(images):
        return np.empty((0, size), np.int64)
    spare = np.zeros(len(images), bool) if spare is None else spare
    order = np.lexsort((rng.permutation(len(images)), spare, of_video))
    _, starts, counts = np.unique(of_video[order], return_index=True, return_counts=True)
    wanted = np.add.reduceat((~spare[order]).astype(np.int64), starts)
    sets = np.maximum(1, wanted // size)
    video = np.repeat(np.arange(len(starts)), sets)
    number = np.arange(len(video)) - np.repeat(np.cumsum(sets) - sets, sets)  # of a set in its video
    place = (number[:, None] * size + np.arange(size)) % counts[video][:, None]
    return images[order[starts[video][:, None] + place]][rng.permutation(len(video))]


def draw_in_rounds(
    images: np.ndarray, of_video: np.ndarray, size: int, number: int, rng: np.random.Generator
) -> np.ndarray:
    """Return `number` sets as `draw_sets` does, int64 (number, size), drawn again where they run out."""
    rounds, drawn = [np.empty((0, size), np.int64)], 0
    while drawn < number:
        rounds.append(draw_sets(images, of_video, size, rng))
        drawn += len(rounds[-1])
    return np.concatenate(rounds)[:number]
