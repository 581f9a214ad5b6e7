"""Put what is known of a dataset and of the models trained on it on one page that can be sent to a colleague.

    python scripts/summarise.py --dataset results/small --plan-summary results/plans/small.json \
        --audit results/reports/small/audit.json --attrition results/reports/small/attrition.csv \
        --attrition-picture results/reports/small/attrition.png --choice results/model/choice.json \
        --models meso4 --reports results/reports/small/meso4 --training results/models/small/meso4 \
        --output results/report/index.html

The page needs no other file. `--config` is shown on it as it is.
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.pages.summary import page
from deepfake.pages.summary_data import BadReport, read_summary
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        summary = read_summary(
            dataset=args.dataset,
            kept=args.plan_summary,
            audit=args.audit,
            audit_page=args.audit_page,
            attrition=args.attrition,
            attrition_picture=args.attrition_picture,
            choice=args.choice,
            models=list(zip(args.models, args.reports, args.training, strict=True)),
            cross=args.cross,
            cross_picture=args.cross_picture,
            config=json.loads(args.config),
        )
    except BadReport as error:
        log.error("%s", error)
        return 1
    text = page(summary)
    with new_file(args.output) as html:
        html.write_text(text, encoding="utf-8")
    log.info("%d models, %.1f MB", len(summary.models), len(text) / 1e6)
    print(f"{args.output}: {summary.chosen.name} was chosen of {len(summary.models)}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--plan-summary", required=True, type=Path, help="summary of the plan, JSON")
    parser.add_argument("--audit", required=True, type=Path, help="JSON of the audit")
    parser.add_argument("--audit-page", help="what to call its page; by default audit.html beside it")
    parser.add_argument("--attrition", required=True, type=Path, help="table of the losses")
    parser.add_argument("--attrition-picture", required=True, type=Path, help="png of the same")
    parser.add_argument("--choice", required=True, type=Path, help="JSON of which model was chosen, and why")
    parser.add_argument("--models", required=True, nargs="+", help="names of the models")
    parser.add_argument("--reports", required=True, nargs="+", type=Path, help="a folder for each model")
    parser.add_argument("--training", required=True, nargs="+", type=Path, help="a folder for each model")
    parser.add_argument("--cross", nargs="?", type=Path, help="table of the models across datasets")
    parser.add_argument("--cross-picture", nargs="?", type=Path, help="svg of the same")
    parser.add_argument("--config", default="{}", help="JSON: what to show of the config")
    parser.add_argument("--output", required=True, type=Path, help="the page")
    args = parser.parse_args()
    if not len(args.models) == len(args.reports) == len(args.training):
        parser.error("--models, --reports and --training: give as many of each, in the same order")
    return args


if __name__ == "__main__":
    sys.exit(main())
