"""Train a model on a decoded dataset; started again after a kill, it resumes after its last whole epoch.

Under torchrun, on one node or several, all its processes train one network: `torchrun --nproc-per-node 4
scripts/train.py …`. They share each batch of batch_size images, but each normalises its own share. A run may
be resumed by another number of processes.

    python scripts/train.py --images results/decoded/small/256-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv --plan-summary results/plans/small.json \
        --dataset small --model meso4 --run-folder results/training/small/meso4 \
        --output results/models/small/meso4 \
        --config '{"arch": "meso4", "weights": null, "head": null, "image_size": null, "pooling": null,
                   "tune": "all", "epochs": 20, "batch_size": 32, "batches": "random", "frames": 1,
                   "accumulate": 1, "optimizer": "adamw", "lr": 0.001, "layer_decay": null,
                   "freeze_epochs": 0, "weight_decay": 0.0001, "ema": null, "clip": 1.0,
                   "schedule": "cosine", "restart_every": null, "lr_min": 0, "warmup": 1,
                   "loss": "cross_entropy", "focal_gamma": 2, "uniformity": 0, "alignment": 0,
                   "label_smoothing": 0, "class_weights": "auto", "patience": 5, "augment": "light",
                   "fakes": true, "self_blend": 0, "self_blend_landmarks": "none",
                   "self_blend_source": "self", "precision": "auto", "channels_last": true,
                   "compile": false, "seed": 42}'
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.code_digest import code_digest
from deepfake.program import add_limits, make_parser, run
from deepfake.training.loggers import LOGGERS, check_logger


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    import torch  # here, and what loads it

    from deepfake.training.distributed import launch
    from deepfake.training.train import train

    if args.logger != "none":
        check_logger(args.logger)
    threads = args.threads or torch.get_num_threads()
    model, code = json.loads(args.config), code_digest(Path(__file__))
    files = args.images, args.rows, args.plan_summary, args.run_folder, args.output
    blending = tuple(args.landmarks) or None, next(iter(args.people), None)
    more = code, args.limits, args.features, *blending, args.leave_out or ""
    more = *more, args.logger, args.logger_folder
    with launch(model["precision"], args.accelerator, args.devices, threads) as processes:
        facts = train(processes, args.dataset, args.model, model, *files, *more)
    if facts:
        f1_macro = facts["metrics"]["val"]["f1_macro"]
        print(
            f"{args.dataset}/{args.model}: macro F1 {f1_macro:.3f} on val, threshold {facts['threshold']:.3f}"
        )


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--images", required=True, help=".npy of decoded images")
    parser.add_argument("--rows", required=True, help="csv of their rows")
    parser.add_argument("--plan-summary", required=True, type=Path, help="JSON summary of the dataset's plan")
    parser.add_argument(
        "--features", nargs="*", default=[], metavar="NPY", help="of train and val, for tune: head"
    )
    parser.add_argument(
        "--landmarks", nargs="*", default=[], metavar=("NPY", "CSV"), help="of the images, for self_blend"
    )
    parser.add_argument(
        "--people", nargs="*", default=[], metavar="CSV", help="who is seen, for self_blend_source: neighbour"
    )
    parser.add_argument("--dataset", required=True, help="name of the dataset")
    parser.add_argument("--model", required=True, help="name of the model")
    parser.add_argument("--config", required=True, help="JSON: the model's section, and the seed")
    parser.add_argument("--leave-out", nargs="?", metavar="METHOD", help="whose fakes train and val lack")
    parser.add_argument(
        "--run-folder", required=True, type=Path, help="files of the run until it is finished"
    )
    parser.add_argument(
        "--output", required=True, type=Path, help="folder for weights.pt and all other results"
    )
    parser.add_argument(
        "--threads",
        type=int,
        help="CPU threads of a node, for all processes",
    )
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    parser.add_argument("--devices", type=count, default="auto", help="GPUs, or processes on a CPU, per node")
    parser.add_argument("--logger", choices=["none", *LOGGERS], default="none", help="beside TensorBoard")
    parser.add_argument(
        "--logger-folder", type=Path, default=Path("results"), help="folder of the logger's own files"
    )
    add_limits(parser)
    return parser.parse_args(argv)


def count(text: str) -> int | str:
    return text if text == "auto" else int(text)


if __name__ == "__main__":
    sys.exit(run(main))
