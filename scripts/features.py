"""Compute the features of train and val once, for all models that train a head on top of the same network.

    python scripts/features.py --images results/decoded/small/224-bicubic.npy \
        --rows results/decoded/small/224-bicubic.csv --plan-summary results/plans/small.json \
        --config '{"arch": "timm/resnet18", "weights": "resnet18.safetensors", "image_size": null,
                   "augment": "light", "feature_views": 4, "precision": "auto", "seed": 42}' \
        --run-folder results/training/small/resnet18 --output-train train.npy --output-val val.npy \
        --output features.json

Started again after a kill, it goes on where it was. The arrays are float32 (views, images, features), in the
order of the rows of their split.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.code_digest import code_digest
from deepfake.console import log
from deepfake.program import add_limits, json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    import torch  # here, and what loads it

    from deepfake.training.distributed import launch
    from deepfake.training.feature_files import write_features

    threads = args.threads or torch.get_num_threads()
    inputs = args.images, args.rows, args.plan_summary
    arrays, code = {"train": args.output_train, "val": args.output_val}, code_digest(Path(__file__))
    with launch(args.config["precision"], args.accelerator, 1, threads) as processes:
        facts = write_features(
            processes.fabric, args.config, *inputs, args.run_folder, arrays, args.output, code, args.limits
        )
    log.info("%d features of an image, in %d views of train", facts["features"], facts["views"])


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--images", required=True, help=".npy of decoded images")
    parser.add_argument("--rows", required=True, help="csv of their rows")
    parser.add_argument("--plan-summary", required=True, type=Path, help="JSON summary of the dataset's plan")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: what the features depend on")
    parser.add_argument("--run-folder", required=True, type=Path, help="features until all are computed")
    parser.add_argument("--threads", type=int, help="CPU threads")
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "gpu", "mps"])
    parser.add_argument("--output-train", required=True, help=".npy of train")
    parser.add_argument("--output-val", required=True, help=".npy of val")
    parser.add_argument("--output", required=True, help="JSON of their number and SHA-256")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
