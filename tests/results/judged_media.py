"""What verdicts.json says of some media, with what is true of each file, and the numbers of its verdicts."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from results.false_alarms import share
from sklearn.metrics import roc_auc_score

from deepfake.detection.scores import decide, possible_deciders, threshold_for
from deepfake.detection.verdict import Person, ScoredFace
from deepfake.evaluation.bootstrap import confidence_intervals

ROUNDS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Judged:
    """A file of some media: the object of verdicts.json, and what its corpus says of it.

    `label` is 1 for fake, `method` "" for a real one, `group` the clips that share a video or a person.
    """

    verdict: dict
    label: int
    method: str
    group: str

    @property
    def name(self) -> str:
        return self.verdict["name"]

    @property
    def is_judged(self) -> bool:
        return self.verdict["score"] is not None


def read_judged(path: Path, index: Path | None) -> list[Judged]:
    """Return the files of a verdicts.json; `index` is the corpus's videos.csv, None where all are real."""
    verdicts = json.loads(path.read_text("utf-8"))
    if index is None:
        return [Judged(verdict, 0, "", "") for verdict in verdicts]
    with open(index, encoding="utf-8", newline="") as file:
        rows = {row["member"]: row for row in csv.DictReader(file) if row["label"] != ""}
    found = []
    for verdict in verdicts:
        parts = Path(verdict["name"]).parts
        member = next(name for n in range(len(parts)) if (name := "/".join(parts[n:])) in rows)
        row = rows[member]
        method = row["method"] if row["label"] == "1" else ""
        found.append(Judged(verdict, int(row["label"]), method, row["group"]))
    return found


def summary(files: list[Judged], titles: dict[str, str]) -> dict:
    """Return how many verdicts are right, the AUC of scores with its interval, and rows by method."""
    judged = [file for file in files if file.is_judged]
    labels = np.array([file.label for file in judged])
    scores = np.array([file.verdict["score"] for file in judged])
    groups = np.array([file.group for file in judged])
    intervals = confidence_intervals(labels, scores, 0.5, groups, ROUNDS, seed=0)
    methods = sorted({file.method for file in judged if file.label}, key=lambda name: (name == "", name))
    fakes = [("fake", name, [f for f in judged if f.label and f.method == name]) for name in methods]
    rows = [("real", "", [f for f in judged if not f.label]), *fakes]
    return {
        "files": len(files),
        "judged": len(judged),
        "reals": int((labels == 0).sum()),
        "fakes": int((labels == 1).sum()),
        "reals_right": share(_called(judged, 0, "real"), int((labels == 0).sum())),
        "fakes_right": share(_called(judged, 1, "fake"), int((labels == 1).sum())),
        "unsure": sum(not file.verdict["sure"] for file in judged),
        "frames": sum(file.verdict["frames"] for file in files),
        "frames_judged": sum(file.verdict["judged"] for file in files),
        "auc": float(roc_auc_score(labels, scores)) if len(set(labels.tolist())) == 2 else None,
        "auc_interval": intervals["roc_auc"],
        "rows": [
            {
                "class": kind,
                "method": titles.get(name, name) if kind == "fake" else "",
                "clips": len(group),
                "called_fake": sum(file.verdict["verdict"] == "fake" for file in group),
                "score": float(np.mean([file.verdict["score"] for file in group])),
            }
            for kind, name, group in rows
            if group
        ],
    }


def left_out(files: list[Judged]) -> list[dict]:
    """Return the reasons why files or frames weren't judged, each with its frames and files."""
    found: dict[str, list[tuple[str, int | None]]] = {}
    for file in files:
        for left in file.verdict["left_out"]:
            found.setdefault(left["reason"], []).append((file.name, left["frame"]))
    rows = [
        {
            "reason": reason,
            "frames": sum(frame is not None for _, frame in left),
            "files": len({name for name, _ in left}),
        }
        for reason, left in found.items()
    ]
    return sorted(rows, key=lambda row: (-row["frames"], -row["files"], row["reason"]))


def by_rule(file: Judged, metadata: dict, rule: str) -> tuple[str, float]:
    """Return the verdict of a file and its score, by a key of scores.DECISIVE; `metadata` is the model's."""
    people = [_person(one) for one in file.verdict["people"]]
    number = decide(people, rule)
    if number is None:
        return "none", float("nan")
    candidates = len(possible_deciders({p.number: p.faces for p in people})) if rule == "worst" else 1
    threshold = threshold_for(metadata, file.verdict["kind"] == "image", candidates)
    score = next(person.score for person in people if person.number == number)
    return ("fake" if score >= threshold else "real"), score


def _person(one: dict) -> Person:
    faces = [
        ScoredFace(look["frame"], look["time"] or 0.0, tuple(look["box"]), 0.0, look["probability"])
        for look in one["looks"]
    ]
    return Person(one["number"], faces, one["score"], 0.0, 1.0, one["verdict"], bool(one["sure"]))


def _called(files: list[Judged], label: int, verdict: str) -> int:
    return sum(file.label == label and file.verdict["verdict"] == verdict for file in files)
