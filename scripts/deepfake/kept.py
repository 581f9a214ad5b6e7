"""What a plan keeps, in numbers."""

import hashlib

import pandas as pd

CLASSES = {"0": "real", "1": "fake"}
"""The names of the labels, as the tables write them."""


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
            split: {
                label: {k: int(v) for k, v in row.items()}
                for (_, label), row in part.to_dict("index").items()
            }
            for split, part in counts.groupby(level=0)
        },
    }
