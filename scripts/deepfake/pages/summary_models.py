"""The summary's numbers of models: scores with their intervals, thresholds, mistakes, ensembles."""

import math
from collections.abc import Mapping
from statistics import median

import pandas as pd

from deepfake.evaluation.bootstrap import FEW_UNITS
from deepfake.evaluation.evaluate import UNKNOWN
from deepfake.evaluation.metrics import METRICS
from deepfake.evaluation.output import false_alarms_text
from deepfake.evaluation.thresholds import POOLED
from deepfake.pages.render import plural
from deepfake.pages.summary_inputs import Model, Summary
from deepfake.pages.summary_people import groups_of_people

LEVELS = ("video", "frame")
FEW_VIDEOS = 30
"""With fewer in the test set, one video more or less on the right side changes the scores a lot."""

UNITS = {"person": "people", "group": "groups", "video": "videos"}
"""The units that the bootstrap resamples, and their plurals."""

UNDEFINED = {"value": None, "low": None, "high": None}
CROSS_COLUMNS = {
    "model": "model",
    "trained": "trained on",
    "tested": "tested on",
    "images": "images",
    "videos": "videos",
    "left_out": "left out",
    "people": "people apart by",
    "video_f1_macro": "macro F1, videos",
    "video_roc_auc": "ROC AUC, videos",
    "video_roc_auc_low": "from",
    "video_roc_auc_high": "to",
    "f1_macro": "macro F1, frames",
    "roc_auc": "ROC AUC, frames",
}
"""Columns of the table across datasets, and their titles."""

CROSS_TEXT_COLUMNS = ("model", "trained", "tested", "people")  # the other ones are numbers


def evaluated_split(model: Model) -> str | None:
    """Return the split that the scores are of: "test", or "val" if there is no test set, or None."""
    return next((split for split in ("test", "val") if model.metrics["splits"].get(split)), None)


def score(model: Model, level: str, metric: str) -> dict[str, float | None]:
    """Return `value`, `low`, `high` of a metric on the evaluated split; all None if it isn't defined."""
    return _measured(model).get(level, {}).get("metrics", {}).get(metric) or UNDEFINED


def units(model: Model) -> str:
    """Return what the bootstrap of the test set resamples: "24 people and 2 groups"; "" without one."""
    return describe_units(_unit_counts(model))


def describe_units(counts: Mapping[str, int]) -> str:
    """Return text such as "24 people and 2 groups" for the number of each of UNITS."""
    return " and ".join(plural(n, kind, UNITS[kind]) for kind, n in counts.items() if n)


def has_few_units(model: Model) -> bool:
    """Return whether the units are too few for an interval to mean much."""
    return 0 < sum(_unit_counts(model).values()) < FEW_UNITS


def mistakes(model: Model) -> int | None:
    """Return the number of images of the evaluated split that are on the wrong side of the threshold."""
    accuracy = score(model, "frame", "accuracy")["value"]
    return None if accuracy is None else round(_measured(model)["frame"]["images"] * (1 - accuracy))


def leaderboard_row(model: Model) -> dict:
    """Return a model's row in the table of all models: what it is, and its scores at each level."""
    if model.is_from_elsewhere:
        network = scores_line(model.metadata)
    elif model.is_ensemble:
        network = f"{ensemble_line(model.metadata)}; {model.metadata['parameters']:,} parameters"
    else:
        network = f"{model.metadata['arch']}, {model.metadata['parameters']:,} parameters"
    return {
        "name": model.name,
        "network": network,
        "validation": model.validation,
        "levels": [
            {
                "name": level,
                "scores": [score(model, level, m) for m in ("f1_macro", "f1_fake", "roc_auc", "eer")],
                "threshold": model.metrics["threshold"][level],
            }
            for level in _levels(model)
        ],
        "epochs": None if model.is_ensemble or model.is_from_elsewhere else len(model.history),
        "best_epoch": model.metadata.get("metrics", {}).get("epoch"),
        "speed": median(row["images_per_second"] for row in model.history) if model.history else None,
    }


def model_details(model: Model) -> dict:
    """Return what the page shows of the chosen model alone; see templates/summary_chosen.html.j2."""
    split = evaluated_split(model)
    by_method = _by_part(model, "by_method")
    return {
        "name": model.name,
        "kind": ensemble_line(model.metadata) if model.is_ensemble else model.metadata["arch"],
        "is_ensemble": model.is_ensemble,
        "ensemble": ensemble(model.metadata) if model.is_ensemble else None,
        "threshold": {"from": None} | model.metrics["threshold"],
        "reports": model.reports,
        "training": model.training,
        "split": split,
        "is_pooled": len(_levels(model)) > len(LEVELS),
        "scores": [
            (name, [score(model, level, key) for level in _levels(model)]) for key, name in METRICS.items()
        ],
        "false_alarms": false_alarms_text(_measured(model)) if split else "",
        "by_corpus": _by_part(model, "by_corpus"),
        "by_method": by_method,
        "several_people": _measured(model).get("several_people", []),
        "groups": groups_of_people(_measured(model).get("groups", {})),
        "methods_known": not all(row["name"].endswith(f"/{UNKNOWN}") for row in by_method),
        "mistakes": mistakes(model),
        "images": _measured(model)["frame"]["images"] if split else 0,
    }


