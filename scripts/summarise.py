"""Write one page about a dataset and the models trained on it, as one file that can be sent to a colleague.

    python scripts/summarise.py --dataset results/small --plan-summary results/plans/small.json \
        --audit results/reports/small/audit.json --attrition results/reports/small/attrition.csv \
        --attrition-picture results/reports/small/attrition.png --choice results/model/choice.json \
        --models meso4 --reports results/reports/small/meso4 --training results/models/small/meso4 \
        --output results/report/index.html
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.pages.summary import page
from deepfake.pages.summary_inputs import read_summary
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    summary = read_summary(
        dataset=args.dataset,
        plan_summary=args.plan_summary,
        audit=args.audit,
        audit_page=args.audit_page,
        attrition=args.attrition,
        attrition_picture=args.attrition_picture,
        choice=args.choice,
        models=list(zip(args.models, args.reports, args.training, strict=True)),
        scores=list(zip(args.scores, args.score_reports, args.score_predictions, strict=True)),
        significance=args.significance,
        cross=args.cross,
        cross_picture=args.cross_picture,
        leave_out=args.leave_out,
        leave_out_picture=args.leave_out_picture,
        config=json.loads(args.config),
        command=args.command,
    )
    text = page(summary)
    with new_file(args.output) as html:
        html.write_text(text, encoding="utf-8")
    log.info("%d models, %.1f MB", len(summary.models), len(text) / 1e6)
    print(f"{args.output}: {summary.chosen.name} was chosen of {len(summary.models)}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--plan-summary", required=True, type=Path, help="summary of the plan, JSON")
    parser.add_argument("--audit", required=True, type=Path, help="JSON of the audit")
    parser.add_argument(
        "--audit-page", help="path shown as the audit's page; default: audit.html beside the JSON"
    )
    parser.add_argument("--attrition", required=True, type=Path, help="table of the losses at each step")
    parser.add_argument("--attrition-picture", required=True, type=Path, help="png plot of the losses")
    parser.add_argument("--choice", required=True, type=Path, help="JSON that names the chosen model")
    parser.add_argument("--models", required=True, nargs="+", help="names of the models")
    parser.add_argument("--reports", required=True, nargs="+", type=Path, help="report folder of each model")
    parser.add_argument(
        "--training", required=True, nargs="+", type=Path, help="training folder of each model"
    )
    parser.add_argument("--scores", nargs="*", default=[], help="names of scores from elsewhere")
    for name in ("reports", "predictions"):
        text = f"folder of the {name} of each of these scores"
        parser.add_argument(f"--score-{name}", nargs="*", default=[], type=Path, help=text)
    parser.add_argument("--significance", nargs="?", type=Path, help="JSON of the models against each other")
    parser.add_argument("--cross", nargs="?", type=Path, help="table of the models across datasets")
    parser.add_argument("--cross-picture", nargs="?", type=Path, help="svg plot of that table")
    parser.add_argument("--leave-out", nargs="?", type=Path, help="table of the methods left out of training")
    parser.add_argument("--leave-out-picture", nargs="?", type=Path, help="svg plot of that table")
    parser.add_argument("--config", default="{}", help="JSON: part of the config, shown as it is")
    parser.add_argument("--command", default="snakemake --cores all", help="what makes all of this again")
    parser.add_argument("--output", required=True, type=Path, help="HTML page to write")
    args = parser.parse_args(argv)
    if not len(args.models) == len(args.reports) == len(args.training):
        parser.error("--models, --reports and --training need the same number of values, in the same order")
    if not len(args.scores) == len(args.score_reports) == len(args.score_predictions):
        parser.error("--scores, --score-reports and --score-predictions need the same number of values")
    return args


if __name__ == "__main__":
    sys.exit(run(main))
