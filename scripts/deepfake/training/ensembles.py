"""Make an ensemble of trained models; its weights and temperature come from val."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from deepfake.checkpoints.best_pt import load_checkpoint, save_ensemble, versions
from deepfake.checkpoints.dataset_inference import read_inputs, split_logits
from deepfake.checkpoints.inference import sigmoid
from deepfake.checkpoints.metadata import MAX_PARTS, MAX_VIEWS
from deepfake.checkpoints.torch_inference import logits_function, make_detector
from deepfake.console import log
from deepfake.errors import UserError
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import choose_thresholds, write_predictions
from deepfake.evaluation.temperature import fit_temperature
from deepfake.files import new_file
from deepfake.networks.ensemble import flatten, parts_of
from deepfake.networks.views import tta_views


def combine(
    dataset: str,
    name: str,
    section: dict,
    members: Mapping[str, str | Path],
    images: Sequence[str | Path],
    rows: Sequence[str | Path],
    plan_summary: Path,
    output: Path,
    output_facts: Path,
    output_val: Path,
    threads: int = 1,
    watch: Callable[[list], Iterable] = iter,
    limits: dict | None = None,
) -> dict:
    """Write weights.pt, weights.json and val.csv of the ensemble `name`, as write_results does of a model.

    Returns the content of weights.json. `section` is the ensemble's section of the config, without its
    threshold, which `finish` sets; `members` are the members' weights.pt by name, in the section's order.
    `images` (npy) and `rows` (csv) are the decoded `dataset` at each geometry that the members take, in the
    members' order; `plan_summary` is the JSON beside its plan. Only the images of val are read, for
    temperature and metrics. `watch` passes the batches on, and may show progress; `limits` are those of the
    config.

    Raises UserError, naming the member or the file, where a member was trained on another dataset or a file
    is wrong.
    """
    torch.set_num_threads(threads)
    plan = json.loads(plan_summary.read_text(encoding="utf-8"))
    trained_on = {"name": dataset, "sha256": plan["sha256"], "images": plan["images"]}
    checkpoints = {member: _read(member, path, trained_on, limits) for member, path in members.items()}
    weights = member_weights(checkpoints, section["weighted"])
    views = tta_views(section["tta"])
    parts = flatten(list(checkpoints.values()), list(weights.values()), views)
    _check_size(name, parts)
    ensemble = make_detector({"parts": parts, "temperature": 1.0}, name, limits)
    decoded = read_inputs(ensemble.geometries, images, rows)
    val = decoded[0].rows.iloc[decoded[0].split("val")]
    labels = val["label"].to_numpy()
    logits = split_logits(logits_function(ensemble), decoded, "val", watch)
    temperature = _temperature(name, labels, logits) if section["calibrate"] else 1.0
    probability = sigmoid(logits / temperature).astype(np.float64)
    predictions = val.assign(probability=probability)
    thresholds = choose_thresholds(predictions)
    shared = {
        **thresholds,
        "metrics": {"val": compute_metrics(labels, probability, thresholds["threshold"])},
        "dataset": trained_on,
        "preprocessing": next(iter(checkpoints.values()))["preprocessing"],
        "training": {
            "ensemble": section,
            "members": {
                member: {"weight": weights[member], "training": checkpoint["training"]}
                for member, checkpoint in checkpoints.items()
            },
        },
    }
    facts = {
        "members": {
            member: {"weight": weights[member], **_describe(checkpoint)}
            for member, checkpoint in checkpoints.items()
        },
        "parameters": sum(parameter.numel() for parameter in ensemble.parameters()),
        "geometries": [vars(geometry) for geometry in ensemble.geometries],
        "views": len(views),
        "temperature": temperature,
        **shared,
        "versions": versions(),
    }
    with new_file(output_facts) as new_facts, new_file(output_val) as new_val:
        new_facts.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        write_predictions(predictions, new_val)
        save_ensemble(output, parts, temperature, **shared)
    return facts


def member_weights(checkpoints: Mapping[str, dict], weighted: str) -> dict[str, float]:
    """Return the members' weights, whose sum is 1: `equally`, or by macro F1 on val (`validation`)."""
    scores = dict.fromkeys(checkpoints, 1.0)
    if weighted == "validation":
        scores = {name: f1_macro(name, checkpoint) for name, checkpoint in checkpoints.items()}
    total = sum(scores.values())
    if not total:
        raise UserError("no member has a macro F1 above 0 on val to be weighted by; write weighted: equally")
    return {name: score / total for name, score in scores.items()}


def f1_macro(name: str, checkpoint: dict) -> float:
    """Return the macro F1 on val that a checkpoint contains; UserError if it contains none."""
    val = checkpoint["metrics"].get("val")
    score = val.get("f1_macro") if isinstance(val, dict) else None
    if not isinstance(score, float | int) or not 0 <= score <= 1:
        raise UserError(f"{name} has no macro F1 on val to be weighted by; write weighted: equally")
    return float(score)


def _read(name: str, path: str | Path, dataset: dict, limits: dict | None) -> dict:
    checkpoint = load_checkpoint(path, limits)
    own = checkpoint["dataset"]
    if own["sha256"] != dataset["sha256"]:
        raise UserError(
            f"{name} ({path}) was trained on {own['name']}, digest {own['sha256'][:12]}, and the ensemble is "
            f"for {dataset['name']}, digest {dataset['sha256'][:12]}; train it on the same dataset"
        )
    return checkpoint


def _check_size(name: str, parts: Sequence[dict]) -> None:
    views = max(len(part["views"]) for part in parts)
    if len(parts) > MAX_PARTS or views > MAX_VIEWS:
        raise UserError(
            f"ensembles.{name}: {len(parts)} networks and {views} views of one; at most {MAX_PARTS} and "
            f"{MAX_VIEWS} are possible; name fewer models, scales or ensembles with views"
        )


def _temperature(name: str, labels: np.ndarray, logits: np.ndarray) -> float:
    if len(set(labels.tolist())) < 2:
        log.warning("ensembles.%s.calibrate: val lacks a class, so the temperature stays 1", name)
    temperature = fit_temperature(labels, logits)
    log.info("%s: temperature %.4f", name, temperature)
    return temperature


def _describe(checkpoint: dict) -> dict:
    """Return what the report shows of a member."""
    val = checkpoint["metrics"].get("val") or {}
    return {
        "f1_macro": val.get("f1_macro"),
        "archs": [part["network"]["arch"] for part in parts_of(checkpoint)],
    }
