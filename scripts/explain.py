"""Show what a detector gets wrong: its most confident mistakes, and where it looks in some of them.

    python scripts/explain.py --dataset results/small --checkpoint results/models/small/meso4/best.pt \
        --predictions results/predictions/small/meso4/test.csv results/predictions/small/meso4/val.csv \
        --metrics results/reports/small/meso4/metrics.json --output-mistakes mistakes.png \
        --output-gradcam gradcam.png --output-table mistakes.csv

Of the tables of predictions the first that has rows is taken: test, or val where there is no test. The table
has all mistakes at the frame-level threshold of metrics.json, and `shown` says which are on the sheet. Where
they are few, Grad-CAM shows fakes that are rightly told too.
"""

import argparse
import os
import sys
from pathlib import Path

from deepfake.checkpoints.open_model import open_model
from deepfake.console import log
from deepfake.errors import UserError
from deepfake.evaluation import mistakes
from deepfake.evaluation.predictions import read_predictions
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.pixels import fit
from deepfake.networks.gradcam import gradcam_maps
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        threshold = read_thresholds(args.metrics)["frame"]
        tables = [read_predictions(path) for path in args.predictions]
        table = next((table for table in tables if len(table)), tables[0])
        wrong = mistakes.find_mistakes(table, threshold)
        explained = mistakes.choose_explained(table, wrong, threshold)
        names = [*wrong[wrong["shown"]]["image"], *explained["image"]]
        rows = read_image_rows(args.dataset)
        rows = rows[rows["image"].isin(names)].reset_index(drop=True)
        if missing := sorted(set(names) - set(rows["image"])):
            raise UserError(f"{args.dataset} has no image {missing[0]}: predict it anew")
        pictures = dict(zip(rows["image"], read_images(args.dataset, rows), strict=True))
        model = open_model(args.checkpoint, args.threads)
        heats = gradcam_maps(
            model.detector, model.geometries, [pictures[name] for name in explained["image"]]
        )
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    seen = [fit(pictures[name], model.geometries[0]) for name in explained["image"]]
    about = (
        f"{args.dataset.name}, {table['image'].iloc[0].split('/')[0]}" if len(table) else args.dataset.name
    )
    sheet = mistakes.mistakes_sheet(f"{about}: most confident mistakes", table, wrong, pictures.__getitem__)
    maps = mistakes.gradcam_sheet(f"{about}: Grad-CAM", explained, seen, heats)
    with (
        new_file(args.output_table) as new_table,
        new_file(args.output_mistakes) as new_sheet,
        new_file(args.output_gradcam) as new_maps,
    ):
        wrong.to_csv(new_table, index=False, lineterminator="\n", encoding="utf-8", float_format="%.9g")
        sheet.save(new_sheet, "PNG")
        maps.save(new_maps, "PNG")
    print(f"{len(wrong):,} mistakes in {len(table):,} images at threshold {threshold:.3f}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt of the model")
    parser.add_argument("--predictions", required=True, nargs="+", help="csv of predictions; test, then val")
    parser.add_argument("--metrics", required=True, help="metrics.json, for the threshold")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--output-mistakes", required=True, help="png of the most confident mistakes")
    parser.add_argument("--output-gradcam", required=True, help="png of Grad-CAM over some images")
    parser.add_argument("--output-table", required=True, help="csv of all mistakes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
