"""Predict the images of one split: the probability of each that it is fake.

    python scripts/predict.py --checkpoint results/models/small/meso4/best.pt --split test \
        --images results/decoded/small/256-bilinear.npy --rows results/decoded/small/256-bilinear.csv \
        --output results/predictions/small/meso4/test.csv
"""

import argparse
import os
import sys

from deepfake.checkpoints.dataset_inference import predict_split, read_inputs
from deepfake.checkpoints.open_model import open_model
from deepfake.console import log, progress
from deepfake.evaluation.predictions import write_predictions
from deepfake.files import new_file
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        model = open_model(args.checkpoint, args.threads)
        decoded = read_inputs(model.geometries, args.images, args.rows)
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    rows = decoded[0].rows.iloc[decoded[0].split(args.split)]
    found = predict_split(
        model.logits, decoded, args.split, lambda parts: progress(parts, "predict", "batches")
    )
    with new_file(args.output) as path:
        write_predictions(rows.assign(probability=found), path)
    log.info("%d images of %s", len(rows), args.split)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True, help="best.pt")
    parser.add_argument(
        "--images", required=True, nargs="+", help=".npy of decoded images, for each geometry"
    )
    parser.add_argument("--rows", required=True, nargs="+", help="csv of their rows")
    parser.add_argument("--split", required=True, choices=["train", "val", "test"])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--output", required=True, help="csv of predictions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
