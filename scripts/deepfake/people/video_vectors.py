"""One vector a video, of the vectors of its crops, without those that show somebody else."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.errors import UserError
from deepfake.people.neighbours import whole_numbers

Name = tuple[str, str]
"""A corpus, and a video of it."""


@dataclass(frozen=True)
class VideoVectors:
    """The faces of some videos.

    `names` are the videos, sorted. `means` (videos, d) are the vectors of their faces. `crops` (crops, d) are
    those of all their embedded crops, in the order of the videos, and `owners` (crops,) the position of each
    one's video. All vectors are those of neighbours.whole_numbers.
    """

    names: list[Name]
    means: np.ndarray
    crops: np.ndarray
    owners: np.ndarray


def read_video_vectors(folder: Path, shards: Iterable[Name], limit: float) -> VideoVectors:
    """Return the faces of the videos of some shards, each given by its corpus and its name.

    `folder` holds their embeddings, `<corpus>/<shard>.csv` (tables.EMBEDDINGS) and `.npy`. A shard that isn't
    there has no faces: drawn people aren't embedded. `limit` is that of `mean_vector`. The result depends
    neither on the order of the shards nor on which videos are in which.

    Raises UserError if a table and its array don't fit together.
    """
    parts = [
        _read_shard(folder / corpus / shard, corpus)
        for corpus, shard in sorted(set(shards))
        if (folder / corpus / f"{shard}.csv").exists()
    ]
    found = [(name, crops, qualities) for part in parts for name, crops, qualities in part]
    return gather_vectors(found, limit)


def gather_vectors(videos: Iterable[tuple[Name, np.ndarray, np.ndarray]], limit: float) -> VideoVectors:
    """Return the faces of videos: a name, its crops' unit vectors (n, d), their qualities (n,)."""
    videos = sorted(videos, key=lambda video: video[0])
    if not videos:
        return VideoVectors([], *[np.empty((0, 1), np.float32)] * 2, np.empty(0, np.int64))
    means = np.stack([mean_vector(crops, qualities, limit) for _, crops, qualities in videos])
    owners = np.repeat(np.arange(len(videos)), [len(crops) for _, crops, _ in videos])
    crops = np.concatenate([whole_numbers(crops) for _, crops, _ in videos])
    return VideoVectors([name for name, _, _ in videos], whole_numbers(means), crops, owners)


def mean_vector(crops: np.ndarray, qualities: np.ndarray, limit: float) -> np.ndarray:
    """Return the unit mean of one video's vectors, weighted by quality; float64 (d,).

    `crops` (n, d) are unit vectors, `qualities` (n,) numbers of 0 or more. Only crops count that are at most
    `limit` apart from the most typical one, which has the highest weighted mean product with all. A crop of
    somebody else in the picture, or of no face at all, is further away.
    """
    crops, weights = np.asarray(crops, np.float64), np.maximum(qualities, 1e-6)
    products = crops @ crops.T
    typical = (products @ weights).round(9).argmax()
    near = products[typical] >= 1 - limit * limit / 2
    near[typical] = True
    mean = weights[near] @ crops[near]
    return mean / np.linalg.norm(mean)


def _read_shard(path: Path, corpus: str) -> list[tuple[Name, np.ndarray, np.ndarray]]:
    """Return the videos of a shard; `path` is that of its table and its array, without the ending."""
    table = pd.read_csv(path.with_name(path.name + ".csv"), **tables.AS_TEXT)
    vectors = np.load(path.with_name(path.name + ".npy"), allow_pickle=False)
    rows = table[table["row"] != ""]
    at = rows["row"].astype(np.int64).to_numpy()
    if vectors.ndim != 2 or not np.array_equal(np.sort(at), np.arange(len(vectors))):
        raise UserError(f"{path}.csv doesn't fit {path.name}.npy; delete both and run again")
    qualities = rows["quality"].astype(float).to_numpy()
    of_video = rows.reset_index(drop=True).groupby("video", sort=True).indices
    return [((corpus, str(video)), vectors[at[i]], qualities[i]) for video, i in of_video.items()]
