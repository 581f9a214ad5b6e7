"""Pairs of a fake and its original: which images of train stand together in a batch."""

import numpy as np
import pandas as pd

from deepfake.training.frame_sets import Videos, draw_in_rounds, draw_sets


class Pairs:
    """Pairs of a set of frames of a fake and a set of frames of a real, drawn anew for each epoch.

    `rows` are decoded.ROWS of train, of both classes. An epoch has

    - each set of a fake whose original is in train, with the original's frames of the same numbers, or the
      nearest ones;
    - each set of the frames of an original that no fake was paired with, with the nearest frames of one of
      its fakes, drawn at random;
    - the fakes whose original isn't in train and the reals of which there is no fake, matched at random. Of
      the class with fewer sets they come again until all of the other are matched; where it has none at all,
      any of its images in train serve.
    """

    def __init__(self, rows: pd.DataFrame, frames: int, seed: int):
        self.frames, self.seed = frames, seed
        self.videos = Videos(rows)
        self.is_fake = rows["label"].to_numpy() == 1
        self.original = find_originals(rows, self.videos)
        of_image, images = self.videos.of_image, np.arange(len(rows))
        has_fake = np.isin(np.arange(len(self.original)), self.original)
        paired = self.is_fake & (self.original[of_image] >= 0)
        self.fakes = images[paired]
        taken = self.videos.nearest(self.original[of_image[self.fakes]], self.fakes)
        self.originals = images[~self.is_fake & has_fake[of_image]]  # without videos of which all are taken
        self.is_taken = np.isin(self.originals, taken)
        left = np.unique(of_image[self.originals[~self.is_taken]])
        stay = np.isin(of_image[self.originals], left)
        self.originals, self.is_taken = self.originals[stay], self.is_taken[stay]
        self.alone = images[self.is_fake & ~paired], images[~self.is_fake & ~has_fake[of_image]]
        fake_videos = np.flatnonzero(self.original >= 0)
        self.fakes_of = fake_videos[np.argsort(self.original[fake_videos], kind="stable")]
        self.first = np.searchsorted(self.original[self.fakes_of], np.arange(len(self.original) + 1))
        self.number = len(self.groups(0))

    def groups(self, epoch: int) -> np.ndarray:
        """Return the pairs of an epoch in random order, int64 (number, 2 * frames): fake, then real."""
        rng = np.random.default_rng([self.seed, epoch])
        pairs = np.concatenate([self._fakes(rng), self._originals(rng), self._others(rng)])
        return pairs[rng.permutation(len(pairs))]

    def _fakes(self, rng: np.random.Generator) -> np.ndarray:
        fakes = self._draw(self.fakes, rng)
        videos = self.original[self.videos.of_image[fakes]]
        return np.concatenate([fakes, self.videos.nearest(videos, fakes)], axis=1)

    def _originals(self, rng: np.random.Generator) -> np.ndarray:
        reals = draw_sets(
            self.originals, self.videos.of_image[self.originals], self.frames, rng, self.is_taken
        )
        video = self.videos.of_image[reals[:, 0]]
        first, end = self.first[video], self.first[video + 1]
        chosen = np.repeat(self.fakes_of[rng.integers(first, end)][:, None], self.frames, axis=1)
        return np.concatenate([self.videos.nearest(chosen, reals), reals], axis=1)

    def _others(self, rng: np.random.Generator) -> np.ndarray:
        fakes, reals = (self._draw(images, rng) for images in self.alone)
        number = max(len(fakes), len(reals))
        return np.concatenate(
            [
                self._fill(fakes, self.alone[0], self.is_fake, number, rng),
                self._fill(reals, self.alone[1], ~self.is_fake, number, rng),
            ],
            axis=1,
        )

    def _draw(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return draw_sets(images, self.videos.of_image[images], self.frames, rng)

    def _fill(
        self,
        sets: np.ndarray,
        images: np.ndarray,
        is_class: np.ndarray,
        number: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return `sets`, and as many further ones as are missing, of `images` or of any of their class."""
        images = images if len(images) else np.flatnonzero(is_class)
        of_video = self.videos.of_image[images]
        more = draw_in_rounds(images, of_video, self.frames, number - len(sets), rng)
        return np.concatenate([sets, more])


def find_originals(rows: pd.DataFrame, videos: Videos) -> np.ndarray:
    """Return of each video the number of the real video that it was made from, int64 (videos,).

    It is -1 for reals, and where the original isn't among `rows`. Originals are found by their names, in
    which corpora of one family agree; of several that have one name, the one of the fake's corpus is meant.
    """
    table = rows.assign(number=videos.of_image).drop_duplicates("number").sort_values("number")
    own_name = table["corpus"] + "/" + table["video"]
    name = table["original"].where(table["original"] != "", own_name.where(table["label"] == 0, ""))
    reals, fakes = table["label"] == 0, (table["label"] == 1) & (name != "")
    in_corpus: dict[tuple[str, str], int] = {}
    anywhere: dict[str, int] = {}
    for corpus, original, number in zip(
        table["corpus"][reals], name[reals], table["number"][reals], strict=True
    ):
        in_corpus.setdefault((corpus, original), number)
        anywhere.setdefault(original, number)
    result = np.full(len(table), -1, np.int64)
    for corpus, original, number in zip(
        table["corpus"][fakes], name[fakes], table["number"][fakes], strict=True
    ):
        result[number] = in_corpus.get((corpus, original), anywhere.get(original, -1))
    return result
