"""An ensemble from its members' checkpoints: weighted, calibrated and given its thresholds on val."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch

from deepfake.checkpoints.best_pt import load_checkpoint, make_detector, save_ensemble, versions
from deepfake.checkpoints.dataset_inference import read_inputs, split_logits
from deepfake.checkpoints.inference import sigmoid
from deepfake.checkpoints.metadata import MAX_PARTS, MAX_VIEWS
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.console import log
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import choose_thresholds
from deepfake.evaluation.temperature import fit_temperature
from deepfake.files import new_file
from deepfake.networks.ensemble import flatten, parts_of
from deepfake.networks.views import tta_views


class BadMember(ValueError):
    """A member that can't be part of the ensemble; the message names it and says what to do."""


def combine(
    dataset: str,
    name: str,
    section: dict,
    members: Mapping[str, str | Path],
    images: Sequence[str | Path],
    rows: Sequence[str | Path],
    kept: Path,
    output: Path,
    output_facts: Path,
    threads: int = 1,
    watch: Callable[[list], Iterable] = iter,
) -> dict:
    """Make the ensemble `name` of `dataset`, write best.pt and facts.json, and give what the latter holds.

    `section` is the ensemble's of the config; `members` are their best.pt by name, in the section's order.
    `images` (npy) and `rows` (csv) are those of the decoded dataset at each geometry of the members, in their
    order; `kept` is the JSON of what its plan keeps. Only val is looked at: for temperature, thresholds and
    metrics. Raises BadMember, ModelError, InvalidImage and OSError.
    """
    torch.set_num_threads(threads)
    plan = json.loads(kept.read_text(encoding="utf-8"))
    learnt = {"name": dataset, "sha256": plan["sha256"], "images": plan["images"]}
    found = {member: _read(member, path, learnt) for member, path in members.items()}
    weights = member_weights(found, section["weighted"])
    views = tta_views(section["tta"])
    parts = flatten(list(found.values()), list(weights.values()), views)
    _check_number(name, parts)
    ensemble = make_detector({"parts": parts, "temperature": 1.0}, name)
    decoded = read_inputs(ensemble.geometries, images, rows)
    val = decoded[0].rows.iloc[decoded[0].split("val")]
    labels = val["label"].to_numpy()
    logits = split_logits(logits_function(ensemble), decoded, "val", watch)
    temperature = _temperature(name, labels, logits) if section["calibrate"] else 1.0
    probability = sigmoid(logits / temperature).astype(np.float64)
    how = "f1_macro" if section["threshold"] is None else section["threshold"]
    thresholds = choose_thresholds(val.assign(probability=probability), how)
    shared = {
        **thresholds,
        "metrics": {"val": compute_metrics(labels, probability, thresholds["threshold"])},
        "dataset": learnt,
        "preprocessing": next(iter(found.values()))["preprocessing"],
        "training": {
            "ensemble": section,
            "members": {m: {"weight": weights[m], "training": found[m]["training"]} for m in found},
        },
    }
    facts = {
        "members": {m: {"weight": weights[m], **_about(found[m])} for m in found},
        "parameters": sum(p.numel() for p in ensemble.parameters()),
        "geometries": [vars(geometry) for geometry in ensemble.geometries],
        "views": len(views),
        "temperature": temperature,
        **shared,
        "versions": versions(),
    }
    with new_file(output_facts) as path:
        path.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        save_ensemble(output, parts, temperature, **shared)
    return facts


def member_weights(checkpoints: Mapping[str, dict], weighted: str) -> dict[str, float]:
    """How much each member counts, together 1: `equally`, or by its macro F1 on val (`validation`)."""
    scores = dict.fromkeys(checkpoints, 1.0)
    if weighted == "validation":
        scores = {name: f1_macro(name, checkpoint) for name, checkpoint in checkpoints.items()}
    whole = sum(scores.values())
    if not whole:
        raise BadMember("no member has a macro F1 above 0 on val to be weighted by; write weighted: equally")
    return {name: score / whole for name, score in scores.items()}


def f1_macro(name: str, checkpoint: dict) -> float:
    """The macro F1 on val that a checkpoint says; BadMember where it says none."""
    val = checkpoint["metrics"].get("val")
    found = val.get("f1_macro") if isinstance(val, dict) else None
    if not isinstance(found, float | int) or not 0 <= found <= 1:
        raise BadMember(f"{name} has no macro F1 on val to be weighted by; write weighted: equally")
    return float(found)


def _read(name: str, path: str | Path, learnt: dict) -> dict:
    checkpoint = load_checkpoint(path)
    theirs = checkpoint["dataset"]
    if theirs["sha256"] != learnt["sha256"]:
        raise BadMember(
            f"{name} ({path}) has learnt from {theirs['name']}, digest {theirs['sha256'][:12]}, and this is "
            f"{learnt['name']}, digest {learnt['sha256'][:12]}; train it on the same dataset"
        )
    return checkpoint


def _check_number(name: str, parts: Sequence[dict]) -> None:
    views = max(len(part["views"]) for part in parts)
    if len(parts) > MAX_PARTS or views > MAX_VIEWS:
        raise BadMember(
            f"ensembles.{name}: {len(parts)} networks and {views} views of one; at most {MAX_PARTS} and "
            f"{MAX_VIEWS} can be; name fewer models, scales or ensembles with views"
        )


def _temperature(name: str, labels: np.ndarray, logits: np.ndarray) -> float:
    if len(set(labels.tolist())) < 2:
        log.warning("ensembles.%s.calibrate: val has not both classes, so the temperature stays 1", name)
    found = fit_temperature(labels, logits)
    log.info("%s: temperature %.4f", name, found)
    return found


def _about(checkpoint: dict) -> dict:
    """What the report says of a member."""
    val = checkpoint["metrics"].get("val") or {}
    return {
        "f1_macro": val.get("f1_macro"),
        "archs": [part["network"]["arch"] for part in parts_of(checkpoint)],
    }
