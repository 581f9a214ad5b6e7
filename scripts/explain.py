"""Show the most confident mistakes of a model, and Grad-CAM heatmaps of some of them.

    python scripts/explain.py --dataset results/small --checkpoint results/models/small/meso4/best.pt \
        --predictions results/predictions/small/meso4/test.csv results/predictions/small/meso4/val.csv \
        --metrics results/reports/small/meso4/metrics.json --output-mistakes mistakes.png \
        --output-gradcam gradcam.png --output-table mistakes.csv

It uses the first table of predictions that has rows: test, or val if there is no test split. The output table
has all mistakes at the frame-level threshold of metrics.json; its column `shown` says which are on the sheet.
If there are few, Grad-CAM also shows correctly predicted fakes.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.checkpoints.open_model import open_model
from deepfake.errors import UserError
from deepfake.evaluation import mistakes
from deepfake.evaluation.predictions import read_predictions
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.pixels import fit
from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.networks.gradcam import gradcam_maps  # loads torch

    threshold = read_thresholds(args.metrics)["frame"]
    tables = [read_predictions(path) for path in args.predictions]
    table = next((table for table in tables if len(table)), tables[0])
    wrong = mistakes.find_mistakes(table, threshold)
    explained = mistakes.choose_explained(table, wrong, threshold)
    names = [*wrong[wrong["shown"]]["image"], *explained["image"]]
    rows = read_image_rows(args.dataset)
    rows = rows[rows["image"].isin(names)].reset_index(drop=True)
    if missing := sorted(set(names) - set(rows["image"])):
        raise UserError(f"{args.dataset} has no image {missing[0]}; run predict.py again")
    images = dict(zip(rows["image"], read_images(args.dataset, rows), strict=True))

    model = open_model(args.checkpoint, args.threads, args.limits)
    to_explain = [images[name] for name in explained["image"]]
    heatmaps = gradcam_maps(model.detector, model.geometries, to_explain)
    fitted = [fit(image, model.geometries[0]) for image in to_explain]

    title = args.dataset.name + (f", {table['image'].iloc[0].split('/')[0]}" if len(table) else "")
    sheet = mistakes.mistakes_sheet(f"{title}: most confident mistakes", table, wrong, images.__getitem__)
    gradcam = mistakes.gradcam_sheet(f"{title}: Grad-CAM", explained, fitted, heatmaps)
    with (
        new_file(args.output_table) as new_table,
        new_file(args.output_mistakes) as new_sheet,
        new_file(args.output_gradcam) as new_gradcam,
    ):
        wrong.to_csv(new_table, index=False, lineterminator="\n", encoding="utf-8", float_format="%.9g")
        sheet.save(new_sheet, "PNG")
        gradcam.save(new_gradcam, "PNG")
    print(f"{len(wrong):,} mistakes in {len(table):,} images at threshold {threshold:.3f}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt of the model")
    parser.add_argument("--predictions", required=True, nargs="+", help="csv of predictions: test, then val")
    parser.add_argument("--metrics", required=True, help="metrics.json of the model, for the threshold")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--output-mistakes", required=True, help="png of the most confident mistakes")
    parser.add_argument("--output-gradcam", required=True, help="png of Grad-CAM for some images")
    parser.add_argument("--output-table", required=True, help="csv of all mistakes")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
