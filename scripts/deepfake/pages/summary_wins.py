"""The summary's tables of wins: each model against each other one, on the same test videos."""

from deepfake.evaluation.metrics import METRICS
from deepfake.evaluation.significance import SCORES
from deepfake.pages.summary_inputs import Summary
from deepfake.pages.summary_models import describe_units

OPPOSITE = {"win": "loss", "loss": "win", "tie": "tie"}


def wins(summary: Summary) -> dict | None:
    """Return what the page shows of significance.json; None without it, or of one model.

    `counts` has for each model and score a text such as "2 / 1 / 0", its wins, ties and losses, or None where
    it wasn't compared. `tables` has for each score its `title` and `rows`, in the order of the leader table:
    `name`, `count`, and `cells`, one for each model: `difference` (row less column), `p` and `delong`
    (corrected), and `result`, "win", "loss" or "tie"; None where the two weren't compared.
    """
    result = summary.significance
    names = [model.name for model in summary.models]
    if result is None or len(names) < 2:
        return None
    compared = {model["model"]: model["counts"] for model in result["models"]}
    counts = {name: {score: _count(compared.get(name), score) for score in SCORES} for name in names}
    return {
        "note": result["note"],
        "alpha": result["alpha"],
        "pairs": len(result["pairs"]),
        "rounds": result["rounds"],
        "units": describe_units(result["units"]),
        "names": names,
        "counts": counts,
        "tables": [_table(score, names, counts, _cells(result["pairs"], score)) for score in SCORES],
    }


def _count(counts: dict | None, score: str) -> str | None:
    numbers = [counts[score][key] for key in ("wins", "ties", "losses")] if counts else []
    return " / ".join(map(str, numbers)) if sum(numbers) else None


def _table(score: str, names: list[str], counts: dict, cells: dict[tuple[str, str], dict]) -> dict:
    rows = [
        {"name": name, "count": counts[name][score], "cells": [cells.get((name, other)) for other in names]}
        for name in names
    ]
    return {"title": METRICS[score], "rows": rows}


def _cells(pairs: list[dict], score: str) -> dict[tuple[str, str], dict]:
    """Return the cell of each pair of models that was compared, and of the same pair the other way round."""
    cells = {}
    for pair in pairs:
        tests = {row["test"]: row for row in pair["tests"] if row["score"] == score}
        row, one, other = tests["bootstrap"], pair["model"], pair["other"]
        if row["p"] is None:
            continue
        result = "tie" if row["better"] is None else "win" if row["better"] == one else "loss"
        shared = {"p": row["p_holm"], "delong": tests.get("delong", {}).get("p_holm")}
        cells[one, other] = {"difference": row["difference"], "result": result, **shared}
        cells[other, one] = {"difference": -row["difference"], "result": OPPOSITE[result], **shared}
    return cells
