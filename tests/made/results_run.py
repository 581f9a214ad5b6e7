"""What the run of a results' config leaves behind, without training: random detectors of some people."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from deepfake.evaluation.cross_dataset import CROSS, evaluate_images
from deepfake.evaluation.evaluate import evaluate
from deepfake.evaluation.leave_out import evaluate_left_out
from deepfake.evaluation.predictions import PREDICTIONS, write_predictions
from deepfake.evaluation.robustness import ROBUSTNESS
from deepfake.evaluation.significance import compare_models

SHARPNESS = {"good": 3.0, "twice": 3.1, "scaled": 3.0, "guess": 0.0}
"""The models, with how well they tell fakes."""

CONFIG = {
    "train": {"dataset": "own", "models": [*SHARPNESS, "gone"]},
    "ensembles": {
        "twice": {"models": ["good"], "tta": {"flip": True}},
        "scaled": {"models": ["good"], "calibrate": True},
    },
    "evaluate": {
        "cross": {
            "models": ["good", "guess"],
            "tested": ["ffpp_c23", "ffpp_c23_at_40", "ffpp_c40", "stylegan", "lost"],
        }
    },
}
THRESHOLD = 0.5
METHODS = ["Deepfakes", "FaceSwap"]


def predictions(
    sharpness: float, seed: int, people: int = 12, named: str = "c40", actors: int = 2
) -> pd.DataFrame:
    """Return PREDICTIONS: a real clip and a fake of each method of each person, and real clips of actors."""
    rng, rows = np.random.default_rng(seed), []
    for person in range(people + actors):
        kind = "youtube" if person < people else "actors"
        clips = [("", f"{kind}_{named}_{person:03d}", 0)]
        clips += [(m, f"{m}_{named}_{person:03d}", 1) for m in METHODS if kind == "youtube"]
        for method, video, label in clips:
            for frame in range(2):
                probability = 1 / (1 + np.exp(-rng.normal(sharpness * (label - 0.5), 1)))
                image = f"test/{video}__{frame}.jpg"
                rows.append(
                    (image, "c", video, method, label, "", f"g{person}", f"p{person}", "", probability)
                )
    return pd.DataFrame(rows, columns=PREDICTIONS)


def facts(model: str) -> dict:
    """Return what facts.json has of a model, as far as the results read it."""
    if section := CONFIG["ensembles"].get(model):
        whole = {
            "models": section["models"],
            "tta": section.get("tta"),
            "calibrate": "calibrate" in section,
        }
        training, more = {"ensemble": whole}, {"temperature": 1.5}
    else:
        training = {
            "arch": "timm/tf_efficientnet_lite0",
            "weights": "a/lite0.pth",
            "epochs": 3,
            "fakes": model != "good",
        }
        training["tune"] = "head" if model == "good" else "all"
        if model == "guess":
            training |= {"arch": "meso4", "weights": "a/Meso4_DF.h5", "epochs": 0}
        more = {"geometry": {"size": 64}}
    known = {"parameters": 1234, "video_threshold": THRESHOLD, "metrics": {"val": {"roc_auc": 0.7}}}
    return {"training": training, **known, **more}


def write_run(root: Path, test_people: int = 12) -> None:
    """Write results/, benchmarks/ and recipes/results.yaml of CONFIG to `root`, but for what is absent."""
    write_text(root / "recipes/results.yaml", yaml.safe_dump(CONFIG))
    write_text(root / "results/measured/config.yaml", yaml.safe_dump(CONFIG))
    write_text(root / "results/model/choice.json", json.dumps({"chosen": "good"}))
    counts = {label: {"videos": 5} for label in ("real", "fake")}
    plan = json.dumps({"splits": dict.fromkeys(("train", "val", "test"), counts)})
    for dataset in ("own", "split"):
        write_text(root / f"results/plans/{dataset}.json", plan)
    tables = {
        model: predictions(sharpness, number, test_people)
        for number, (model, sharpness) in enumerate(SHARPNESS.items())
    }
    for model, table in tables.items():
        write_model(root, model, table)
    compared = compare_models(tables, dict.fromkeys(tables, THRESHOLD), rounds=50, seed=1)
    write_text(root / "results/report/significance.json", json.dumps(compared))
    write_cross(root, tables)
    write_left_out(root)


def write_model(root: Path, model: str, table: pd.DataFrame) -> None:
    """Write what the steps of training and evaluation leave of a model, which are its times and scores."""
    folder = root / f"results/models/own/{model}"
    write_text(folder / "best.pt", "weights")
    write_text(folder / "facts.json", json.dumps(facts(model)))
    write_text(folder / "history.csv", "epoch,seconds\n1,10\n2,20\n3,30\n")
    write_text(root / f"benchmarks/train/own/{model}.tsv", "s\tcpu_time\n70\t100\n")
    limits = {"frame": THRESHOLD, "video": THRESHOLD, "how": "eer", "from": "val"}
    metrics = evaluate(table, table, {"bootstrap": 50, "threshold": "eer"}, 1, limits)
    report = root / f"results/reports/own/{model}"
    write_text(report / "metrics.json", json.dumps(metrics))
    settings = [("none", None), ("jpeg", 70.0), ("jpeg", 50.0), ("resize", 0.5)]
    rows = [
        (*setting, "test", 9, 0.5, 0.9 - 0.1 * n, 0.5, 0.9 - 0.1 * n) for n, setting in enumerate(settings)
    ]
    pd.DataFrame(rows, columns=ROBUSTNESS).to_csv(report / "robustness.csv", index=False)


def write_cross(root: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write cross.csv and the predictions for the other datasets, but for the last one."""
    limits, rows = {"frame": THRESHOLD, "video": THRESHOLD}, []
    for model in CONFIG["evaluate"]["cross"]["models"]:
        for dataset in ["own", *CONFIG["evaluate"]["cross"]["tested"][:-1]]:
            named = "c23" if dataset == "ffpp_c23" else "c40"
            table = tables[model] if dataset == "own" else predictions(SHARPNESS[model], 9, 11, named)
            name = "test" if dataset == "own" else f"{dataset}.test"
            path = root / f"results/predictions/own/{model}/{name}.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_predictions(table, path)
            numbers = evaluate_images(table, np.ones(len(table), bool), limits, rounds=50, seed=1)
            rows.append({"model": model, "trained": "own", "tested": dataset, "people": "names"} | numbers)
    pd.DataFrame(rows, columns=CROSS).to_csv(root / "results/report/cross.csv", index=False)


def write_left_out(root: Path) -> None:
    """Write leave_out.csv of a model that doesn't know either method, and its predictions for one person."""
    table = predictions(1.0, 5, people=1, actors=1)
    path = root / "results/predictions/split/good/test.csv"
    path.parent.mkdir(parents=True)
    write_predictions(table, path)
    found = [(method, table, table) for method in ("", *METHODS)]
    evaluate_left_out("good", "split", found, THRESHOLD, 50, 1).to_csv(
        root / "results/report/leave_out.csv", index=False
    )


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
