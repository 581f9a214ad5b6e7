"""What a finished run writes: checkpoints, what they predict for val, the history and its curves."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from torch import Tensor

from deepfake.checkpoints.best_pt import save_checkpoint, versions
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import choose_thresholds, write_predictions
from deepfake.files import new_directory, new_file
from deepfake.networks.build import Built
from deepfake.networks.deltas import as_delta
from deepfake.networks.lora import adapter_state, remove_adapters
from deepfake.training.curves import draw_curves
from deepfake.training.history import write_history
from deepfake.training.loop import Trained
from deepfake.training.run_folder import EVENTS
from deepfake.training.task import Task


def write_results(
    folder: Path,
    built: Built,
    trained: Trained,
    task: Task,
    metadata: dict,
    encoder: Mapping[str, Tensor] | None = None,
) -> dict:
    """Write a finished run to `folder`, and return the content of its weights.json.

    The files are weights.pt, the checkpoint of the best epoch; weights.json, which describes it; val.csv, its
    predictions for val; checkpoints/ with last.pt, epoch_005.pt and so on, and for models of transformers
    with a plain head hf_best/ and hf_last/; history.csv, history.json and curves.svg. `metadata` has the keys
    `training`, `dataset` and `preprocessing` of the checkpoints. Their thresholds are those with the highest
    macro F1 on val, whatever the config says: best.pt, which `finish` writes, has the config's. Where an
    `encoder` is given, as encoder_of returns it, they are deltas, and there are no folders.
    """
    remove_adapters(built.detector.network)
    rows = task.val.rows
    own = {"head", "pooling"} & built.spec.keys()  # which transformers lacks
    as_folder = built.spec["arch"].startswith("hf/") and not own
    measured = {}
    with new_directory(folder / "checkpoints") as checkpoints:
        for name in sorted(trained.weights, key=lambda name: (name == "best", name)):  # leaves best loaded
            state = trained.state(name)
            built.detector.network.load_state_dict(state)
            probability = task.predict_val().astype(np.float64)
            predictions = rows.assign(probability=probability)
            thresholds = choose_thresholds(predictions)
            metrics = {"val": compute_metrics(rows["label"].to_numpy(), probability, thresholds["threshold"])}
            if name == "best":
                metrics |= trained.best and {"epoch": trained.best["epoch"]}
            measured[name] = {**thresholds, "metrics": metrics}
            path = folder / "weights.pt" if name == "best" else checkpoints / f"{name}.pt"
            kept, source = state, None
            if encoder:
                adapters = adapter_state(trained.raw_state(name))
                kept, source = as_delta(state, encoder, adapters, trained.scaling)
            save_checkpoint(path, built.spec, kept, source, **measured[name], **metadata)
            if as_folder and not encoder and name in ("best", "last"):
                from deepfake.networks.huggingface import save_pretrained

                save_pretrained(built.detector, built.spec, checkpoints / f"hf_{name}")
    with new_file(folder / "val.csv") as path:
        write_predictions(predictions, path)  # of best, the last in the loop
    write_history(trained.history, folder)
    with new_file(folder / "curves.svg") as picture:
        draw_curves(trained.history, trained.best.get("epoch"), picture)
    facts = {
        "arch": built.spec["arch"],
        "parameters": sum(parameter.numel() for parameter in built.detector.network.parameters()),
        **{key: built.spec[key] for key in ("geometry", "mean", "std")},
        **measured["best"],
        **metadata,
        "versions": versions(),
    }
    with new_file(folder / "weights.json") as path:
        path.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return facts


def copy_events(run: Path, folder: Path) -> None:
    """Copy a run's TensorBoard events to `folder`/tensorboard."""
    with new_directory(folder / EVENTS) as events:
        if (run / EVENTS).is_dir():
            shutil.copytree(run / EVENTS, events, dirs_exist_ok=True)
