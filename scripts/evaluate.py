"""Evaluate a model on the test split of a dataset, at its thresholds, chosen on the validation split.

    python scripts/evaluate.py --test results/predictions/small/meso4/test.csv \
        --val results/predictions/small/meso4/val.csv --facts results/models/small/meso4/facts.json \
        --output metrics.json --output-table metrics.csv \
        --output-text metrics.txt --output-groups groups.csv \
        --roc roc.svg --precision-recall precision_recall.svg \
        --confusion confusion.svg --calibration calibration.svg --histogram histogram.svg \
        --config '{"threshold": "f1_macro", "bootstrap": 1000, "seed": 42}'
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack

from deepfake.console import log, printable_lines
from deepfake.evaluation import plots
from deepfake.evaluation.evaluate import evaluate
from deepfake.evaluation.groups import groups_table
from deepfake.evaluation.output import metrics_table, metrics_text
from deepfake.evaluation.predictions import aggregate_to_videos, read_predictions
from deepfake.evaluation.thresholds import read_model_thresholds
from deepfake.files import new_file
from deepfake.program import make_parser, run

OUTPUTS = {
    "output": "JSON of all metrics",
    "output_table": "csv of all metrics, a row for each number",
    "output_text": "text of the most important metrics",
    "output_groups": "csv of the metrics of groups of people, and of the gaps between them",
    "roc": "svg of the ROC curve",
    "precision_recall": "svg of precision over recall",
    "confusion": "svg of the confusion matrix",
    "calibration": "svg of the reliability diagram",
    "histogram": "svg of the distribution of probabilities",
}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    test, val = read_predictions(args.test), read_predictions(args.val)
    thresholds = read_model_thresholds(args.facts) if args.facts else None
    metrics = evaluate(test, val, cfg, cfg["seed"], thresholds)
    text = metrics_text(metrics) + "\n"
    levels, threshold = {"frame": test, "video": aggregate_to_videos(test)}, metrics["threshold"]
    with ExitStack() as files:
        new = {name: files.enter_context(new_file(getattr(args, name))) for name in OUTPUTS}
        new["output"].write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        metrics_table(metrics).to_csv(new["output_table"], index=False, lineterminator="\n", encoding="utf-8")
        groups = groups_table((metrics["splits"]["test"] or {}).get("groups", {}))
        groups.to_csv(new["output_groups"], index=False, lineterminator="\n", encoding="utf-8")
        new["output_text"].write_text(text, encoding="utf-8")
        plots.draw_roc(new["roc"], levels)
        plots.draw_precision_recall(new["precision_recall"], levels)
        plots.draw_confusion(new["confusion"], levels, threshold)
        plots.draw_calibration(new["calibration"], levels)
        plots.draw_histogram(new["histogram"], levels, threshold)
    log.info("\n%s", text)
    print(printable_lines(text), end="")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--test", required=True, help="predictions for the test split; may have no rows")
    parser.add_argument("--val", required=True, help="predictions for the validation split; may have no rows")
    parser.add_argument(
        "--config",
        required=True,
        help="JSON: bootstrap, seed, and threshold, how one is chosen without --facts",
    )
    parser.add_argument(
        "--facts", nargs="?", help="the model's facts.json, for the thresholds of its best.pt"
    )
    for name, text in OUTPUTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", required=True, help=text)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
