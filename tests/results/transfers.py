"""How detectors do on other corpora than the one they learnt from: of predictions and tables of the run."""

from pathlib import Path
from typing import Any

import pandas as pd

from deepfake.evaluation.measure import count, measure
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions
from deepfake.hashing import seeded_hash

ROUNDS, SEED = 1000, 42
CHANCE = 0.5
ACTORS = "actors_"
"""How the names of DFD's clips begin, of which there are no fakes here."""


def predictions_of(results: Path, trained: str, model: str, tested: str) -> Path:
    """Return the table of a model's predictions for the test split of a dataset."""
    name = "test.csv" if tested == trained else f"{tested}.test.csv"
    return results / f"predictions/{trained}/{model}/{name}"


def with_interval(value: float, low: float, high: float) -> dict[str, Any]:
    """Return `value` and `interval`, [low, high], with None where they aren't defined."""
    numbers = [None if pd.isna(number) else float(number) for number in (value, low, high)]
    return {"value": numbers[0], "interval": None if None in numbers[1:] else numbers[1:]}


def against_chance(auc: dict[str, Any]) -> str | None:
    """Return whether an AUC with its interval is "above" or "below" CHANCE, or "near"; None if undefined."""
    if auc["interval"] is None:
        return None
    low, high = auc["interval"]
    return "above" if low > CHANCE else "below" if high < CHANCE else "near"


def read_matrix(table: Path) -> list[dict[str, Any]]:
    """Return the rows of cross.csv: `model`, `tested`, counts, `auc` of videos and `frame_auc` of images."""
    return [
        {
            **{key: row[key] for key in ("model", "tested", "images", "videos", "left_out")},
            "auc": with_interval(*(row[f"video_roc_auc{end}"] for end in ("", "_low", "_high"))),
            "frame_auc": with_interval(*(row[f"roc_auc{end}"] for end in ("", "_low", "_high"))),
        }
        for row in pd.read_csv(table).to_dict("records")
    ]


def by_method(path: Path, threshold: float) -> list[dict[str, Any]]:
    """Return a row for each method in a table of predictions, with the fakes of it and real videos.

    `auc` is with all reals, `own_auc` with those that are no clips of ACTORS, from which the fakes were made;
    `recall` is the share of the method's fakes at or above the `threshold` of videos, `false_alarms` that of
    all reals.
    """
    videos = aggregate_to_videos(read_predictions(path))
    real = videos["label"] == 0
    own = real & ~videos["video"].str.startswith(ACTORS)
    rows = []
    for method in sorted(set(videos["method"][~real])):
        fakes = ~real & (videos["method"] == method)
        row = {"method": method, "own_real": int(own.sum())}
        for key, reals in (("auc", real), ("own_auc", own)):
            found = measure(videos[fakes | reals], threshold, ROUNDS, seeded_hash(SEED, "method", method))
            row[key] = with_interval(**found["roc_auc"])
        row |= count(videos[fakes | real]) | {"recall": found["recall"]["value"]}
        row["false_alarms"] = float((videos["probability"][real] >= threshold).mean())
        rows.append(row)
    return rows


def compare_compressions(first: Path, second: Path, threshold: float) -> dict[str, Any]:
    """Return how a model's scores of the same clips differ between two tables, of c23 and of c40.

    `real` and `fake` have the number of `clips`, the mean score at each (`first`, `second`), and how many
    clips are called `called_fake` at each; `largest` is the largest change of a clip's score, `changed` the
    number of clips on the other side of the `threshold`. A clip that only one table has doesn't count.
    """
    tables = [scores_of(path) for path in (first, second)]
    both = tables[0].join(tables[1]["probability"], how="inner", rsuffix="_second")
    scores = both[["probability", "probability_second"]].to_numpy()
    result = {}
    for label, name in ((0, "real"), (1, "fake")):
        part = scores[both["label"].to_numpy() == label]
        means = part.mean(axis=0) if len(part) else [None, None]
        called = (part >= threshold).sum(axis=0)
        result[name] = {
            "clips": len(part),
            "mean": dict(zip(("first", "second"), means, strict=True)),
            "called_fake": dict(zip(("first", "second"), called, strict=True)),
        }
    sides = scores >= threshold
    result |= {
        "largest": float(abs(scores[:, 1] - scores[:, 0]).max()) if len(scores) else None,
        "changed": int((sides[:, 0] != sides[:, 1]).sum()),
    }
    return result


def scores_of(path: Path) -> pd.DataFrame:
    """Return the label and probability of each video, by its name without the compression."""
    videos = aggregate_to_videos(read_predictions(path))
    videos.index = videos["video"].str.replace(r"_c(23|40)(?=_)", "", regex=True)
    return videos[["label", "probability"]]


def read_left_out(table: Path) -> list[dict[str, Any]]:
    """Return for each model and method of leave_out.csv the AUC on its fakes, learnt with and without."""
    found = pd.read_csv(table).fillna({"left_out": ""})
    rows = []
    for row in found[found["left_out"] != ""].to_dict("records"):
        if row["left_out"] != row["tested"]:
            continue
        same = (found[["model", "dataset", "tested"]] == [row["model"], row["dataset"], row["tested"]]).all(
            axis=1
        )
        known = found[same & (found["left_out"] == "")].iloc[0]
        rows.append(
            {
                **{key: row[key] for key in ("model", "dataset", "videos", "real", "fake", "units")},
                "method": row["tested"],
                "known": with_interval(*(known[f"roc_auc{end}"] for end in ("", "_low", "_high"))),
                "unknown": with_interval(*(row[f"roc_auc{end}"] for end in ("", "_low", "_high"))),
            }
        )
    return rows


def read_robustness(path: Path) -> list[dict[str, Any]]:
    """Return the settings of robustness.csv, the undistorted one first, with the AUC of videos."""
    return [
        {
            "distortion": row["distortion"],
            "level": None if pd.isna(row["level"]) else float(row["level"]),
            "auc": float(row["video_roc_auc"]),
        }
        for row in pd.read_csv(path).to_dict("records")
    ]
