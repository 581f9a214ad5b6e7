"""Evaluate a model on distorted images: a table and a plot with each distortion at each level.

    python scripts/distort.py --dataset results/small --checkpoint results/models/small/meso4/best.pt \
        --metrics results/reports/small/meso4/metrics.json --output robustness.csv \
        --output-picture robustness.svg --config '{"jpeg": [90, 50, 30], "blur": [1, 2], "noise": [5, 10],
            "resize": [0.5, 0.25], "brightness": [0.5, 1.5], "seed": 42}'

The stored images of the test split, or of the validation split if there is no test split, are distorted and
then fitted to the networks. The thresholds are those of metrics.json, chosen on undistorted images.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.checkpoints.inference import in_batches, probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.console import progress
from deepfake.evaluation import robustness
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    seed = cfg.pop("seed")
    settings, thresholds = robustness.list_settings(cfg), read_thresholds(args.metrics)
    rows = read_image_rows(args.dataset)
    split = "test" if (rows["split"] == "test").any() else "val"
    rows = rows[rows["split"] == split].reset_index(drop=True)
    model = open_model(args.checkpoint, args.threads, args.limits)
    images = read_images(args.dataset, rows, args.threads)
    names = progress(rows["image"].tolist(), f"distort {args.dataset.name}", "images")
    distorted = robustness.distorted_images(images, names, settings, model.geometries, seed, args.threads)
    predicted = probabilities(model.logits, in_batches(distorted))
    table = robustness.evaluate_settings(rows, predicted, settings, thresholds, split)
    title = f"{args.dataset.name}: {len(rows):,} images of {split}, distorted (frame level)"
    with new_file(args.output) as new_table, new_file(args.output_picture) as new_picture:
        table.to_csv(new_table, index=False, lineterminator="\n", float_format="%.6g")
        robustness.draw_robustness(table, title, new_picture)
    print(table.to_string(index=False, na_rep="", float_format="{:.3g}".format))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt of the model")
    parser.add_argument("--metrics", required=True, help="metrics.json of the model, for the thresholds")
    parser.add_argument("--config", required=True, help="JSON: levels of each distortion, and seed")
    parser.add_argument("--threads", type=int, default=1, help="images decoded and distorted at a time")
    parser.add_argument("--output", required=True, help="csv of the results")
    parser.add_argument("--output-picture", required=True, help="svg of the curves")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
