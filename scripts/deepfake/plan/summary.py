"""The summary of a plan: how much it keeps, in numbers, and a digest of it."""

import hashlib
from collections.abc import Sequence

import pandas as pd

from deepfake.plan import strata
from deepfake.tables import CLASSES


def plan_summary(plan: pd.DataFrame, stratify: Sequence[str] = ()) -> dict:
    """Return the numbers of the images that a plan (columns tables.PLAN) keeps.

    - `images` and `bytes`; `corpora`: images of each corpus;
    - `splits`: images, bytes and videos of each class in each split;
    - `methods`: images of the fakes of each method that has a name, in each split;
    - `class_weights`: weights for training that make both classes count the same, that is the images of train
      divided by twice the images of the class;
    - `stratify`: see strata.split_shares, for each of the columns `stratify`;
    - `sha256`: a digest of the kept rows without their shards, which changes only when one of them does.
    """
    kept = plan[plan["file_name"] != ""]
    lines = (
        kept.drop(columns="shard").to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogateescape")
    )
    images = kept.assign(video_name=kept["corpus"] + "/" + kept["video"])
    images["class"] = kept["label"].map(CLASSES)
    counts = images.groupby(["split", "class"]).agg(
        images=("image", "size"), bytes=("bytes", "sum"), videos=("video_name", "nunique")
    )
    train = counts["images"].get("train", pd.Series(dtype=int))
    return {
        "class_weights": {label: round(float(train.sum() / (2 * n)), 6) for label, n in train.items()},
        "stratify": strata.split_shares(images, list(stratify)),
        "sha256": hashlib.sha256(lines).hexdigest(),
        "images": len(kept),
        "bytes": int(kept["bytes"].sum()),
        "corpora": {str(corpus): len(rows) for corpus, rows in kept.groupby("corpus")},
        "methods": _methods(images),
        "splits": {
            split: {
                label: {k: int(v) for k, v in row.items()}
                for (_, label), row in part.to_dict("index").items()
            }
            for split, part in counts.groupby(level=0)
        },
    }


def _methods(images: pd.DataFrame) -> dict[str, dict[str, int]]:
    fakes = images[(images["class"] == CLASSES["1"]) & (images["method"] != "")]
    counts = fakes.groupby(["method", "split"]).size()
    return {
        str(method): {str(split): int(n) for (_, split), n in part.items()}
        for method, part in counts.groupby(level=0)
    }
