"""Train a model on a decoded dataset; killed, it goes on from its last epoch when it is started again.

    python scripts/train.py --images results/decoded/small/256-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv --kept results/plans/small.json --dataset small \
        --model meso4 --run results/training/small/meso4 --output results/models/small/meso4 \
        --config '{"arch": "meso4", "weights": null, "head": "new", "image_size": null, "epochs": 20,
                   "batch_size": 32, "accumulate": 1, "optimizer": "adamw", "lr": 0.001, "clip": 1.0,
                   "weight_decay": 0.0001, "schedule": "cosine", "warmup": 1, "label_smoothing": 0,
                   "class_weights": "auto", "patience": 5, "augment": "light", "self_blend": 0,
                   "precision": "auto", "channels_last": true, "compile": false, "seed": 42}'
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import torch

from deepfake.atomic import Overtaken
from deepfake.console import log, start_log
from deepfake.datasets.decoded import check_size, read_decoded
from deepfake.imports import code_digest
from deepfake.models.networks import build
from deepfake.models.settings import weights_digest
from deepfake.names import draw
from deepfake.training.fit import Machine, UnusableMachine, check, clear, fit
from deepfake.training.module import Diverged
from deepfake.training.outcome import class_weights, keep_events, write_outcome


def main() -> int:
    args = parse_args()
    start_log()
    torch.set_num_threads(args.threads)
    model, kept = json.loads(args.config), json.loads(args.kept.read_text(encoding="utf-8"))
    name, seed = f"{args.dataset}/{args.model}", draw(model["seed"], args.dataset, args.model)
    try:
        decoded = read_decoded(args.images, args.rows)
        check(decoded)
        built = build(model, seed)
        check_size(decoded, built.geometry.size, args.images)
    except (ValueError, OSError) as error:
        log.error("%s: %s", name, error)
        return 1
    weights = class_weights(model, kept)
    machine = Machine(args.accelerator, args.devices)
    mark = fingerprint(model, kept)
    training = model | {"class_weights": {"real": weights[0], "fake": weights[1]}}
    dataset = {"name": args.dataset, "sha256": kept["sha256"], "images": kept["images"]}
    try:
        fitted = fit(built.detector, model, weights, decoded, args.run, name, mark, seed, machine)
        if not fitted:
            return 0  # this process only helped another one
        facts = {"training": training, "dataset": dataset}
        found = write_outcome(args.output, built, fitted, decoded, facts)
        keep_events(args.run, args.output)
        fitted.check()
    except (Diverged, Overtaken, UnusableMachine) as error:
        log.error("%s: %s", name, error)
        return 1
    clear(args.run)
    f1_macro = found["metrics"]["val"]["f1_macro"]
    print(f"{name}: macro F1 {f1_macro:.3f} on val, threshold {found['threshold']:.3f}")
    return 0


def fingerprint(model: dict, kept: dict) -> str:
    """Stands for all that decides how training ends: a run with another one is not gone on from."""
    parts = [model, kept["sha256"], kept["class_weights"], weights_digest(model), code_digest(Path(__file__))]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def count(text: str) -> int | str:
    return text if text == "auto" else int(text)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", required=True, help=".npy of decoded images")
    parser.add_argument("--rows", required=True, help="csv of their rows")
    parser.add_argument("--kept", required=True, type=Path, help="JSON of what the dataset's plan keeps")
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument("--config", required=True, help="JSON: the model's section, and the seed")
    parser.add_argument("--run", required=True, type=Path, help="folder of the run while it isn't finished")
    parser.add_argument("--output", required=True, type=Path, help="folder for best.pt and all else")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    parser.add_argument(
        "--devices", type=count, default="auto", help="number of GPUs, or of processes on a CPU"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