def warning(model: Model) -> str:
    """Return what a reader must know before believing the scores; "" if there is nothing."""
    split = evaluated_split(model)
    if split is None:
        return "Neither the test set nor the validation set has an image, so nothing could be measured."
    if split == "val":
        return (
            "This dataset has no test set: the scores are of the validation set, on which the model and its"
            " threshold were chosen, so they are too good."
        )
    videos = _measured(model)["video"]["videos"]
    return (
        f"The test set has only {plural(videos, 'video')}, so the scores are rough."
        if videos < FEW_VIDEOS
        else ""
    )


def scores_line(facts: Mapping) -> str:
    """Return scores from elsewhere in one line: their table, and how much of it is missing or unknown."""
    test = facts["splits"]["test"]
    lines = [f"scores of {facts['table']}"]
    if test["without"]:
        counted = {"chance": "as 0.5"}.get(facts["missing"], f"as {facts['missing']}")
        lines.append(f"{test['without']:,} of {test['images']:,} test images have none, and count {counted}")
    if facts["splits"]["val"]["without"]:
        val = facts["splits"]["val"]
        lines.append(f"{val['without']:,} of {val['images']:,} validation images have none, and are left out")
    if facts["unknown"]:
        lines.append(f"{plural(facts['unknown'], 'line')} of no image of the dataset")
    return "; ".join(lines)


def ensemble_line(metadata: dict) -> str:
    """Return an ensemble in one line, such as "of meso4, vit; weighted by validation; T = 1.300"."""
    section = metadata["training"]["ensemble"]
    parts = [f"of {', '.join(section['models'])}"]
    if len(section["models"]) > 1:
        by = {"equally": "weighted equally", "validation": "weighted by validation"}
        parts.append(by[section["weighted"]])
    if metadata["views"] > 1:
        parts.append(f"{metadata['views']} views")
    if section["calibrate"]:
        parts.append(f"T = {metadata['temperature']:.3f}")
    return "; ".join(parts)


def ensemble(metadata: dict) -> dict:
    """Return the models of an ensemble, in the config's order, and what is done with their logits.

    `tta` is the config's test-time augmentation, with sizes as text; `temperature` is None if logits are
    not calibrated.
    """
    section = metadata["training"]["ensemble"]
    tta = section["tta"]
    return {
        "models": [
            {"name": name, **{key: metadata["members"][name][key] for key in ("archs", "weight", "f1_macro")}}
            for name in section["models"]
        ],
        "weighted": section["weighted"],
        "views": metadata["views"],
        "tta": tta
        and {
            "scales": [f"{scale:g}" for scale in tta["scales"]],
            "crops": None if tta["crops"] is None else f"{tta['crops']:g}",
            "flip": tta["flip"],
        },
        "temperature": metadata["temperature"] if section["calibrate"] else None,
    }


def across_datasets(summary: Summary) -> dict | None:
    """Return the table of models across datasets: `columns`, the `numbers` among them, and `rows` of text.

    None if there is no such table.
    """
    if summary.cross is None:
        return None
    columns = [name for name in CROSS_COLUMNS if name in summary.cross]
    return {
        "columns": [CROSS_COLUMNS[name] for name in columns],
        "numbers": [CROSS_COLUMNS[name] for name in columns if name not in CROSS_TEXT_COLUMNS],
        "rows": [[_cross_cell(row[n], n) for n in columns] for row in summary.cross.to_dict("records")],
        "plot": summary.cross_plot,
    }


def _cross_cell(value: str, column: str) -> str | None:
    """Return a score with three decimals, None for an empty cell, counts and names as they are."""
    number = pd.to_numeric(value, errors="coerce")
    if column.endswith(("f1_macro", "roc_auc", "low", "high")) and math.isfinite(number):
        return f"{number:.3f}"
    return value or None


def _levels(model: Model) -> list[str]:
    """Return the levels of a model's scores; one with attention over frames has videos pooled by it, too."""
    return [LEVELS[0], *[POOLED] * (POOLED in model.metrics["threshold"]), *LEVELS[1:]]


def _measured(model: Model) -> Mapping:
    """Return the block of metrics.json of the evaluated split; {} if nothing was measured."""
    return model.metrics["splits"].get(evaluated_split(model)) or {}


def _unit_counts(model: Model) -> dict[str, int]:
    return (model.metrics["splits"].get("test") or {}).get("units", {})


def _by_part(model: Model, key: str) -> list[dict]:
    """Return a row for each corpus or method, with scores in the order of LEVELS: macro F1, then ROC AUC."""
    return [
        {
            "name": name,
            "images": blocks["frame"]["images"],
            "videos": blocks["video"]["videos"],
            "scores": [blocks[level]["metrics"][m] for level in LEVELS for m in ("f1_macro", "roc_auc")],
        }
        for name, blocks in (_measured(model).get(key) or {}).items()
    ]
