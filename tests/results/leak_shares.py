"""What share of DFDC's test crops shows somebody whom train shows, split by image, by original and by people.

All 11,534 crops are split, so that the sizes are those of a real dataset. The people are those of a plan with
`policy: identity` at the defaults. The crops in which no face is seen well enough count nowhere: of them
nobody can say whom they show.
"""

from dataclasses import dataclass

import numpy as np
from bench_people import distances
from leaky_splits import Crops, by_people, deal

from deepfake.people.settings import DLIB_DISTANCES

SPLIT = {"train": 0.7, "val": 0.15, "test": 0.15}
TRAIN, TEST = 0, 2
KINDS = {"reals": 0, "fakes": 1}
BLOCK = 1024  # crops whose distances to all others are in memory at a time


@dataclass(frozen=True)
class Ruler:
    """How far crops are apart by one network: `vectors` (n, d), and the distances up to which two are taken
    for one person. Crops without a face have infinite vectors, or zeros."""

    name: str
    vectors: np.ndarray
    limits: tuple[float, ...]

    def nearest(self, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Return the distance of each of some crops to the nearest of some others, (rows,); inf for none."""
        near = [
            distances(self.vectors[rows[start : start + BLOCK]], self.vectors[others]).min(axis=1)
            for start in range(0, len(rows), BLOCK)
        ]
        return np.concatenate(near) if near else np.empty(0)


def share_rows(dealt: Crops, rulers: list[Ruler], seeds: list[int]) -> list[dict]:
    """Return a row for each split: crops of test, the share kept in any split, and the share train knows.

    The last is given for each ruler and limit. All are means over seeds, with the least and the most of them.
    """
    counted: dict[str, list[dict]] = {"by image": [], "by original": [], "by people": []}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        splits = {
            "by image": deal(np.arange(len(dealt.labels)), SPLIT, rng),
            "by original": deal(dealt.originals, SPLIT, rng),
            "by people": by_people(dealt, SPLIT, DLIB_DISTANCES["guard"], seed),
        }
        for name, split in splits.items():
            counted[name].append(count(dealt, split, rulers))
    return [
        {"split": name} | {key: spread([row[key] for row in rows]) for key in rows[0]}
        for name, rows in counted.items()
    ]


def count(dealt: Crops, split: np.ndarray, rulers: list[Ruler]) -> dict[str, float]:
    """Return the same of one split (n,), 0 to 2, or -1 of what is left out."""
    seen = dealt.vectors.any(axis=1)
    found: dict[str, float] = {}
    for kind, label in KINDS.items():
        of = dealt.labels == label
        test = np.flatnonzero(of & seen & (split == TEST))
        found[f"test_{kind}"], found[f"kept_{kind}"] = len(test), float((split[of] >= 0).mean())
        for ruler in rulers:
            near = ruler.nearest(test, np.flatnonzero(seen & (split == TRAIN)))
            for limit in ruler.limits:
                found[f"{key_of(ruler.name, limit)}_{kind}"] = float((near <= limit).mean())
    return found


def key_of(name: str, limit: float) -> str:
    """Return the beginning of the keys of the shares within a ruler's limit, such as "ours_030"."""
    return f"{name}_{limit * 100:03.0f}"


def spread(values: list[float]) -> dict[str, float]:
    """Return the mean of the seeds' values, the least and the most."""
    return {"mean": float(np.mean(values)), "least": float(min(values)), "most": float(max(values))}


def strangers(dealt: Crops, ruler: Ruler, photos: np.ndarray) -> dict[str, float]:
    """Return what share of DFDC's real crops has a photo of another corpus within each limit of a ruler.

    `photos` (m, d) are vectors of the ruler's network. Nobody is in both corpora, so this is what strangers
    alone give where train has as many of them; DFDC's own may be more alike, by light and camera.
    """
    reals = np.flatnonzero((dealt.labels == 0) & dealt.vectors.any(axis=1))
    both = Ruler(ruler.name, np.concatenate([ruler.vectors, photos]), ruler.limits)
    near = both.nearest(reals, len(ruler.vectors) + np.arange(len(photos)))
    return {key_of(ruler.name, limit): float((near <= limit).mean()) for limit in ruler.limits}
