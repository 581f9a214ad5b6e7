"""Which image goes to which split, and why each other one is left out: decided from tables alone."""

import math
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.kept import CLASSES
from deepfake.names import draw
from deepfake.splits import UnsplittableDataset, assign_splits

MB = 1_000_000  # bytes


def make_plan(gathered: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """The columns tables.PLAN and a row for each of `gathered`; `cfg` is a `datasets` entry with seed.

    Groups of videos are dealt to splits; in each split real and fake are made equal in number where `balance`
    asks for it; then the byte cap is met by shortening all splits together. Both take images in rounds: one
    of every video before a second of any, each round in an order drawn from seed and names. A higher cap
    therefore keeps what a lower one chose. Raises UnsplittableDataset.
    """
    plan = gathered.reset_index(drop=True)
    plan["split"] = ""
    pool = plan.loc[plan["step"] == "", ["corpus", "video", "frame", "group", "label", "bytes"]].copy()
    pool["class"] = pool["label"].map(CLASSES)
    pool["group"] = pool["corpus"] + "/" + pool["group"]
    counts = pool.groupby(["group", "class"]).size().unstack(fill_value=0)
    splits = assign_splits(counts.reindex(columns=["real", "fake"], fill_value=0), cfg["splits"], cfg["seed"])
    pool["split"] = pool["group"].map(splits)
    pool = _in_rounds(pool, cfg["seed"])
    reasons = pd.Series("", index=pool.index)
    if cfg["balance"]:
        reasons[_surplus(pool)] = "balance: the other class has no more images in this split"
    left = pool[reasons == ""]
    if cfg["size_mb"] is not None:
        reasons[_over_cap(left, cfg["size_mb"] * MB, cfg["balance"])] = f"over size_mb = {cfg['size_mb']}"
    plan.loc[reasons.index[reasons != ""], "step"] = "plan"
    plan.loc[reasons.index, "reason"] = reasons
    kept = reasons.index[reasons == ""]
    plan.loc[kept, "split"] = pool.loc[kept, "split"]
    plan["file_name"] = ""
    plan.loc[kept, "file_name"] = _file_names(plan.loc[kept])
    return plan[tables.PLAN]


def _in_rounds(pool: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Ordered so that in each split and class every video gives its first image before any its second."""
    clip = pool.groupby(["corpus", "video"], sort=False).ngroup()
    clips = pool.loc[~clip.duplicated(), ["corpus", "video"]]  # in the order of their numbers
    draws = np.array([draw(seed, "image", *names) for names in clips.itertuples(index=False)], np.uint64)
    pool["draw"] = _mixed(draws[clip.to_numpy()] ^ _mixed(pool["frame"].to_numpy(np.uint64)))
    pool = pool.sort_values(["draw", "corpus", "video", "frame"], kind="stable")
    pool["round"] = pool.groupby(["corpus", "video"], sort=False).cumcount()
    pool = pool.sort_values(["split", "class", "round", "draw"], kind="stable")
    pool["rank"] = pool.groupby(["split", "class"], sort=False).cumcount()
    return pool


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Each 64-bit number as another that looks like chance: SplitMix64's finalizer (Steele et al. 2014)."""
    numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


def _surplus(pool: pd.DataFrame) -> pd.Index:
    """The images that one class of a split has over the other."""
    sizes = pool.groupby(["split", "class"]).size().unstack(fill_value=0)
    return pool.index[pool["rank"] >= pool["split"].map(sizes.min(axis=1))]


def _over_cap(pool: pd.DataFrame, cap: float, balance: bool) -> pd.Index:
    """The images to leave out so that the rest takes at most `cap` bytes.

    All splits and classes go through a round side by side, each at the pace at which all end together, so
    that no video gives a second image before every other one has given its first. Raises UnsplittableDataset
    where a split would be without a class.
    """
    parts = ["split"] if balance else ["split", "class"]  # balanced: a real and a fake go together
    unit = pool.groupby([*parts, "rank"]).ngroup().rename("unit")
    units = pool.groupby(unit).agg(
        **{part: (part, "first") for part in parts}, round=("round", "max"), bytes=("bytes", "sum")
    )
    turn = units.groupby([*parts, "round"])["bytes"]
    units["pace"] = turn.cumcount() / turn.transform("size")
    units = units.sort_values(["round", "pace", *parts], kind="stable")
    units["spent"] = units["bytes"].cumsum()
    least = units.groupby(parts)["spent"].min().max()
    if least > cap:
        raise UnsplittableDataset(
            f"size_mb = {cap / MB:g} is less than one image of each class in each split; "
            f"write {math.ceil(least / 1000) / 1000} or more, or null for no limit"
        )
    return pool.index[unit.map(units["spent"]) > cap]


def _file_names(kept: pd.DataFrame) -> pd.Series:
    """Names no two images share: a corpus's name holds no `__`, and the frame comes last."""
    ending = kept["image"].map(lambda name: PurePosixPath(name).suffix)
    frame = kept["frame"].map("{:06d}".format)
    name = kept["corpus"] + "__" + kept["video"] + "__" + frame + ending
    return kept["split"] + "/" + kept["label"].map(CLASSES) + "/" + name
