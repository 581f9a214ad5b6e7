"""Leaks from train into val and test when a corpus is split in common ways; asserts nothing.

    PYTHONPATH=scripts:tests python tests/bench/bench_leaks.py

The corpora have their full size and random swaps (see full_size.py). The seven YouTube videos that the
official splits of FaceForensics++ separate are the real ones. It prints the share of the images of val and
test with a video, an original, or a person (as target or source) that train has too, and the share of videos
kept.
"""

import numpy as np
import pandas as pd
from made.full_size import families, gathered

from deepfake.plan.plan import make_plan

SPLITS = {"train": 0.8, "val": 0.15, "test": 0.05}
CFG = {
    "size_mb": None, "splits": SPLITS, "tolerance": 0.05, "stratify": [], "test_only": [], "duplicates": 3,
    "balance": "none", "seed": 42,
}  # fmt: skip


def main() -> None:
    print(f"{'corpus':<15}{'split by':<22}{'video':>8}{'original':>10}{'person':>8}{'videos kept':>13}")
    for corpus in ("faceforensics", "dfd", "celebdf"):
        table = gathered([corpus], images=10).drop_duplicates(["video", "frame"])
        for method, splits in SPLIT_METHODS.items():
            if method == "official splits" and corpus == "dfd":
                continue  # it has none
            leaks = leaking(table.assign(split=splits(table, corpus)))
            print(f"{corpus:<15}{method:<22}" + "".join(leaks), flush=True)


def leaking(table: pd.DataFrame) -> list[str]:
    """Return the cells of a row of the table."""
    kept = table[table["split"] != ""]
    train, rest = kept[kept["split"] == "train"], kept[kept["split"] != "train"]
    people = (set(train["target"]) | set(train["source"])) - {""}
    shares = [
        rest["video"].isin(set(train["video"])),
        rest["group"].isin(set(train["group"])),
        rest["target"].isin(people) | rest["source"].isin(people),
    ]
    known = (table["target"] != "").any()
    cells = [f"{100 * share.mean():.1f} %" for share in shares[: 2 + known]] + ["unknown"] * (not known)
    cells.append(f"{100 * kept['video'].nunique() / table['video'].nunique():.0f} %")
    return [cell.rjust(width) for cell, width in zip(cells, (8, 10, 8, 13), strict=True)]


def by_images(table: pd.DataFrame, corpus: str) -> np.ndarray:
    return np.random.default_rng(0).choice(list(SPLITS), len(table), p=list(SPLITS.values()))


def by_videos(table: pd.DataFrame, corpus: str) -> pd.Series:
    videos = sorted(table["video"].unique())
    splits = np.random.default_rng(0).choice(list(SPLITS), len(videos), p=list(SPLITS.values()))
    return table["video"].map(dict(zip(videos, splits, strict=True)))


def by_list_order(table: pd.DataFrame, corpus: str) -> pd.Series:
    """Cut the list of all files, sorted by method, at 80 % and 95 %."""
    videos = table.sort_values(["label", "method", "video"])["video"].unique()
    at = np.searchsorted([0.8, 0.95], np.arange(len(videos)) / len(videos), side="right")
    return table["video"].map(dict(zip(videos, np.array(list(SPLITS))[at], strict=True)))


def by_policy(policy: str):
    def splits(table: pd.DataFrame, corpus: str) -> pd.Series:
        return make_plan(table, CFG | {"policy": policy, "families": families([corpus])})["split"]

    return splits


SPLIT_METHODS = {
    "random images": by_images,
    "random videos": by_videos,
    "order of the list": by_list_order,
    "official splits": by_policy("official"),
    "policy group": by_policy("group"),
    "policy identity": by_policy("identity"),
}

if __name__ == "__main__":
    main()
