"""Train a model on a decoded dataset; killed, it goes on from its last epoch when it is started again.

Under torchrun, on one node or several, all its processes train one network: `torchrun --nproc-per-node 4
scripts/train.py …`. They share each batch of batch_size images, but batch normalisation is of each one's own
share. A run may be gone on from by another number of processes.

    python scripts/train.py --images results/decoded/small/256-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv --plan-summary results/plans/small.json \
        --dataset small --model meso4 --run-folder results/training/small/meso4 \
        --output results/models/small/meso4 \
        --config '{"arch": "meso4", "weights": null, "head": "new", "image_size": null, "epochs": 20,
                   "batch_size": 32, "accumulate": 1, "optimizer": "adamw", "lr": 0.001, "clip": 1.0,
                   "weight_decay": 0.0001, "schedule": "cosine", "warmup": 1, "label_smoothing": 0,
                   "class_weights": "auto", "patience": 5, "augment": "light", "self_blend": 0,
                   "precision": "auto", "channels_last": true, "compile": false, "seed": 42}'
"""

import argparse
import json
import sys
from pathlib import Path

import torch

from deepfake.code_digest import code_digest
from deepfake.console import log
from deepfake.files import ConcurrentWrite
from deepfake.program import start_logging
from deepfake.training.distributed import Failed, joined, settle, world_of
from deepfake.training.fit import Machine
from deepfake.training.module import Diverged
from deepfake.training.train import train


def main() -> int:
    args = parse_args()
    start_logging()
    name, model, code = f"{args.dataset}/{args.model}", json.loads(args.config), code_digest(Path(__file__))
    files = args.images, args.rows, args.plan_summary, args.run_folder, args.output
    try:
        world, machine = world_of(), Machine(args.accelerator, args.devices)
        settle(world, args.threads)
        with joined(world, machine.kind() == "gpu") as group:
            found = train(args.dataset, args.model, model, *files, code, machine, group)
    except (Diverged, Failed, ConcurrentWrite) as error:
        log.error("%s: %s", name, error)
        return 1
    if found:
        f1_macro = found["metrics"]["val"]["f1_macro"]
        print(f"{name}: macro F1 {f1_macro:.3f} on val, threshold {found['threshold']:.3f}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", required=True, help=".npy of decoded images")
    parser.add_argument("--rows", required=True, help="csv of their rows")
    parser.add_argument("--plan-summary", required=True, type=Path, help="summary of the plan, JSON")
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument("--config", required=True, help="JSON: the model's section, and the seed")
    parser.add_argument("--run-folder", required=True, type=Path, help="of a run that isn't finished")
    parser.add_argument("--output", required=True, type=Path, help="folder for best.pt and all else")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU, on a node")
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    parser.add_argument("--devices", type=count, default="auto", help="GPUs, or processes on a CPU")
    return parser.parse_args()


def count(text: str) -> int | str:
    return text if text == "auto" else int(text)


if __name__ == "__main__":
    sys.exit(main())
