"""Say how much of each corpus, class and method a dataset lost at which step, as a table and a picture.

    python scripts/attrition.py --plan results/plans/small.csv --config '{"images": "faces"}' \
        --output results/reports/small/attrition.csv --output-picture results/reports/small/attrition.png
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from deepfake.audit.attrition import as_text, attrition, warnings
from deepfake.audit.attrition_plot import draw_attrition
from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import start_logging

COLUMNS = ["corpus", "video", "frame", "label", "method", "step", "reason"]


def main() -> int:
    args = parse_args()
    start_logging()
    plan = pd.read_csv(args.plan, dtype=str, keep_default_na=False, usecols=COLUMNS)
    losses = attrition(plan.astype({"frame": "int64"}), json.loads(args.config)["images"])
    with new_file(args.output) as table, new_file(args.output_picture) as picture:
        losses.to_csv(table, index=False, lineterminator="\n", encoding="utf-8")
        draw_attrition(losses, f"What became of the images of {args.plan.stem}", picture)
    log.info("\n%s", as_text(losses))
    for warning in warnings(losses):
        print(f"WARNING: {args.plan.stem}: {warning}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", required=True, type=Path, help="the dataset's plan")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section")
    parser.add_argument("--output", required=True, type=Path, help="table of the losses")
    parser.add_argument("--output-picture", required=True, help="png of the same")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
