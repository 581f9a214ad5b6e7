"""Predict the images of one split: for each image the probability that it is fake.

Of a model trained on sets of frames the table has each image's `attention` too, which is empty for others.

    python scripts/predict.py --checkpoint results/models/small/meso4/best.pt --split test \
        --images results/decoded/small/256-bilinear.npy --rows results/decoded/small/256-bilinear.csv \
        --output results/predictions/small/meso4/test.csv
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence

from deepfake.checkpoints.dataset_inference import predict_rows, read_inputs
from deepfake.checkpoints.open_model import open_model
from deepfake.console import log, progress
from deepfake.evaluation.predictions import people_by_faces, write_predictions
from deepfake.files import new_file
from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    model = open_model(args.checkpoint, args.threads, args.limits)
    inputs = read_inputs(model.geometries, args.images, args.rows)
    rows = predict_rows(model, inputs, args.split, show_progress)
    if args.people:
        rows = rows.assign(person=people_by_faces(rows, args.people))
    with new_file(args.output) as new_table:
        write_predictions(rows, new_table)
    log.info("%d images of %s", len(rows), args.split)


def show_progress(batches: list) -> Iterable:
    return progress(batches, "predict", "batches")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--checkpoint", required=True, help="best.pt of the model")
    images = "decoded images (npy), for each geometry of the model"
    parser.add_argument("--images", required=True, nargs="+", help=images)
    parser.add_argument("--rows", required=True, nargs="+", help="rows of the decoded images (csv), likewise")
    parser.add_argument("--people", help="csv of who is seen in which video, beside the dataset's plan")
    parser.add_argument("--split", required=True, choices=["train", "val", "test"])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--output", required=True, help="csv of predictions")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
