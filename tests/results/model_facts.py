"""What a model of the run is, and what it took: words, size and time, of the files beside its weights."""

import csv
import json
from pathlib import Path
from typing import Any

from results.benchmark_files import read_benchmark

ARCHS = {"meso4": "Meso-4", "timm/tf_efficientnet_lite0": "EfficientNet-lite0"}
TUNED = {"all": "all weights", "head": "head alone", "norms": "norms and head", "lora": "LoRA and head"}


def read_facts(results: Path, dataset: str, model: str) -> dict[str, Any]:
    """Return facts.json of a model of `results`/models/`dataset`."""
    return json.loads((results / f"models/{dataset}/{model}/facts.json").read_text("utf-8"))


def describe(facts: dict[str, Any]) -> str:
    """Return in a line what facts.json says of a model or an ensemble."""
    training = facts["training"]
    if "ensemble" in training:
        return _describe_ensemble(training["ensemble"])
    name, weights = ARCHS.get(training["arch"], training["arch"]), training["weights"]
    if training["epochs"] == 0:
        return f"{name}, weights {Path(weights).stem} as they are, not trained"
    parts = [name, TUNED.get(training["tune"], training["tune"]) if weights else "from scratch"]
    if not training["fakes"]:
        parts.append("self-blended fakes alone")
    epochs = "epoch" if training["epochs"] == 1 else "epochs"
    return ", ".join([*parts, f"{facts['geometry']['size']} px", f"{training['epochs']} {epochs}"])


def _describe_ensemble(section: dict[str, Any]) -> str:
    models = section["models"]
    parts = [f"mean of {', '.join(models)}" if len(models) > 1 else models[0]]
    parts += ["each image and its mirror image"] * bool(section["tta"] and section["tta"]["flip"])
    parts += ["calibrated"] * bool(section["calibrate"])
    return "; ".join(parts)


def is_trained(facts: dict[str, Any]) -> bool:
    """Return whether weights were learnt: not of an ensemble, nor where published weights are as they are."""
    return facts["training"].get("epochs", 0) > 0


def training_time(root: Path, dataset: str, model: str, facts: dict[str, Any]) -> dict[str, float | None]:
    """Return `wall` and `cpu` seconds that a model took to train, with the features that its head learnt of.

    `root` has the folders results and benchmarks. Snakemake measures the last start of a job: where a
    training was interrupted, its CPU time isn't known, and wall time is that of all epochs. Ensembles, and
    models that weren't trained, have None.
    """
    if not is_trained(facts):
        return {"wall": None, "cpu": None}
    wall, cpu = read_benchmark(root / f"benchmarks/train/{dataset}/{model}.tsv")
    history = root / f"results/models/{dataset}/{model}/history.csv"
    with open(history, encoding="utf-8", newline="") as file:
        epochs = sum(float(row["seconds"]) for row in csv.DictReader(file))
    if wall is None or wall < epochs:
        wall, cpu = epochs, None
    if facts["training"]["tune"] == "head":
        encoder = f"{Path(facts['training']['arch']).name}-{facts['geometry']['size']}-"
        for path in sorted((root / f"benchmarks/features/{dataset}").glob(f"{encoder}*.tsv")):
            seconds, used = read_benchmark(path)
            wall = None if seconds is None else wall + seconds
            cpu = None if cpu is None or used is None else cpu + used
    return {"wall": wall, "cpu": cpu}
