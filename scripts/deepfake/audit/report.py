"""The numbers of an audit: what each split holds, and how far it is from what the config requests."""

import pandas as pd

from deepfake.audit.checks import Result
from deepfake.audit.evidence import Evidence, sort_splits
from deepfake.audit.face_numbers import face_numbers
from deepfake.console import printable
from deepfake.plan.splits_file import asked_fractions
from deepfake.tables import CLASSES

EXAMPLES = 20  # findings of each check; the log has all of them
PARTS = ["corpus", "method", "class", "split"]


def report(dataset: str, evidence: Evidence, results: list[Result]) -> dict:
    """Return the contents of audit.json: the results of the checks, and numbers.

    The `share` of a split is its part of all images (0 to 1), without corpora reserved for test. There are no
    times and no paths in it, so that equal datasets have equal reports.
    """
    rows = evidence.rows.assign(
        **{"class": _class_of(evidence.rows)},
        video_id=evidence.rows["corpus"] + "/" + evidence.rows["video"],
        bytes=[evidence.files[n].bytes if n in evidence.files else 0 for n in evidence.rows["file_name"]],
    )
    for column in {*PARTS, *evidence.cfg["stratify"]} & set(rows.columns):
        rows[column] = rows[column].map(printable)
    divided = rows[~rows["corpus"].isin(evidence.cfg["test_only"])]  # the shares in the config are of these
    official = evidence.cfg["policy"] == "official"
    requested = {} if official else asked_fractions(evidence.cfg["splits"])
    return {
        "dataset": dataset,
        "policy": evidence.cfg["policy"],
        "passed": all(result.status != "failed" for result in results),
        "images": len(rows),
        "bytes": int(rows["bytes"].sum()),
        "checks": [_check(result) for result in results],
        "splits": {
            split: {
                "asked": requested.get(split),
                "share": round(float((divided["split"] == split).mean()), 4) if len(divided) else 0.0,
                "classes": _classes(rows[rows["split"] == split]),
            }
            for split in sort_splits(rows["split"])
        },
        "parts": _counts(rows, PARTS),
        "class_weights": _weights(rows[rows["split"] == "train"]),
        "faces": face_numbers(evidence.faces, evidence.rows) if evidence.faces else None,
        "strata": {column: _stratum(rows, column, evidence.cfg) for column in evidence.cfg["stratify"]},
    }


def _check(result: Result) -> dict:
    return {
        "name": result.name,
        "status": result.status,
        "known": result.known,
        "text": result.text,
        "found": len(result.findings),
        "examples": result.findings[:EXAMPLES],
    }


def _class_of(rows: pd.DataFrame) -> pd.Series:
    """Return the class of each row: by its label, or by its folder where that is all that is known."""
    return rows["class"] if "class" in rows else rows["label"].map(CLASSES).fillna("unknown")


def _classes(rows: pd.DataFrame) -> dict[str, dict]:
    """Return the number of videos, images and bytes of each class."""
    return {counts.pop("class"): counts for counts in _counts(rows, ["class"])}


def _counts(rows: pd.DataFrame, columns: list[str]) -> list[dict]:
    """Return the number of videos, images and bytes of each combination of `columns`, in order."""
    counts = rows.groupby(columns).agg(
        videos=("video_id", "nunique"), images=("video_id", "size"), bytes=("bytes", "sum")
    )
    return [
        {k: v if isinstance(v, str) else int(v) for k, v in row.items()}
        for row in counts.reset_index().to_dict("records")
    ]


def _weights(train: pd.DataFrame) -> dict[str, float]:
    """Return the weight of each class that balances them in training: images / (classes x its images)."""
    sizes = train["class"].value_counts()
    return {name: round(len(train) / (len(sizes) * int(sizes[name])), 4) for name in sorted(sizes.index)}


def _stratum(rows: pd.DataFrame, column: str, cfg: dict) -> dict | None:
    """Return the share of each value of a column in all splits and in each, and their largest difference.

    Corpora reserved for test don't count. None if metadata.csv has no such column.
    """
    if column not in rows:
        return None
    part = rows[~rows["corpus"].isin(cfg["test_only"])]
    whole = part[column].value_counts(normalize=True)
    shares = pd.DataFrame(
        {
            split: part.loc[part["split"] == split, column].value_counts(normalize=True)
            for split in sort_splits(part["split"])
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
