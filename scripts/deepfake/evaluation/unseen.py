"""Which videos of one dataset have nothing in common with what a model was trained on from another."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake.people.neighbours import nearest
from deepfake.people.video_vectors import VideoVectors
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair
from deepfake.plan.people import people_of_rows

NAME_COLUMNS = ["target", "source", "original", "group"]


class Faces(NamedTuple):
    """The faces of the videos that a model is tested on, and of those that it was trained on.

    Two videos at most `guard` apart count as showing one person.
    """

    test: VideoVectors
    train: VideoVectors
    guard: float


def unseen(
    test: pd.DataFrame,
    train: pd.DataFrame,
    distance: int = 0,
    same_identity: list[Pair] | None = None,
    faces: Faces | None = None,
) -> np.ndarray:
    """Return which rows of `test` have nothing in common with `train`: bool, as long as `test`.

    Both are images of datasets, with the columns corpus, video, target, source, original, group, sha256 and
    phash of metadata.csv; `train` are those that a model was trained on or chosen by. A whole video of `test`
    is rejected if

    - it is a video of `train`: the same corpus and name;
    - its target, source, original or group occurs in any of these columns of `train`. All these names begin
      with the family of their corpus, and columns share names: a group may have the name of a person;
    - it shows a person of `train` under another name, according to the pairs `same_identity` (see
      links.read_pairs);
    - one of its images has the bytes of one of `train`, or a near perceptual hash, directly or through
      others: at most `distance` of 64 bits (0 to 7) differ;
    - it looks like somebody of `train`, by `faces`, or shows nobody that names or faces tell.
    """
    train_names = set(train[NAME_COLUMNS].to_numpy().ravel()) - {""}
    same_name = test[NAME_COLUMNS].isin(train_names).any(axis=1)
    same_bytes = test["sha256"].isin(set(train["sha256"]))
    seen = same_name | same_bytes | _near_duplicates(test["phash"], train["phash"], distance)
    if same_identity:
        seen |= _same_people(test, train, same_identity)
    if faces:
        seen |= _look_alikes(test, train, faces)
    video = test["corpus"] + "/" + test["video"]
    train_videos = set(train["corpus"] + "/" + train["video"])
    return ~video.isin(train_videos | set(video[seen])).to_numpy()


def _near_duplicates(test: pd.Series, train: pd.Series, distance: int) -> np.ndarray:
    # A cluster is named by its first hash, and the hashes of train come first.
    cluster = cluster_hashes(parse_hashes([*train, *test]), distance)
    return cluster[len(train) :] < len(train)


def _same_people(test: pd.DataFrame, train: pd.DataFrame, same_identity: list[Pair]) -> np.ndarray:
    """Return which rows of `test` show a person of `train`, all names of a person taken as one."""
    rows = pd.concat([test, train], ignore_index=True)
    people = people_of_rows(rows, same_identity, _families(rows))
    train_people = set(people[people.index >= len(test)])
    return np.isin(np.arange(len(test)), people.index[people.isin(train_people)])


def _families(rows: pd.DataFrame) -> dict[str, str]:
    """Return the family of each corpus, with which all its names begin."""
    families = {}
    for column in NAME_COLUMNS:
        names = rows[rows[column] != ""].groupby("corpus")[column].first()
        families |= {corpus: name.partition("/")[0] for corpus, name in names.items()}
    return families


def _look_alikes(test: pd.DataFrame, train: pd.DataFrame, faces: Faces) -> np.ndarray:
    """Return which rows of `test` look like somebody in `train`, or show a face that nobody can tell."""
    at = _positions(test, faces.test)
    train_at = np.unique(_positions(train, faces.train))
    alike = np.zeros(len(faces.test.names), bool)
    shown, trained = np.unique(at[at >= 0]), train_at[train_at >= 0]
    if len(shown) and len(trained):
        _, nearest_distance = nearest(faces.test.means[shown], faces.train.means[trained])
        alike[shown] = nearest_distance[:, 0] <= faces.guard
    embedded = test["corpus"].isin({corpus for corpus, _ in faces.test.names})
    unknown = (at < 0) & embedded & (test["target"] == "") & (test["source"] == "")
    return np.where(at >= 0, alike[at], False) | unknown if len(alike) else unknown.to_numpy()


def _positions(rows: pd.DataFrame, vectors: VideoVectors) -> np.ndarray:
    """Return the position of each row's video in `vectors`, -1 where its face is unknown."""
    places = {name: position for position, name in enumerate(vectors.names)}
    return np.array([places.get(name, -1) for name in zip(rows["corpus"], rows["video"], strict=True)], int)
