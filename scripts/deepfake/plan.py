"""Which image goes to which split, and why each other one is left out: decided from tables, without a pixel."""

import hashlib
from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.names import draw
from deepfake.splits import assign_splits

CLASSES = {"0": "real", "1": "fake"}
MB = 1_000_000  # bytes


def make_plan(gathered: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """A table with the columns tables.PLAN and a row for each of `gathered`; `cfg` is a `datasets` entry with seed.

    Groups of videos are dealt to splits; in each split real and fake are made equal in number where `balance`
    asks for it; then the byte cap is met by shortening all splits in proportion. Both take images in rounds: one
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
        reasons[_over_cap(left, cfg["size_mb"] * MB, cfg["balance"])] = f"over size_mb = {cfg['size_mb']:g}"
    plan.loc[reasons.index[reasons != ""], "step"] = "plan"
    plan.loc[reasons.index, "reason"] = reasons
    kept = reasons.index[reasons == ""]
    plan.loc[kept, "split"] = pool.loc[kept, "split"]
    plan["file_name"] = ""
    plan.loc[kept, "file_name"] = _file_names(plan.loc[kept])
    return plan[tables.PLAN]


def _in_rounds(pool: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Ordered such that in each split and class every video gives its first image before any gives its second."""
    names = zip(pool["corpus"], pool["video"], pool["frame"], strict=True)
    pool["draw"] = np.fromiter((draw(seed, "image", *name) for name in names), np.uint64, len(pool))
    pool = pool.sort_values("draw", kind="stable")
    pool["round"] = pool.groupby(["corpus", "video"], sort=False).cumcount()
    pool = pool.sort_values(["split", "class", "round", "draw"], kind="stable")
    pool["rank"] = pool.groupby(["split", "class"], sort=False).cumcount()
    return pool


def _surplus(pool: pd.DataFrame) -> pd.Index:
    """The images that one class of a split has over the other."""
    sizes = pool.groupby(["split", "class"]).size().unstack(fill_value=0)
    return pool.index[pool["rank"] >= pool["split"].map(sizes.min(axis=1))]


def _over_cap(pool: pd.DataFrame, cap: float, balance: bool) -> pd.Index:
    """The images to leave out so that the rest takes at most `cap` bytes, in each split in the same proportion."""
    if pool["bytes"].sum() <= cap:
        return pool.index[:0]
    parts = ["split"] if balance else ["split", "class"]  # balanced: a real and a fake go together
    ordered = pool.sort_values([*parts, "rank", "class"], kind="stable")
    share = ordered.groupby(parts)["bytes"].transform("sum") * (cap / pool["bytes"].sum())
    spent = ordered.groupby(parts)["bytes"].cumsum()
    if balance:
        spent = spent.groupby([ordered["split"], ordered["rank"]]).transform("max")
    return ordered.index[spent > share]


def _file_names(kept: pd.DataFrame) -> pd.Series:
    """Names no two images share: a corpus's name holds no `__`, and the frame has a fixed place at the end."""
    ending = kept["image"].map(lambda name: PurePosixPath(name).suffix)
    frame = kept["frame"].map("{:06d}".format)
    name = kept["corpus"] + "__" + kept["video"] + "__" + frame + ending
    return kept["split"] + "/" + kept["label"].map(CLASSES) + "/" + name


def kept_facts(plan: pd.DataFrame) -> dict:
    """What is kept, in numbers, and a digest of it that changes only when an image or its row does."""
    kept = plan[plan["file_name"] != ""]
    lines = kept.to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogateescape")
    clips = kept.assign(clip=kept["corpus"] + "/" + kept["video"], label=kept["label"].map(CLASSES))
    counts = clips.groupby(["split", "label"]).agg(
        images=("image", "size"), bytes=("bytes", "sum"), videos=("clip", "nunique")
    )
    return {
        "sha256": hashlib.sha256(lines).hexdigest(),
        "images": len(kept),
        "bytes": int(kept["bytes"].sum()),
        "splits": {
            split: {label: {k: int(v) for k, v in row.items()} for (_, label), row in part.to_dict("index").items()}
            for split, part in counts.groupby(level=0)
        },
    }
