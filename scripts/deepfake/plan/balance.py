"""Choose the images of each split: as many real as fake ones, within the byte cap, and of all kinds.

Images are put in the order in which they are chosen. The class balance and the cap then cut the end off that
order, so that a higher cap keeps what a lower one chose.
"""

import math

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.hashing import seeded_hash

MB = 1_000_000  # bytes


def order_images(images: pd.DataFrame, balance: str, seed: int) -> pd.DataFrame:
    """Return `images` in the order in which they are chosen, with the columns `unit`, `stage` and `rank`.

    A `unit` is what is balanced by itself: a split, or a corpus within a split; without balance also each
    class of a split. Each unit and class goes through stages: an image of each method (stage 0), of each
    person as target or source (1), of each video (2), then a second image of each video (3), a third one, and
    so on. Within a stage the order is random, and depends only on `seed` and names. `rank` counts from 0
    within unit and class.

    `images` has the columns corpus, video, frame, video_number, class, split, method, target, source and
    group. `balance` is "corpus", "dataset" or "none".
    """
    images = images.assign(unit=_unit(images, balance), random=_random_numbers(images, seed))
    images = images.sort_values(["random", "corpus", "video", "frame"], kind="stable")
    position = images.groupby("video_number", sort=False).cumcount()
    images["stage"] = position + 2
    first = images[position == 0]
    images.loc[first.index, "stage"] = _stage_of_first_images(first)
    images = images.sort_values(["unit", "class", "stage", "random"], kind="stable")
    images["rank"] = images.groupby(["unit", "class"], sort=False).cumcount()
    return images


def _unit(images: pd.DataFrame, balance: str) -> pd.Series:
    if balance == "none":
        return images["split"] + "/" + images["class"]
    if balance == "dataset":
        return images["split"]
    # A corpus with a single class can't be balanced by itself. A split with such a corpus is one unit.
    classes = images.groupby(["split", "corpus"])["class"].nunique()
    by_corpus = classes.groupby("split").min() == 2
    return images["split"] + ("/" + images["corpus"]).where(images["split"].map(by_corpus), "")


def _random_numbers(images: pd.DataFrame, seed: int) -> np.ndarray:
    """Return a number for each image, uint64 (images,), derived from seed, corpus, video and frame.

    Only one SHA-256 digest a video is computed; the frame is mixed into it.
    """
    videos = images.loc[~images["video_number"].duplicated(), ["video_number", "corpus", "video"]]
    videos = videos.sort_values("video_number")
    of_video = np.array(
        [seeded_hash(seed, "image", *names) for names in zip(videos["corpus"], videos["video"], strict=True)],
        np.uint64,
    )
    place = np.searchsorted(videos["video_number"].to_numpy(), images["video_number"].to_numpy())
    return _splitmix64(of_video[place] ^ _splitmix64(images["frame"].to_numpy(np.uint64)))


def _splitmix64(numbers: np.ndarray) -> np.ndarray:
    """Return uint64 numbers scrambled one to one (SplitMix64; Steele, Lea and Flood 2014)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _stage_of_first_images(first: pd.DataFrame) -> pd.Series:
    """Return the stage of each video's first image, 0, 1 or 2; `first` is in random order."""
    unit = [first["unit"], first["class"]]
    new_method = first.groupby([*unit, "method"], sort=False).cumcount() == 0
    first = pd.concat([first[new_method], first[~new_method]])  # the people of stage 0 need no stage 1
    unit = [first["unit"], first["class"]]
    target = first["target"].where(first["target"] != "", first["group"])
    source = first["source"].where(first["source"] != "", target)
    new_target, new_source = (
        first.groupby([*unit, person], sort=False).cumcount() == 0 for person in (target, source)
    )
    stage = pd.Series(2, index=first.index).where(~(new_target | new_source), 1)
    return stage.where(~new_method, 0)


def surplus(images: pd.DataFrame) -> pd.Index:
    """Return the index of the images of one class beyond those of the other, in each unit.

    `images` is the result of `order_images`.
    """
    sizes = images.groupby(["unit", "class"]).size().unstack(fill_value=0)
    return images.index[images["rank"] >= images["unit"].map(sizes.min(axis=1))]


def over_cap(images: pd.DataFrame, cap: float) -> pd.Index:
    """Return the index of the images to leave out so that the others take at most `cap` bytes.

    `images` is the result of `order_images`. All units go through a stage in parallel, each at the pace at
    which all finish it together. In a unit with both classes, a real and a fake image go together.

    Raises UserError if a split would have no image of a class.
    """
    pair = images.groupby(["unit", "rank"], sort=False).ngroup().rename("pair")
    pairs = images.groupby(pair).agg(unit=("unit", "first"), stage=("stage", "max"), bytes=("bytes", "sum"))
    in_stage = pairs.groupby(["unit", "stage"], sort=False)["bytes"]
    pairs["progress"] = in_stage.cumcount() / in_stage.transform("size")
    pairs = pairs.sort_values(["stage", "progress", "unit"], kind="stable")
    pairs["total_bytes"] = pairs["bytes"].cumsum()
    total_bytes = pair.map(pairs["total_bytes"])
    required = total_bytes.groupby([images["split"], images["class"]]).min().max()
    if required > cap:
        raise UserError(
            f"size_mb = {cap / MB:g} is less than one image of each class in each split; "
            f"write {math.ceil(required / 1000) / 1000} or more, or null for no limit"
        )
    return images.index[total_bytes > cap]
