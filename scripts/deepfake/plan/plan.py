"""The plan of a dataset: the split of each image, or the reason why it is left out, from tables alone."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.plan.balance import MB, order_images, over_cap, surplus
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair, link_videos
from deepfake.plan.policies import choose_splits
from deepfake.tables import CLASSES

VIDEO_COLUMNS = "corpus video label method target source original group split attributes".split()
"""Columns of tables.GATHERED with the same value for all images of a video."""


def make_plan(gathered: pd.DataFrame, cfg: dict, same_identity: list[Pair] = ()) -> pd.DataFrame:
    """Return the columns tables.PLAN with a row for each row of `gathered` (tables.GATHERED).

    `cfg` is a section of `datasets` in the config, with `seed` and `families`. `same_identity` are pairs of
    names of one person, see links.read_pairs.

    - Of the near-duplicates in one video the first is kept; videos with near-duplicates share a split.
    - The policy assigns videos to splits, see policies.
    - In each split as many real as fake images are chosen if `balance` requires it, and as many as fit under
      the byte cap, see balance.

    Raises UserError if the config can't be met: a split without a class, a cap that is too low, or unknown
    names in `stratify` or `same_identity`.
    """
    plan = gathered.reset_index(drop=True)
    images = plan.loc[plan["step"] == "", [*VIDEO_COLUMNS, "frame", "bytes", "phash"]]
    images = images.sort_values(["corpus", "video", "frame"], kind="stable")
    images["video_number"] = images.groupby(["corpus", "video"], sort=False).ngroup()
    reasons = pd.Series("", index=images.index)

    repeats, near_duplicates = _find_near_duplicates(images, cfg["duplicates"])
    reasons[repeats.index] = repeats
    images = images[reasons == ""].copy()

    splits = _split_videos(images, near_duplicates, cfg, same_identity)
    reasons[images.index] = splits["reason"].reindex(images["video_number"]).to_numpy()
    for column in ("class", "split"):
        images[column] = splits[column].reindex(images["video_number"]).to_numpy()

    images = order_images(images[images["split"] != ""], cfg["balance"], cfg["seed"])
    if cfg["balance"] != "none":
        reasons[surplus(images)] = "balance: the other class has no more images"
    images = images[reasons[images.index] == ""]
    if cfg["size_mb"] is not None:
        reasons[over_cap(images, cfg["size_mb"] * MB)] = f"over size_mb = {cfg['size_mb']:g}"
    kept = images.index[reasons[images.index] == ""]

    plan.loc[reasons.index[reasons != ""], "step"] = "plan"
    plan.loc[reasons.index, "reason"] = reasons
    plan["split"] = ""
    plan.loc[kept, "split"] = images.loc[kept, "split"]
    plan["file_name"] = ""
    plan.loc[kept, "file_name"] = _file_names(plan.loc[kept])
    return plan[tables.PLAN]


def _find_near_duplicates(images: pd.DataFrame, distance: int | None) -> tuple[pd.Series, np.ndarray]:
    """Return the images to leave out, and the pairs of videos with near-duplicates of each other.

    The first is a reason for each image with an earlier near-duplicate in its own video. The second is int
    (pairs, 2) of video numbers. `distance` is a number of bits, or None to look for no near-duplicates.
    """
    if distance is None or not len(images):
        return pd.Series(dtype=str), np.empty((0, 2), np.int64)
    clusters = pd.DataFrame(
        {
            "video_number": images["video_number"],
            "cluster": cluster_hashes(parse_hashes(images["phash"]), distance),
        }
    )
    repeated = clusters.duplicated()
    first_frame = images["frame"].groupby([clusters["video_number"], clusters["cluster"]]).transform("first")
    reasons = "near-duplicate of frame " + first_frame[repeated].astype(str)
    clusters = clusters[~repeated]
    first_video = clusters["video_number"].groupby(clusters["cluster"]).transform("first")
    pairs = np.stack([first_video, clusters["video_number"]], axis=1)
    return reasons, pairs[pairs[:, 0] != pairs[:, 1]]


def _split_videos(
    images: pd.DataFrame, near_duplicates: np.ndarray, cfg: dict, same_identity: list[Pair]
) -> pd.DataFrame:
    """Return the class, split and reason of each video, indexed by video number; see choose_splits."""
    videos = images.loc[~images["video_number"].duplicated(), [*VIDEO_COLUMNS, "video_number"]]
    videos = videos.set_index("video_number")
    videos["class"] = videos["label"].map(CLASSES)
    videos["images"] = images["video_number"].value_counts().reindex(videos.index)
    by_person = cfg["policy"] == "identity"
    links = link_videos(videos, near_duplicates, same_identity, cfg["families"], by_person)
    videos = videos.join(links)
    return choose_splits(videos, cfg).assign(**{"class": videos["class"]})


def _file_names(kept: pd.DataFrame) -> pd.Series:
    """Return a unique name for each kept image: no corpus has `__` in its name, and the frame comes last."""
    ending = kept["image"].map(lambda name: PurePosixPath(name).suffix)
    frame = kept["frame"].map("{:06d}".format)
    name = kept["corpus"] + "__" + kept["video"] + "__" + frame + ending
    return kept["split"] + "/" + kept["label"].map(CLASSES) + "/" + name
