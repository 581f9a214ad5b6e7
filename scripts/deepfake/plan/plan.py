"""Which image goes to which split, and why each other one is left out: decided from tables alone."""

from pathlib import PurePosixPath

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.plan.balance import MB, in_turn, over_cap, surplus
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.links import Pair, bind
from deepfake.plan.policies import choose_splits
from deepfake.tables import CLASSES

OF_VIDEO = "corpus video label method target source original group split attributes".split()


def make_plan(gathered: pd.DataFrame, cfg: dict, same: list[Pair] = ()) -> pd.DataFrame:
    """The columns tables.PLAN and a row for each of `gathered`; `cfg` is a `datasets` entry with seed, and
    `same` are pairs as joins.read_same_identity gives them.

    Of the near-duplicates in a video one is kept, and those in several videos bind these together. Videos go
    to splits by the policy; of the images there as many real as fake are taken where `balance` asks for it,
    and no more than fit under the byte cap, in an order that takes of everything some first. A higher cap
    therefore keeps what a lower one chose. Raises UserError.
    """
    plan = gathered.reset_index(drop=True)
    pool = plan.loc[plan["step"] == "", [*OF_VIDEO, "frame", "bytes", "phash"]]
    pool = pool.sort_values(["corpus", "video", "frame"], kind="stable")
    reasons = pd.Series("", index=pool.index)
    pool["clip"] = pool.groupby(["corpus", "video"], sort=False).ngroup()
    alike = _repeats(pool, cfg["duplicates"], reasons)
    pool = pool[reasons == ""].copy()

    videos = pool.loc[~pool["clip"].duplicated(), [*OF_VIDEO, "clip"]].set_index("clip")
    videos["class"] = videos["label"].map(CLASSES)
    videos["images"] = pool["clip"].value_counts().reindex(videos.index)
    people = cfg["policy"] == "identity"
    videos = videos.join(bind(videos, alike, same, cfg["families"], people))
    chosen = choose_splits(videos, cfg)
    reasons[pool.index] = chosen["reason"].reindex(pool["clip"]).to_numpy()

    for name, known in (("class", videos["class"]), ("split", chosen["split"])):
        pool[name] = known.reindex(pool["clip"]).to_numpy()
    pool = in_turn(pool[pool["split"] != ""], cfg["balance"], cfg["seed"])
    if cfg["balance"] != "none":
        reasons[surplus(pool)] = "balance: the other class has no more images"
    pool = pool[reasons[pool.index] == ""]
    if cfg["size_mb"] is not None:
        reasons[over_cap(pool, cfg["size_mb"] * MB)] = f"over size_mb = {cfg['size_mb']:g}"
    kept = pool.index[reasons[pool.index] == ""]

    plan.loc[reasons.index[reasons != ""], "step"] = "plan"
    plan.loc[reasons.index, "reason"] = reasons
    plan["split"] = ""
    plan.loc[kept, "split"] = pool.loc[kept, "split"]
    plan["file_name"] = ""
    plan.loc[kept, "file_name"] = _file_names(plan.loc[kept])
    return plan[tables.PLAN]


def _repeats(pool: pd.DataFrame, distance: int | None, reasons: pd.Series) -> np.ndarray:
    """Write a reason for each image that has an earlier near-duplicate in its own video; pairs of clips that
    share one: int (pairs, 2)."""
    if distance is None or not len(pool):
        return np.empty((0, 2), np.int64)
    member = pd.DataFrame(
        {"clip": pool["clip"], "cluster": cluster_hashes(parse_hashes(pool["phash"]), distance)}
    )
    again = member.duplicated()
    first = pool["frame"].groupby([member["clip"], member["cluster"]]).transform("first")[again]
    reasons[first.index] = "near-duplicate of frame " + first.astype(str)
    member = member[~again]
    bound = member["clip"].groupby(member["cluster"]).transform("first")
    pairs = np.stack([bound, member["clip"]], axis=1)
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _file_names(kept: pd.DataFrame) -> pd.Series:
    """Names no two images share: a corpus's name holds no `__`, and the frame comes last."""
    ending = kept["image"].map(lambda name: PurePosixPath(name).suffix)
    frame = kept["frame"].map("{:06d}".format)
    name = kept["corpus"] + "__" + kept["video"] + "__" + frame + ending
    return kept["split"] + "/" + kept["label"].map(CLASSES) + "/" + name
