"""Section generalisation: detectors on corpora, methods, compressions and distortions that they never learnt.

    python tests/results/generalisation.py --data resources/real --output results/measured

Gathers what Snakemake's run of `<output>/config.yaml` has left in results/.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from results.generalisation_pictures import draw_matrix, draw_robustness
from results.model_facts import describe, read_facts
from results.numbers_file import NumbersFile, section_parser
from results.transfers import (
    against_chance,
    by_method,
    compare_compressions,
    predictions_of,
    read_left_out,
    read_matrix,
    read_robustness,
)

from deepfake.evaluation.bootstrap import FEW_UNITS
from deepfake.evaluation.measure import count
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions

RESULTS = Path("results")
RECIPE = Path("recipes/results.yaml")
"""The config before what is absent was taken out of it."""

METHODS = "ffpp_c40"
COMPRESSED, AGAIN = "ffpp_c23", "ffpp_c23_at_40"
STILLS = ("stylegan", "ciplab")
"""Datasets of single images that were made whole or by hand: no face in them was swapped by a network."""
WHAT = {
    "ffpp_c23": "faces of YouTube swapped or moved, four methods; high quality",
    "ffpp_c23_at_40": "the same clips, compressed again; low quality",
    "ffpp_c40": "faces of YouTube swapped or moved, four methods; low quality",
    "celebdf": "celebrities' faces swapped",
    "stylegan": "whole images by StyleGAN, against photos of FFHQ",
    "ciplab": "photos, parts of the face composed by hand",
}
"""What the fakes of each test set are."""


def main() -> int:
    args = section_parser(__doc__).parse_args()
    file = NumbersFile("generalisation", args.output)
    config = yaml.safe_load((args.output / "config.yaml").read_text("utf-8"))
    wanted = yaml.safe_load(RECIPE.read_text("utf-8"))["evaluate"]
    trained = config["train"]["dataset"]
    matrix = read_matrix(RESULTS / "report/cross.csv")
    models = [name for name in wanted["cross"]["models"] if any(row["model"] == name for row in matrix)]
    names = [trained, *wanted["cross"]["tested"]]
    tested = [name for name in names if any(row["tested"] == name for row in matrix)]
    facts = {model: read_facts(RESULTS, trained, model) for model in models}
    datasets = [describe_dataset(trained, models[0], name, matrix) for name in tested]
    curves = robustness(trained, config["train"]["models"])
    cells = {model: cells_of(model, matrix) for model in models}
    draw_matrix(models, datasets, cells, file.picture("matrix.png"))
    if curves:
        shown = {model: curves[model] for model in models if model in curves}
        draw_robustness(shown or curves, file.picture("robustness.png"))
    left_out = RESULTS / "report/leave_out.csv"
    absent = [f"The dataset {name} was not tested." for name in names if name not in tested]
    absent += [
        f"The model {name} was not tested." for name in wanted["cross"]["models"] if name not in models
    ]
    absent += ["No method was left out of training."] * (not left_out.exists())
    absent += ["Robustness was not measured."] * (not curves)
    file.write(
        {
            "trained": trained,
            "models": [{"name": model, "what": describe(facts[model])} for model in models],
            "datasets": datasets,
            "cells": cells,
            "transfers": transfers(cells, tested),
            "methods": methods(trained, facts) if METHODS in tested else None,
            "compressions": compressions(trained, facts) if {COMPRESSED, AGAIN} <= set(tested) else None,
            "megabytes": {
                "first": megabytes(args.data / "ffpp"),
                "second": megabytes(Path("resources/results/ffpp_c23_at_40")),
            },
            "left_out": leave_out(left_out) if left_out.exists() else None,
            "robustness": curves,
            "absent": absent,
        }
    )
    return 0


def cells_of(model: str, matrix: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a model's AUC by the dataset tested, and how it stands against chance."""
    return {
        row["tested"]: {key: row[key] for key in ("auc", "frame_auc")}
        | {"chance": against_chance(row["auc"])}
        for row in matrix
        if row["model"] == model
    }


def describe_dataset(trained: str, model: str, name: str, matrix: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the counts of a test set: images and videos that were tested and left out, reals and fakes."""
    row = next(row for row in matrix if (row["model"], row["tested"]) == (model, name))
    videos = aggregate_to_videos(read_predictions(predictions_of(RESULTS, trained, model, name)))
    found = {key: row[key] for key in ("images", "videos", "left_out")} | count(videos)
    found["few"] = found["units"] < FEW_UNITS
    what = "the test set of the corpus learnt from" if name == trained else WHAT.get(name, "")
    return {
        "name": name,
        "what": what,
        **found,
        "stills": name in STILLS,
    }


def transfers(cells: dict[str, dict], tested: list[str]) -> dict[str, dict[str, list[str]]]:
    """Return for each dataset the models that are above, near and below chance."""
    return {
        name: {
            side: [model for model in cells if cells[model].get(name, {}).get("chance") == side]
            for side in ("above", "near", "below")
        }
        for name in tested
    }


def methods(trained: str, facts: dict[str, dict]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of by_method for each model, on METHODS."""
    return {
        model: by_method(predictions_of(RESULTS, trained, model, METHODS), found["video_threshold"])
        for model, found in facts.items()
    }


def compressions(trained: str, facts: dict[str, dict]) -> dict[str, dict[str, Any]]:
    """Return for each model how its scores of the same clips differ between COMPRESSED and AGAIN."""
    return {
        model: compare_compressions(
            *(predictions_of(RESULTS, trained, model, name) for name in (COMPRESSED, AGAIN)),
            found["video_threshold"],
        )
        for model, found in facts.items()
    }


def megabytes(tree: Path) -> float:
    """Return the size of all clips of a tree."""
    return sum(path.stat().st_size for path in tree.rglob("*.mp4")) / 1e6


def leave_out(table: Path) -> dict[str, Any] | None:
    """Return the rows of read_left_out, and how many people and groups their fakes in train and test have."""
    rows = read_left_out(table)
    if not rows:
        return None
    model, dataset = rows[0]["model"], rows[0]["dataset"]
    test = read_predictions(RESULTS / f"predictions/{dataset}/{model}/test.csv")
    plan = json.loads((RESULTS / f"plans/{dataset}.json").read_text("utf-8"))
    train = {label: plan["splits"]["train"][label]["videos"] for label in ("real", "fake")}
    return {"rows": rows, "pairs": test["group"][test["label"] == 1].nunique(), "train": train}


def robustness(trained: str, models: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Return the settings of each model's robustness.csv."""
    paths = {model: RESULTS / f"reports/{trained}/{model}/robustness.csv" for model in models}
    return {model: read_robustness(path) for model, path in paths.items() if path.exists()}


if __name__ == "__main__":
    sys.exit(main())
