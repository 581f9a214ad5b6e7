"""Predict the images of one split: the probability of each that it is fake.

    python scripts/predict.py --checkpoint results/models/small/meso4/best.pt --split test \
        --images results/decoded/small/256-bilinear.npy --rows results/decoded/small/256-bilinear.csv \
        --output results/predictions/small/meso4/test.csv
"""

import argparse
import sys

import torch

from deepfake.atomic import new_file
from deepfake.console import log, progress, start_log
from deepfake.datasets.decoded import check_size, read_decoded
from deepfake.evaluation.predictions import write_predictions
from deepfake.models.checkpoints import read_detector
from deepfake.models.inference import predict_split


def main() -> int:
    args = parse_args()
    start_log()
    torch.set_num_threads(args.threads)
    try:
        detector, checkpoint = read_detector(args.checkpoint)
        decoded = read_decoded(args.images, args.rows)
        check_size(decoded, checkpoint["geometry"]["size"], args.images)
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    rows = decoded.rows.iloc[decoded.split(args.split)]
    found = predict_split(detector, decoded, args.split, lambda parts: progress(parts, "predict", "batches"))
    with new_file(args.output) as path:
        write_predictions(rows.assign(probability=found), path)
    log.info("%d images of %s", len(rows), args.split)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True, help="best.pt")
    parser.add_argument("--images", required=True, help=".npy of decoded images")
    parser.add_argument("--rows", required=True, help="csv of their rows")
    parser.add_argument("--split", required=True, choices=["train", "val", "test"])
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="of the CPU")
    parser.add_argument("--output", required=True, help="csv of predictions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
