"""Count what a dataset lost of each corpus, class and method at which step, as a table and a chart.

    python scripts/attrition.py --plan results/plans/small.csv --config '{"images": "faces"}' \
        --output results/reports/small/attrition.csv --output-picture results/reports/small/attrition.png
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepfake.audit.attrition import as_text, attrition, warnings
from deepfake.audit.attrition_plot import draw_attrition
from deepfake.console import log, printable_lines
from deepfake.files import new_file
from deepfake.program import json_object, make_parser, run

COLUMNS = ["corpus", "video", "frame", "label", "method", "step", "reason"]


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    plan = pd.read_csv(args.plan, dtype=str, keep_default_na=False, usecols=COLUMNS)
    losses = attrition(plan.astype({"frame": "int64"}), args.config["images"])
    with new_file(args.output) as table, new_file(args.output_picture) as chart:
        losses.to_csv(table, index=False, lineterminator="\n", encoding="utf-8")
        draw_attrition(losses, f"What became of the images of {args.plan.stem}", chart)
    log.info("\n%s", as_text(losses))
    for warning in warnings(losses):
        print(f"WARNING: {args.plan.stem}: {printable_lines(warning)}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the dataset's plan")
    parser.add_argument(
        "--config", required=True, type=json_object, help="JSON: the dataset's section of the config"
    )
    parser.add_argument("--output", required=True, type=Path, help="csv of the losses")
    parser.add_argument("--output-picture", required=True, help="png of the chart")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
