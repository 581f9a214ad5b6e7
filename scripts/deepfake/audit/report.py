"""A finished dataset in numbers: what is in each split, and how far it is from what was asked for."""

import pandas as pd

from deepfake.audit.checks import SPLITS, Evidence, Result
from deepfake.audit.read import shown
from deepfake.tables import CLASSES

EXAMPLES = 20  # of each check; the log has all
PARTS = ["corpus", "method", "class", "split"]


def report(dataset: str, evidence: Evidence, results: list[Result]) -> dict:
    """All that audit.json says: the results of the checks, and the numbers. Holds no times and no paths.

    The `share` of a split is that of its images, without corpora that are kept for test.
    """
    rows = evidence.rows.assign(
        **{"class": evidence.rows["label"].map(CLASSES).fillna("unknown")},
        clip=evidence.rows["corpus"] + "/" + evidence.rows["video"],
        bytes=[evidence.files[n].bytes if n in evidence.files else 0 for n in evidence.rows["file_name"]],
    )
    for column in {*PARTS, *evidence.cfg["stratify"]} & set(rows.columns):
        rows[column] = rows[column].map(shown)
    free = rows[~rows["corpus"].isin(evidence.cfg["test_only"])]  # of these the config asks for shares
    asked = {} if evidence.cfg["policy"] == "official" else evidence.cfg["splits"]
    return {
        "dataset": dataset,
        "policy": evidence.cfg["policy"],
        "passed": all(result.status != "failed" for result in results),
        "images": len(rows),
        "bytes": int(rows["bytes"].sum()),
        "checks": [
            {
                "name": result.name,
                "status": result.status,
                "text": result.text,
                "found": len(result.findings),
                "examples": result.findings[:EXAMPLES],
            }
            for result in results
        ],
        "splits": {
            split: {
                "asked": asked.get(split),
                "share": round(float((free["split"] == split).mean()), 4) if len(free) else 0.0,
                "classes": {
                    row.pop("class"): row for row in _counts(rows[rows["split"] == split], ["class"])
                },
            }
            for split in in_order(rows["split"])
        },
        "parts": _counts(rows, PARTS),
        "class_weights": _weights(rows[rows["split"] == "train"]),
        "strata": {column: _stratum(rows, column, evidence.cfg) for column in evidence.cfg["stratify"]},
    }


def in_order(splits: pd.Series) -> list[str]:
    """The splits that occur: train, val and test first, any other after them."""
    return sorted(set(splits), key=lambda s: (SPLITS.index(s) if s in SPLITS else len(SPLITS), s))


def _counts(rows: pd.DataFrame, columns: list[str]) -> list[dict]:
    """Videos, images and bytes of each combination of `columns`, in order."""
    found = rows.groupby(columns).agg(
        videos=("clip", "nunique"), images=("clip", "size"), bytes=("bytes", "sum")
    )
    return [
        {k: v if isinstance(v, str) else int(v) for k, v in row.items()}
        for row in found.reset_index().to_dict("records")
    ]


def _weights(train: pd.DataFrame) -> dict[str, float]:
    """The weight of each class at which both count the same in training: images / (classes x its images)."""
    sizes = train["class"].value_counts()
    return {name: round(len(train) / (len(sizes) * int(sizes[name])), 4) for name in sorted(sizes.index)}


def _stratum(rows: pd.DataFrame, column: str, cfg: dict) -> dict | None:
    """The share of each value of a column in the whole and in each split, and the largest difference.

    Corpora that stand in test alone by wish don't count. None where metadata.csv has no such column.
    """
    if column not in rows:
        return None
    part = rows[~rows["corpus"].isin(cfg["test_only"])]
    whole = part[column].value_counts(normalize=True)
    shares = pd.DataFrame(
        {
            split: part.loc[part["split"] == split, column].value_counts(normalize=True)
            for split in in_order(part["split"])
        }
    ).reindex(whole.index, fill_value=0)
    shares = shares.fillna(0)
    return {
        "deviation": round(float(shares.sub(whole, axis=0).abs().max(axis=None)), 4),
        "values": {
            value: {"all": round(float(whole[value]), 4)}
            | {split: round(float(share), 4) for split, share in shares.loc[value].items()}
            for value in sorted(whole.index)
        },
    }
