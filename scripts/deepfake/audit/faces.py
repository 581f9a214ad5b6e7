"""Who stands in two splits, by the faces in the finished images alone: the nearest faces across splits.

Two images whose vectors are near each other show the same person, whatever any table says. Of very many pairs
of images some are near by chance: a blurred frame here, a profile there. So two videos are found to show one
person where an image of each is near the other, and the means of all their images are, too. Distances are
those of unit vectors, 0 to 2.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import add_up, distances, nearest, whole_numbers
from deepfake.plan.links import Pair
from deepfake.plan.people import rows_named
from deepfake.tables import SPLITS

NEAREST = ["split", "other", "row", "near", "distance", "videos"]
"""Columns of FaceEvidence.nearest."""


@dataclass(frozen=True)
class FaceEvidence:
    """What is known of the faces in a dataset's images.

    `link` and `fail` are distances of the config section `people`. `rows` are the positions of the images
    whose faces are known among all images, int64 (n,). `nearest` has the columns NEAREST: for each of them
    and each split that comes before its own, the image `near` there that looks most like it, the distance to
    it, and that of the means of the `videos` of both. `people` has for val and test the number of people in
    it, and how many of them train knows. `strangers` is the share of pairs of strangers within `fail`; None
    for a network of which it isn't known.
    """

    link: float
    fail: float
    rows: np.ndarray
    nearest: pd.DataFrame
    people: dict[str, dict[str, int]] = field(default_factory=dict)
    strangers: float | None = None

    def within(self, distance: float) -> pd.DataFrame:
        """Return the rows of `nearest` whose images and videos are at most so far apart, nearest first."""
        near = self.nearest[(self.nearest[["distance", "videos"]] <= distance).all(axis=1)]
        return near.sort_values(["distance", "row", "near"], kind="stable", ignore_index=True)


def compare_faces(
    table: pd.DataFrame,
    rows: np.ndarray,
    vectors: np.ndarray,
    cfg: dict,
    different: list[Pair],
    families: dict[str, str],
    strangers: float | None = None,
) -> FaceEvidence:
    """Compare all faces of the splits with each other.

    `table` are the rows of metadata.csv; `rows` the positions of those with a known face, int64 (n,), and
    `vectors` their unit vectors, float32 (n, d). `cfg` has the distances `link` and `fail`. The pairs of
    `different` are known to be two people, however alike: they are left out. `strangers` is that of
    FaceEvidence.
    """
    splits = table["split"].to_numpy()[rows]
    whole = whole_numbers(vectors)
    excluded = _excluded(table, different, families)
    names = (table["corpus"] + "/" + table["video"]).to_numpy()[rows]
    video = pd.DataFrame({"split": splits, "video": names}).groupby(["split", "video"]).ngroup().to_numpy()
    means = _means(vectors, video)
    parts = []
    for number, split in enumerate(SPLITS):
        for other in SPLITS[:number]:
            ours, theirs = np.flatnonzero(splits == split), np.flatnonzero(splits == other)
            if not len(ours) or not len(theirs):
                continue
            near, distance = nearest(whole[ours], whole[theirs])
            near, distance = theirs[near[:, 0]], distance[:, 0].copy()
            for position, row in enumerate(rows[ours]):
                if row in excluded:
                    left = theirs[~np.isin(rows[theirs], excluded[row])]
                    found, apart = nearest(whole[ours[position : position + 1]], whole[left])
                    near[position], distance[position] = (
                        (left[found[0, 0]], apart[0, 0]) if len(left) else (near[position], np.inf)
                    )
            products = np.einsum("ij,ij->i", means[video[ours]], means[video[near]])
            columns = [split, other, rows[ours], rows[near], distance, distances(products)]
            parts.append(pd.DataFrame(dict(zip(NEAREST, columns, strict=True))))
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=NEAREST)
    found = found[np.isfinite(found["distance"].astype(float))].reset_index(drop=True)
    people = _people(splits, video, means, cfg["link"])
    return FaceEvidence(cfg["link"], cfg["fail"], rows, found, people, strangers)


def _excluded(table: pd.DataFrame, different: list[Pair], families: dict[str, str]) -> dict[int, np.ndarray]:
    """Return for each row that is in a pair of `different` the rows which it isn't compared with."""
    excluded: dict[int, np.ndarray] = {}
    for one, other in different:
        first, second = (np.flatnonzero(rows_named(table, name, families)) for name in (one, other))
        for own, theirs in ((first, second), (second, first)):
            for row in own:
                excluded[row] = np.union1d(excluded.get(row, theirs), theirs)
    return excluded


def _means(vectors: np.ndarray, video: np.ndarray) -> np.ndarray:
    """Return the mean vector of each video's images, in whole numbers; `video` (n,) is that of each image."""
    sums = add_up(vectors, video, video.max(initial=-1) + 1)
    return whole_numbers(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9))


def _people(
    splits: np.ndarray, video: np.ndarray, means: np.ndarray, link: float
) -> dict[str, dict[str, int]]:
    """Return for val and test how many people their images show, and how many of these train shows too.

    People are the groups that average linkage makes of all videos of the split and of train, by the means of
    their images: there are fewer of them, and they tell people apart better.
    """
    people = {}
    for split in SPLITS[1:]:
        both = np.flatnonzero((splits == split) | (splits == SPLITS[0]))
        ours = splits[both] == split
        if not ours.any():
            continue
        members, member = np.unique(video[both], return_inverse=True)
        group = average_linkage(means[members], link)[member]
        shown = np.isin(group[ours], group[~ours])
        people[split] = {
            "images": int(ours.sum()),
            "images_in_train": int(shown.sum()),
            "people": len(np.unique(group[ours])),
            "people_in_train": len(np.unique(group[ours][shown])),
        }
    return people


def worst_pairs(faces: FaceEvidence, table: pd.DataFrame, distance: float = np.inf) -> pd.DataFrame:
    """Return the nearest pair of images of each pair of videos at most `distance` apart, nearest first.

    The columns are NEAREST and `images`: how many images of the split have their nearest one in that pair of
    videos.
    """
    near = faces.within(distance)
    name = (table["corpus"] + "/" + table["video"]).to_numpy()
    pairs = [near["split"], near["other"], name[near["row"].astype(int)], name[near["near"].astype(int)]]
    near["images"] = near.groupby(pairs)["row"].transform("size") if len(near) else 0
    first = ~pd.DataFrame(dict(enumerate(pairs))).duplicated()
    return near[first.to_numpy()].reset_index(drop=True)


def describe_pairs(faces: FaceEvidence, table: pd.DataFrame, advice: bool = True) -> Iterator[str]:
    """Yield a line for each pair of videos in two splits whose faces are too near, nearest first.

    With `advice` it says what to write in the config's tables of people.
    """
    names = table["file_name"].to_numpy()
    videos = (table["corpus"] + "/" + table["video"]).to_numpy()
    for pair in worst_pairs(faces, table, faces.fail).itertuples(index=False):
        several = f", and {pair.images - 1} more such" if pair.images > 1 else ""
        what = f"{names[pair.row]} looks like {names[pair.near]} (distance {pair.distance:.3f}{several})"
        lines = f"{videos[pair.row]},{videos[pair.near]} in same_identity; if they are two, in"
        yield f"{what}: one person? Write {lines} different_people" if advice else what
