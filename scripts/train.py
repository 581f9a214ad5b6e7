"""Train a model on a decoded dataset; killed, it goes on from its last epoch when it is started again.

Under torchrun, on one node or several, all its processes train one network: `torchrun --nproc-per-node 4
scripts/train.py …`. They share each batch of batch_size images, but batch normalisation is of each one's own
share. A run may be gone on from by another number of processes.

    python scripts/train.py --images results/decoded/small/256-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv --kept results/plans/small.json --dataset small \
        --model meso4 --run-folder results/training/small/meso4 --output results/models/small/meso4 \
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
import warnings
from pathlib import Path

import torch

from deepfake.atomic import Overtaken
from deepfake.console import log, start_log
from deepfake.datasets.decoded import Decoded, check_size, read_decoded
from deepfake.imports import code_digest
from deepfake.models.networks import Built, build
from deepfake.models.settings import weights_digest
from deepfake.names import draw
from deepfake.training.fit import Fitted, Machine, check, clear, fit
from deepfake.training.module import Diverged
from deepfake.training.outcome import class_weights, keep_events, write_outcome
from deepfake.training.world import Failed, Group, joined, world_of


def main() -> int:
    args = parse_args()
    start_log()
    try:
        world, machine = world_of(), Machine(args.accelerator, args.devices)
        if world.rank:  # the first process speaks for all
            log.disabled = True
            warnings.simplefilter("ignore")
        torch.set_num_threads(max(1, args.threads // world.local))
        with joined(world, machine.kind() == "gpu") as group:
            train(args, machine, group)
    except (Diverged, Failed, Overtaken) as error:
        log.error("%s/%s: %s", args.dataset, args.model, error)
        return 1
    return 0


def train(args: argparse.Namespace, machine: Machine, group: Group) -> None:
    name, model = f"{args.dataset}/{args.model}", json.loads(args.config)
    seed = draw(model["seed"], args.dataset, args.model)
    kept, decoded, built = group.together(lambda: read(args, model, seed))
    weights, mark = class_weights(model, kept), fingerprint(model, kept)
    fitted = fit(built.detector, model, weights, decoded, args.run_folder, name, mark, seed, machine, group)
    training = model | {"class_weights": {"real": weights[0], "fake": weights[1]}}
    dataset = {"name": args.dataset, "sha256": kept["sha256"], "images": kept["images"]}
    facts = {"training": training, "dataset": dataset}
    # under torchrun the others wait: it ends a node's processes once another node's have gone for long
    group.together(lambda: finish(args, built, fitted, decoded, facts) if fitted else None)


def read(args: argparse.Namespace, model: dict, seed: int) -> tuple[dict, Decoded, Built]:
    """What the plan keeps, the images, and the untrained network. Raises Failed where they don't fit."""
    try:
        kept = json.loads(args.kept.read_text(encoding="utf-8"))
        decoded = read_decoded(args.images, args.rows)
        check(decoded)
        built = build(model, seed)
        check_size(decoded, built.geometry.size, args.images)
    except (ValueError, OSError) as error:
        raise Failed(str(error)) from None
    return kept, decoded, built


def finish(args: argparse.Namespace, built: Built, fitted: Fitted, decoded: Decoded, facts: dict) -> None:
    """Write the outcome, then delete the run that led to it."""
    found = write_outcome(args.output, built, fitted, decoded, facts)
    keep_events(args.run_folder, args.output)
    fitted.check()
    clear(args.run_folder)
    f1_macro = found["metrics"]["val"]["f1_macro"]
    print(f"{args.dataset}/{args.model}: macro F1 {f1_macro:.3f} on val, threshold {found['threshold']:.3f}")


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
    parser.add_argument("--run-folder", required=True, type=Path, help="of a run that isn't finished")
    parser.add_argument("--output", required=True, type=Path, help="folder for best.pt and all else")
    parser.add_argument(
        "--threads", type=int, default=torch.get_num_threads(), help="of the CPU, for all processes of a node"
    )
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    parser.add_argument(
        "--devices", type=count, default="auto", help="number of GPUs, or of processes on a CPU"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
