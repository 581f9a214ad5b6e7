"""Section detectors: the leader table of the models trained on DFDC, and which of them is better than which.

    python tests/results/detectors.py --data resources/real --output results/measured

Gathers what Snakemake's run of `<output>/config.yaml` has left in results/ and benchmarks/.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from results.detectors_picture import draw
from results.model_facts import describe, is_trained, read_facts, training_time
from results.numbers_file import NumbersFile, section_parser
from results.transfers import against_chance, with_interval

RECIPE = Path("recipes/results.yaml")
"""The config before what is absent was taken out of it."""

RATES = {"low": 0.01, "high": 0.05}
"""The false positive rates at which true ones are shown."""

METRICS = {
    "auc": "roc_auc",
    "f1": "f1_macro",
    "eer": "eer",
    "calibration_error": "ece",
    "log_loss": "log_loss",
} | {f"tpr_{name}": f"tpr_at_fpr_{rate}" for name, rate in RATES.items()}
"""The section's names for those of metrics.json, which are taken for videos."""


def main() -> int:
    args = section_parser(__doc__).parse_args()
    file = NumbersFile("detectors", args.output)
    config = yaml.safe_load((args.output / "config.yaml").read_text("utf-8"))
    dataset, names = config["train"]["dataset"], models_of(RECIPE)
    root = Path(".")
    rows = [gather(root, dataset, name) for name in names if report_of(root, dataset, name).exists()]
    if not rows:
        sys.exit(f"detectors: no model of {dataset} has a report")
    rows.sort(key=lambda row: -row["auc"]["value"])
    found = {row["name"] for row in rows}
    absent = [f"The model {name} was not measured." for name in names if name not in found]
    draw(rows, file.picture("auc.png"))
    file.write(
        {
            "dataset": dataset,
            "splits": splits(root, dataset),
            "test": test_set(rows),
            "rates": RATES,
            "false_alarms": {
                name: int(rate * rows[0]["test"]["real"] + 1e-9) for name, rate in RATES.items()
            },
            "models": [{key: value for key, value in row.items() if key != "test"} for row in rows],
            "without_fakes": [row["name"] for row in rows if row["without_fakes"]],
            "chance": [row["name"] for row in rows if against_chance(row["auc"]) != "above"],
            "chosen": json.loads((root / "results/model/choice.json").read_text("utf-8"))["chosen"],
            "differences": differences(root / "results/report/significance.json", rows),
            "calibrated": calibrated(config.get("ensembles", {}), rows),
            "mirrored": single_member(config.get("ensembles", {}), rows, "tta"),
            "absent": absent,
        }
    )
    return 0


def models_of(config: Path) -> list[str]:
    """Return the models that a config's leader table has."""
    return yaml.safe_load(config.read_text("utf-8"))["train"]["models"]


def report_of(root: Path, dataset: str, model: str) -> Path:
    return root / f"results/reports/{dataset}/{model}/metrics.json"


def gather(root: Path, dataset: str, name: str) -> dict[str, Any]:
    """Return a model's row: its METRICS on test with intervals, what it is, its size and time."""
    facts = read_facts(root / "results", dataset, name)
    test = json.loads(report_of(root, dataset, name).read_text("utf-8"))["splits"]["test"]
    metrics = test["video"]["metrics"]
    best = root / f"results/models/{dataset}/{name}/best.pt"
    return {
        "name": name,
        "what": describe(facts),
        "trained": is_trained(facts),
        "without_fakes": is_trained(facts) and not facts["training"]["fakes"],
        **{key: with_interval(**metrics[metric]) for key, metric in METRICS.items()},
        "parameters": facts["parameters"],
        "megabytes": best.stat().st_size / 1e6,
        "seconds": training_time(root, dataset, name, facts),
        "temperature": facts.get("temperature"),
        "validation_auc": facts["metrics"]["val"]["roc_auc"],
        "test": {
            **{key: test["video"][key] for key in ("images", "videos", "real", "fake")},
            "people": test["units"]["person"],
        },
    }


def test_set(rows: list[dict[str, Any]]) -> dict[str, int]:
    """Return the counts of the test set, which is the same for all models."""
    first = rows[0]["test"]
    other = [row["name"] for row in rows if row["test"] != first]
    if other:
        sys.exit(f"detectors: {', '.join(other)} had another test set than {rows[0]['name']}")
    return first


def splits(root: Path, dataset: str) -> dict[str, dict[str, int]]:
    """Return the number of real and of fake videos in each split."""
    plan = json.loads((root / f"results/plans/{dataset}.json").read_text("utf-8"))
    return {
        split: {label: plan["splits"][split][label]["videos"] for label in ("real", "fake")}
        for split in ("train", "val", "test")
    }


def differences(path: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what significance.json says of all pairs: whom each model beats, and where tests differ."""
    found = json.loads(path.read_text("utf-8"))
    tests = [pair | test for pair in found["pairs"] for test in pair["tests"]]
    result = {key: found[key] for key in ("rounds", "alpha", "note")} | {"pairs": len(found["pairs"])}
    for key, score in (("auc", "roc_auc"), ("f1", "f1_macro")):
        mine = [test for test in tests if test["score"] == score and test["test"] == "bootstrap"]
        result[key] = {row["name"]: standing(row["name"], mine) for row in rows}
    delong = {(t["model"], t["other"]): t["better"] for t in tests if t["test"] == "delong"}
    bootstrap = {
        (t["model"], t["other"]): t["better"]
        for t in tests
        if (t["score"], t["test"]) == ("roc_auc", "bootstrap")
    }
    result["decided"] = {
        "bootstrap": sum(map(bool, bootstrap.values())),
        "delong": sum(map(bool, delong.values())),
        "only_delong": [sorted(pair) for pair in delong if delong[pair] and not bootstrap[pair]],
    }
    return result


def standing(name: str, tests: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the models that `name` beats, that beat it, and that it can't be told from."""
    mine = [
        (test["other"] if test["model"] == name else test["model"], test["better"])
        for test in tests
        if name in (test["model"], test["other"])
    ]
    return {
        "beats": [other for other, better in mine if better == name],
        "loses": [other for other, better in mine if better == other],
        "ties": [other for other, better in mine if better is None],
    }


def single_member(ensembles: dict, rows: list[dict], key: str) -> dict[str, Any] | None:
    """Return the rows `before` and `after` of an ensemble of one model that does no more than `key`."""
    by_name = {row["name"]: row for row in rows}
    for name, section in ensembles.items():
        if set(section) == {"models", key} and len(section["models"]) == 1:
            before, after = by_name.get(section["models"][0]), by_name.get(name)
            if before and after:
                return {"before": before, "after": after}
    return None


def calibrated(ensembles: dict, rows: list[dict]) -> dict[str, Any] | None:
    """Return the model that an ensemble calibrates, before and after."""
    return single_member(ensembles, rows, "calibrate")


if __name__ == "__main__":
    sys.exit(main())
