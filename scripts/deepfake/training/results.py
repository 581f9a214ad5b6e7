"""What a finished run leaves: checkpoints, with all it takes to use them, the history and its picture."""

import json
import shutil
from pathlib import Path

import numpy as np

from deepfake.checkpoints.best_pt import save_checkpoint, versions
from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import choose_thresholds
from deepfake.files import new_directory, new_file
from deepfake.inputs.decoded import Decoded
from deepfake.networks.build import Built
from deepfake.training.curves import draw_curves
from deepfake.training.fit import EVENTS, Fitted
from deepfake.training.history import write_history


def class_weights(model: dict, kept: dict) -> tuple[float, float]:
    """The weights of real and fake in the loss that a model's section asks for; auto takes the plan's."""
    wanted = model["class_weights"]
    if wanted == "none":
        return 1.0, 1.0
    found = kept["class_weights"] if wanted == "auto" else wanted
    return float(found["real"]), float(found["fake"])


def write_outcome(folder: Path, built: Built, fitted: Fitted, decoded: Decoded, facts: dict) -> dict:
    """Write a finished run to `folder`, and give what its facts.json holds.

    best.pt; checkpoints/ with last.pt, epoch_005.pt and so on, and for transformers' models hf_best/ and
    hf_last/; history.csv, history.json, curves.svg and facts.json. `facts` are the `training`,
    `dataset` and `preprocessing` of the checkpoints; thresholds are those with the highest macro F1 on val.
    """
    rows = decoded.rows.iloc[decoded.split("val")]
    is_hf = built.spec["arch"].startswith("hf/")
    found = {}
    with new_directory(folder / "checkpoints") as checkpoints:
        for name in sorted(fitted.weights, key=lambda name: (name == "best", name)):  # best is laid in last
            state = fitted.state(name)
            built.detector.network.load_state_dict(state)
            probability = predict_split(logits_function(built.detector), [decoded], "val").astype(np.float64)
            thresholds = choose_thresholds(rows.assign(probability=probability))
            metrics = {"val": compute_metrics(rows["label"].to_numpy(), probability, thresholds["threshold"])}
            if name == "best":
                metrics |= fitted.best and {"epoch": fitted.best["epoch"]}
            found[name] = {**thresholds, "metrics": metrics}
            path = folder / "best.pt" if name == "best" else checkpoints / f"{name}.pt"
            save_checkpoint(path, built.spec, state, **found[name], **facts)
            if is_hf and name in ("best", "last"):
                from deepfake.networks.huggingface import save_pretrained

                save_pretrained(built.detector, built.spec, checkpoints / f"hf_{name}")
    write_history(fitted.history, folder)
    with new_file(folder / "curves.svg") as picture:
        draw_curves(fitted.history, fitted.best.get("epoch"), picture)
    summary = {
        "arch": built.spec["arch"],
        "parameters": sum(p.numel() for p in built.detector.network.parameters()),
        **{key: built.spec[key] for key in ("geometry", "mean", "std")},
        **found["best"],
        **facts,
        "versions": versions(),
    }
    with new_file(folder / "facts.json") as path:
        path.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return summary


def keep_events(run: Path, folder: Path) -> None:
    """Copy a run's TensorBoard events to `folder`/tensorboard."""
    with new_directory(folder / EVENTS) as events:
        if (run / EVENTS).is_dir():
            shutil.copytree(run / EVENTS, events, dirs_exist_ok=True)
