"""False alarms of section verdicts: at the verdict's own threshold, and at that of few of them on val."""

from pathlib import Path

import av
import numpy as np
import pandas as pd
from results.false_alarms import alarms, per_hour, share, threshold_at, windows
from results.judged_media import Judged

RATE = 0.01  # of val's reals that may be called fake
SECONDS, LEAST = 5.0, 3  # of a window, and the faces that it needs


def read_scores(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (1 is fake) and mean scores of the videos in a table of predictions."""
    table = pd.read_csv(path, usecols=["corpus", "video", "label", "probability"])
    videos = table.groupby(["corpus", "video", "label"], as_index=False)["probability"].mean()
    return videos["label"].to_numpy(), videos["probability"].to_numpy(np.float64)


def at_home(model: Path, metadata: dict) -> dict:
    """Return both thresholds, and what they do on val and test of the dataset that a model was trained on.

    `model` is the folder results/models/<dataset>/<model>.
    """
    labels, scores = read_scores(model / "val.csv")
    strict = threshold_at(scores[labels == 0], RATE)
    found = {"rate": RATE, "own": float(metadata["video_threshold"]), "strict": strict}
    found["val"] = _at_thresholds(labels, scores, found)
    test = Path("results/predictions", *model.parts[-2:], "test.csv")
    found["test"] = _at_thresholds(*read_scores(test), found) if test.exists() else None
    return found


def _at_thresholds(labels: np.ndarray, scores: np.ndarray, thresholds: dict) -> dict:
    return {
        f"{kind}_{key}": share(
            int((scores[labels == label] >= thresholds[key]).sum()), int((labels == label).sum())
        )
        for label, kind in ((0, "reals"), (1, "fakes"))
        for key in ("own", "strict")
    }


def of_photos(files: list[Judged], thresholds: dict) -> dict:
    """Return how many real photos are called fake: by their verdicts, and from the strict threshold."""
    judged = [file for file in files if file.is_judged]
    strict = sum(file.verdict["score"] >= thresholds["strict"] for file in judged)
    own = sum(file.verdict["verdict"] == "fake" for file in judged)
    return {
        "photos": len(files),
        "judged": len(judged),
        "several": sum(len(file.verdict["people"]) > 1 for file in judged),
        "own": share(own, len(judged)),
        "strict": share(strict, len(judged)),
    }


def of_clips(title: str, files: list[Judged], thresholds: dict) -> dict | None:
    """Return the false alarms of some media's real clips, and the fakes found; None without a real clip.

    `seconds` is how long the real clips are that could be judged. A clip is called fake by its verdict, or
    where the score of the person who decides reaches the strict threshold. Alarms are those of all people.
    """
    judged = [file for file in files if file.is_judged]
    reals, fakes = ([file for file in judged if file.label == label] for label in (0, 1))
    if not reals:
        return None
    seconds = sum(duration(Path(file.name)) for file in reals)
    people = [windows(one["looks"], SECONDS, LEAST) for file in reals for one in file.verdict["people"]]
    found = {"title": title, "clips": len(reals), "seconds": seconds, "windows": sum(map(len, people))}
    for key in ("own", "strict"):
        found[f"windows_{key}"] = sum(score >= thresholds[key] for one in people for score in one.values())
        found[f"alarms_{key}"] = per_hour(sum(alarms(one, thresholds[key]) for one in people), seconds / 3600)
        found[f"clips_{key}"] = share(_called(reals, key, thresholds), len(reals))
        found[f"fakes_{key}"] = share(_called(fakes, key, thresholds), len(fakes))
    return found


def total(rows: list[dict]) -> dict:
    """Return the false alarms of all media together."""
    found = {key: sum(row[key] for row in rows) for key in ("clips", "seconds", "windows")}
    for key in ("own", "strict"):
        found[f"windows_{key}"] = sum(row[f"windows_{key}"] for row in rows)
        events = sum(row[f"alarms_{key}"]["events"] for row in rows)
        found[f"alarms_{key}"] = per_hour(events, found["seconds"] / 3600)
        for kind in (f"clips_{key}", f"fakes_{key}"):
            found[kind] = share(sum(row[kind]["found"] for row in rows), sum(row[kind]["of"] for row in rows))
    found["if_none"] = per_hour(0, found["seconds"] / 3600)["interval"][1]
    return {"title": "all", **found}


def duration(path: Path) -> float:
    """Return the seconds that a video lasts, as its file says."""
    with av.open(str(path)) as container:
        return container.duration / av.time_base


def _called(files: list[Judged], key: str, thresholds: dict) -> int:
    if key == "own":
        return sum(file.verdict["verdict"] == "fake" for file in files)
    return sum(file.verdict["score"] >= thresholds["strict"] for file in files)
