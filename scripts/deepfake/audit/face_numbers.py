"""The numbers of an audit about faces: how near the splits come to each other, and whom train knows."""

import numpy as np
import pandas as pd

from deepfake.audit.faces import FaceEvidence, worst_pairs
from deepfake.console import printable
from deepfake.people.strangers import has_lookalike

SHOWN = 24  # pairs of images that the page of an audit shows
STEP = 0.05  # of the distances up to which images are counted, from 0 to 1
QUANTILES = (0, 0.01, 0.05, 0.25, 0.5, 0.75, 1)


def face_numbers(faces: FaceEvidence, table: pd.DataFrame) -> dict:
    """Return what audit.json has as `faces`; `table` are the rows of metadata.csv.

    `known` is the number of images whose faces are compared. `nearest` has an item for each two splits: of
    the images of `split`, the quantiles of the distances to the nearest one of `other`; the share within
    `fail`, of all and of real ones; and the share `within` distances of 0.05, 0.1 and so on. `people` is that
    of FaceEvidence; `within_fail_by_chance` the share of images that would have one within `fail` if all were
    strangers; `pairs` the SHOWN nearest pairs, one of each pair of videos.
    """
    near = faces.nearest.assign(
        distance=faces.nearest["distance"].astype(float),
        real=(table["label"] == "0").to_numpy()[faces.nearest["row"].astype(int)],
    )
    return {
        "known": len(faces.rows),
        "link": faces.link,
        "fail": faces.fail,
        "nearest": [
            {"split": split, "other": other}
            | _distances(part, faces.fail)
            | {"within_fail_by_chance": _by_chance(faces, table, other)}
            for (split, other), part in near.groupby(["split", "other"], sort=False)
        ],
        "people": faces.people,
        "pairs": [
            {
                "distance": round(float(pair.distance), 4),
                "files": [printable(table["file_name"].iloc[row]) for row in (pair.row, pair.near)],
                "videos": [
                    printable(f"{table['corpus'].iloc[row]}/{table['video'].iloc[row]}")
                    for row in (pair.row, pair.near)
                ],
                "splits": [pair.split, pair.other],
                "images": int(pair.images),
            }
            for pair in worst_pairs(faces, table).head(SHOWN).itertuples(index=False)
        ],
    }


def _distances(part: pd.DataFrame, fail: float) -> dict:
    distance, real = part["distance"].to_numpy(), part["real"].to_numpy()
    steps = [round(STEP * step, 2) for step in range(1, round(1 / STEP) + 1)]
    return {
        "images": len(part),
        "reals": int(real.sum()),
        "quantiles": {f"{q:g}": round(float(np.quantile(distance, q)), 4) for q in QUANTILES},
        "within_fail": _share(distance <= fail),
        "reals_within_fail": _share(distance[real] <= fail),
        "within": {f"{step:.2f}": _share(distance <= step) for step in steps},
    }


def _by_chance(faces: FaceEvidence, table: pd.DataFrame, other: str) -> float | None:
    if faces.strangers is None:
        return None
    others = int((table["split"].to_numpy()[faces.rows] == other).sum())
    return round(has_lookalike(others, faces.strangers), 4)


def _share(true: np.ndarray) -> float | None:
    """Return the share of true values, 0 to 1; None of no values."""
    return round(float(true.mean()), 4) if len(true) else None
