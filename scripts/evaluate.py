"""Measure a model on a dataset's test split, at the thresholds that its validation split gives.

    python scripts/evaluate.py --test results/predictions/small/meso4/test.csv \
        --val results/predictions/small/meso4/val.csv --output metrics.json --output-table metrics.csv \
        --output-text metrics.txt --roc roc.svg --precision-recall precision_recall.svg \
        --confusion confusion.svg --calibration calibration.svg --histogram histogram.svg \
        --config '{"threshold": "f1_macro", "bootstrap": 1000, "seed": 42}'
"""

import argparse
import json
import sys
from contextlib import ExitStack

from deepfake.console import log
from deepfake.errors import UserError
from deepfake.evaluation import plots
from deepfake.evaluation.evaluate import as_table, as_text, evaluate
from deepfake.evaluation.predictions import read_predictions, video_level
from deepfake.evaluation.thresholds import read_threshold
from deepfake.files import new_file
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    try:
        test, val = read_predictions(args.test), read_predictions(args.val)
        default = read_threshold(args.facts) if args.facts else None
        facts = evaluate(test, val, cfg, cfg["seed"], default)
    except UserError as error:
        log.error("%s", error)
        return 1
    levels, threshold = {"frame": test, "video": video_level(test)}, facts["threshold"]
    text = as_text(facts) + "\n"
    with ExitStack() as files:
        new = {name: files.enter_context(new_file(getattr(args, name))) for name in OUTPUTS}
        new["output"].write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        as_table(facts).to_csv(new["output_table"], index=False, lineterminator="\n", encoding="utf-8")
        new["output_text"].write_text(text, encoding="utf-8")
        plots.draw_roc(new["roc"], levels)
        plots.draw_precision_recall(new["precision_recall"], levels)
        plots.draw_confusion(new["confusion"], levels, threshold)
        plots.draw_calibration(new["calibration"], levels)
        plots.draw_histogram(new["histogram"], levels, threshold)
    log.info("\n%s", text)
    print(text, end="")
    return 0


OUTPUTS = {
    "output": "JSON of all numbers",
    "output_table": "the same as a long table",
    "output_text": "the same to read",
    "roc": "svg of the ROC curve",
    "precision_recall": "svg of precision over recall",
    "confusion": "svg of the confusion matrix",
    "calibration": "svg of the reliability diagram",
    "histogram": "svg of how the probabilities are spread",
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--test", required=True, help="predictions of the test split; may have no rows")
    parser.add_argument("--val", required=True, help="predictions of the validation split")
    parser.add_argument("--config", required=True, help="JSON: threshold, bootstrap, seed")
    parser.add_argument("--facts", help="the model's facts.json; its threshold where val lacks a class")
    for name, what in OUTPUTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", required=True, help=what)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
