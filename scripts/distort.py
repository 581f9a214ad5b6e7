"""Judge a detector on distorted pictures: a row and a point of a curve for each distortion and level.

    python scripts/distort.py --dataset results/small --checkpoint results/models/small/meso4/best.pt \
        --metrics results/reports/small/meso4/metrics.json --output robustness.csv \
        --output-picture robustness.svg --config '{"jpeg": [90, 50, 30], "blur": [1, 2], "noise": [5, 10],
            "resize": [0.5, 0.25], "brightness": [0.5, 1.5], "seed": 42}'

The test split's images are distorted as they are stored, then fit to the networks; val's where
there is no test. Thresholds are those of metrics.json, fixed on val's undistorted images.
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.checkpoints.inference import in_batches, probabilities
from deepfake.checkpoints.open_model import open_model
from deepfake.console import log, progress
from deepfake.errors import UserError
from deepfake.evaluation.robustness import (
    distorted_images,
    draw_robustness,
    evaluate_settings,
    list_settings,
)
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.pixels import InvalidImage
from deepfake.networks.errors import ModelError
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    seed = cfg.pop("seed")
    try:
        tried, thresholds = list_settings(cfg), read_thresholds(args.metrics)
        rows = read_image_rows(args.dataset)
        split = "test" if (rows["split"] == "test").any() else "val"
        rows = rows[rows["split"] == split].reset_index(drop=True)
        model = open_model(args.checkpoint, args.threads)
        images = read_images(args.dataset, rows, args.threads)
        names = progress(rows["image"].tolist(), f"distort {args.dataset.name}", "images")
        views = distorted_images(images, names, tried, model.geometries, seed, args.threads)
        found = probabilities(model.logits, in_batches(views))
    except (InvalidImage, UserError, ModelError) as error:
        log.error("%s", error)
        return 1
    table = evaluate_settings(rows, found, tried, thresholds, split)
    title = f"{args.dataset.name}: {len(rows):,} images of {split}, distorted (frame level)"
    with new_file(args.output) as new_table, new_file(args.output_picture) as picture:
        table.to_csv(new_table, index=False, lineterminator="\n", float_format="%.6g")
        draw_robustness(table, title, picture)
    print(table.to_string(index=False, na_rep="", float_format="{:.3g}".format))
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt of the model")
    parser.add_argument("--metrics", required=True, help="metrics.json, for the thresholds")
    parser.add_argument("--config", required=True, help="JSON: levels of each distortion, and seed")
    parser.add_argument("--threads", type=int, default=1, help="images decoded and distorted at a time")
    parser.add_argument("--output", required=True, help="csv of the results")
    parser.add_argument("--output-picture", required=True, help="svg of the curves")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
