"""The plan of a dataset: the split of each image, or the reason why it is left out, from tables alone."""

from pathlib import PurePosixPath
from typing import NamedTuple

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.people.guard import Band, no_band
from deepfake.people.video_vectors import VideoVectors
from deepfake.plan.balance import MB, order_images, over_cap, surplus
from deepfake.plan.different_people import different_videos
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.faces import (
    Faces,
    kinds_of_faces,
    leave_out_look_alikes,
    leave_out_unknown,
    link_faces,
    near_videos,
    recognise,
)
from deepfake.plan.given import Given, check_given
from deepfake.plan.links import Pair, link_people, link_videos
from deepfake.plan.lookalikes import keep_lookalikes_together
from deepfake.plan.policies import check_classes, choose_splits
from deepfake.tables import CLASSES

VIDEO_COLUMNS = "corpus video label method target source original group split attributes".split()
"""Columns of tables.GATHERED with the same value for all images of a video."""


class Seen(NamedTuple):
    """Who is seen in the videos of a plan, by name and by face.

    `videos` has their columns VIDEO_COLUMNS and the `reason` why people keep them out; `faces` are theirs by
    position, None where faces don't count, and `band` is what the guard made of them.
    """

    videos: pd.DataFrame
    faces: Faces | None
    band: Band | None


def make_plan(
    gathered: pd.DataFrame,
    cfg: dict,
    same_identity: list[Pair] = (),
    vectors: VideoVectors | None = None,
    different_people: list[Pair] = (),
    given: Given | None = None,
) -> pd.DataFrame:
    """Return the first result of `plan_people`."""
    return plan_people(gathered, cfg, same_identity, vectors, different_people, given)[0]


def plan_people(
    gathered: pd.DataFrame,
    cfg: dict,
    same_identity: list[Pair] = (),
    vectors: VideoVectors | None = None,
    different_people: list[Pair] = (),
    given: Given | None = None,
) -> tuple[pd.DataFrame, Seen]:
    """Return tables.PLAN with a row for each row of `gathered` (tables.GATHERED), and who is seen in it.

    `cfg` is a section of `datasets` in the config, with `seed` and `families`. `same_identity` are pairs of
    names of one person, and `different_people` of two, see links.read_pairs. `vectors` are the faces of the
    videos, None where people are told apart by names alone; only the policy identity heeds them. `given` are
    the splits of a file: then it alone decides which images may be in the dataset, and in which split, and
    the policy moves nothing.

    - Of the near-duplicates in one video the first is kept; videos with near-duplicates share a split.
    - The policy assigns videos to splits, see policies.
    - By faces, of two videos in two splits that look like one person one is left out, see people.guard; and
      so are videos without a name and without a face that is seen well enough.
    - In each split as many real as fake images are chosen if `balance` requires it, and as many as fit under
      the byte cap, see balance.

    Raises UserError if the config can't be met: a split without a class, a cap that is too low, or unknown
    names in `stratify`, `same_identity` or `different_people`, which may also contradict each other.
    """
    plan = gathered.reset_index(drop=True)
    images = plan.loc[plan["step"] == "", [*VIDEO_COLUMNS, "frame", "bytes", "phash"]]
    images = images.sort_values(["corpus", "video", "frame"], kind="stable")
    images["video_number"] = images.groupby(["corpus", "video"], sort=False).ngroup()
    reasons = pd.Series("", index=images.index)
    if given is not None:
        reasons[images.index] = given.reasons(images)
        images = images[reasons == ""].copy()

    repeats, near_duplicates = _find_near_duplicates(images, cfg["duplicates"])
    reasons[repeats.index] = repeats
    images = images[reasons[images.index] == ""].copy()

    videos = _videos(images)
    splits, faces, band = _split_videos(
        videos, near_duplicates, cfg, list(same_identity), vectors, list(different_people), given
    )
    reasons[images.index] = splits["reason"].reindex(images["video_number"]).to_numpy()
    images["class"] = images["label"].map(CLASSES)
    images["split"] = splits["split"].reindex(images["video_number"]).to_numpy()

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
    return plan[tables.PLAN], Seen(videos.assign(reason=splits["reason"]), faces, band)


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


def _videos(images: pd.DataFrame) -> pd.DataFrame:
    """Return VIDEO_COLUMNS, class and number of images of each video, indexed by video number."""
    videos = images.loc[~images["video_number"].duplicated(), [*VIDEO_COLUMNS, "video_number"]]
    videos = videos.set_index("video_number")
    videos["class"] = videos["label"].map(CLASSES)
    videos["images"] = images["video_number"].value_counts().reindex(videos.index)
    return videos


def _split_videos(
    videos: pd.DataFrame,
    near_duplicates: np.ndarray,
    cfg: dict,
    same_identity: list[Pair],
    vectors: VideoVectors | None,
    different_people: list[Pair],
    given: Given | None,
) -> tuple[pd.DataFrame, Faces | None, Band | None]:
    """Return split and reason of each video (see choose_splits), and what faces and guard say of them."""
    by_person, families = cfg["policy"] == "identity", cfg["families"]
    named = videos
    if by_person and vectors is not None and cfg["people"]["by"] == "faces":
        named = videos.assign(target="", source="")

    def people_by_name(pairs: list[Pair]) -> pd.Series:
        return link_people(named, pairs, families)

    different = different_videos(videos, different_people, families, same_identity, people_by_name)
    people = cfg["people"]
    by_face = by_person and vectors is not None
    faces = recognise(videos, people_by_name(same_identity), vectors, different, people) if by_face else None
    if given is not None:
        chosen = pd.DataFrame({"split": given.splits(videos), "reason": ""}, index=videos.index)
        check_given(videos, chosen["split"], given)
        return chosen, faces, None if faces is None else no_band(len(faces.person))
    links = link_videos(named, near_duplicates, same_identity, families, by_person)
    if faces is None:
        return choose_splits(videos.join(links), cfg), None, None
    links = link_faces(named, links, faces)
    near = near_videos(faces, people["guard"])
    links, ties = keep_lookalikes_together(links, near, people["together"])
    linked = videos.join(links).assign(kind=kinds_of_faces(faces))
    chosen = leave_out_unknown(named, choose_splits(linked, cfg, ties), faces)
    chosen, band = leave_out_look_alikes(videos, chosen, faces, people["guard"])
    advice = f", or a smaller people.guard: it left out {band.out.sum()} videos" if band.out.any() else ""
    check_classes(linked, chosen["split"], cfg, advice)
    return chosen, faces, band


def _file_names(kept: pd.DataFrame) -> pd.Series:
    """Return a unique name for each kept image: no corpus has `__` in its name, and the frame comes last."""
    ending = kept["image"].map(lambda name: PurePosixPath(name).suffix)
    frame = kept["frame"].map("{:06d}".format)
    name = kept["corpus"] + "__" + kept["video"] + "__" + frame + ending
    return kept["split"] + "/" + kept["label"].map(CLASSES) + "/" + name
