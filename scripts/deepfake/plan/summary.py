"""What a plan keeps, in numbers."""

import hashlib
from collections.abc import Sequence

import pandas as pd

from deepfake.plan import strata
from deepfake.tables import CLASSES


def plan_summary(plan: pd.DataFrame, stratify: Sequence[str] = ()) -> dict:
    """What is kept, in numbers, and a digest of it that changes only when an image or its row does.

    `class_weights` weigh the classes of train against their numbers, so that both count the same: images
    divided by twice the images of the class. `corpora` counts the images of each. `stratify` are the columns
    whose shares are told.
    """
    kept = plan[plan["file_name"] != ""]
    lines = kept.to_csv(index=False, lineterminator="\n").encode("utf-8", "surrogateescape")
    clips = kept.assign(clip=kept["corpus"] + "/" + kept["video"], label=kept["label"].map(CLASSES))
    counts = clips.groupby(["split", "label"]).agg(
        images=("image", "size"), bytes=("bytes", "sum"), videos=("clip", "nunique")
    )
    train = counts["images"].get("train", pd.Series(dtype=int))
    return {
        "class_weights": {label: round(float(train.sum() / (2 * n)), 6) for label, n in train.items()},
        "stratify": strata.shares(clips.rename(columns={"label": "class"}), list(stratify)),
        "sha256": hashlib.sha256(lines).hexdigest(),
        "images": len(kept),
        "bytes": int(kept["bytes"].sum()),
        "corpora": {str(corpus): len(rows) for corpus, rows in kept.groupby("corpus")},
        "splits": {
            split: {
                label: {k: int(v) for k, v in row.items()}
                for (_, label), row in part.to_dict("index").items()
            }
            for split, part in counts.groupby(level=0)
        },
    }
