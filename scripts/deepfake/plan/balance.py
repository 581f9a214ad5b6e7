"""Which images of each split are taken: as many real as fake, within the byte cap, and of everything some."""

import math

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.hashing import seeded_hash

MB = 1_000_000  # bytes


def in_turn(pool: pd.DataFrame, balance: str, seed: int) -> pd.DataFrame:
    """The images in the order in which they are taken, with their `unit`, `stage` and `rank`.

    `pool` has the columns corpus, video, frame, clip (a number for each video), class, split, method, target,
    source and group. A unit is what is balanced by itself: a split, or a corpus in it; unbalanced also each
    class. In each unit and class come first (stage 0) an image of each method, then (1) of each person, as
    target or source, then (2) of each video, and then second images of each video, third ones and so on.
    Within a stage the order is drawn from `seed` and names. `rank` counts within unit and class.
    """
    pool = pool.assign(unit=_unit(pool, balance), draw=_draws(pool, seed))
    pool = pool.sort_values(["draw", "corpus", "video", "frame"], kind="stable")
    turn = pool.groupby("clip", sort=False).cumcount()
    pool["stage"] = turn + 2
    first = pool[turn == 0]
    pool.loc[first.index, "stage"] = _stage_of_first(first)
    pool = pool.sort_values(["unit", "class", "stage", "draw"], kind="stable")
    pool["rank"] = pool.groupby(["unit", "class"], sort=False).cumcount()
    return pool


def _unit(pool: pd.DataFrame, balance: str) -> pd.Series:
    if balance == "none":
        return pool["split"] + "/" + pool["class"]
    if balance == "dataset":
        return pool["split"]
    classes = pool.groupby(["split", "corpus"])["class"].nunique()
    apart = classes.groupby("split").min() == 2  # where a corpus has one class, it needs another's
    return pool["split"] + ("/" + pool["corpus"]).where(pool["split"].map(apart), "")


def _draws(pool: pd.DataFrame, seed: int) -> np.ndarray:
    """For each image a number drawn from seed, corpus, video and frame: uint64 (images,)."""
    clips = pool.loc[~pool["clip"].duplicated(), ["clip", "corpus", "video"]].sort_values("clip")
    draws = np.array(
        [seeded_hash(seed, "image", *names) for names in zip(clips["corpus"], clips["video"], strict=True)],
        np.uint64,
    )
    place = np.searchsorted(clips["clip"].to_numpy(), pool["clip"].to_numpy())
    return _mixed(draws[place] ^ _mixed(pool["frame"].to_numpy(np.uint64)))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Each 64-bit number as another that looks like chance: SplitMix64's finalizer (Steele et al. 2014)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _stage_of_first(first: pd.DataFrame) -> pd.Series:
    """The stage of each video's first image, in the order of the draws: 0, 1 or 2."""
    part = [first["unit"], first["class"]]
    opens = first.groupby([*part, "method"], sort=False).cumcount() == 0
    first = pd.concat([first[opens], first[~opens]])  # who opens a method has had a turn as a person
    part = [first["unit"], first["class"]]
    target = first["target"].where(first["target"] != "", first["group"])
    source = first["source"].where(first["source"] != "", target)
    new = [first.groupby([*part, who], sort=False).cumcount() == 0 for who in (target, source)]
    return pd.Series(2, index=first.index).where(~(new[0] | new[1]), 1).where(~opens, 0)


def surplus(pool: pd.DataFrame) -> pd.Index:
    """The images that one class of a unit has over the other; `pool` as `in_turn` gives it."""
    sizes = pool.groupby(["unit", "class"]).size().unstack(fill_value=0)
    return pool.index[pool["rank"] >= pool["unit"].map(sizes.min(axis=1))]


def over_cap(pool: pd.DataFrame, cap: float) -> pd.Index:
    """The images to leave out so that the rest takes at most `cap` bytes; `pool` as `in_turn` gives it.

    All units go through a stage side by side, each at the pace at which all end together; where a unit has
    both classes a real and a fake go together. Raises UserError where a split would be without a
    class.
    """
    pair = pool.groupby(["unit", "rank"], sort=False).ngroup().rename("pair")
    pairs = pool.groupby(pair).agg(unit=("unit", "first"), stage=("stage", "max"), bytes=("bytes", "sum"))
    turn = pairs.groupby(["unit", "stage"], sort=False)["bytes"]
    pairs["pace"] = turn.cumcount() / turn.transform("size")
    pairs = pairs.sort_values(["stage", "pace", "unit"], kind="stable")
    pairs["spent"] = pairs["bytes"].cumsum()
    spent = pair.map(pairs["spent"])
    least = spent.groupby([pool["split"], pool["class"]]).min().max()
    if least > cap:
        raise UserError(
            f"size_mb = {cap / MB:g} is less than one image of each class in each split; "
            f"write {math.ceil(least / 1000) / 1000} or more, or null for no limit"
        )
    return pool.index[spent > cap]
