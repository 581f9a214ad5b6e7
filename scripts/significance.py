"""Compare models of one dataset on its test videos: which is better, and whether that may be chance.

    python scripts/significance.py --models meso4 vit --predictions meso4/test.csv vit/test.csv \
        --metrics meso4/metrics.json vit/metrics.json --config '{"bootstrap": 1000, "seed": 42}' \
        --output significance.json --output-table significance.csv

Macro F1 at each model's threshold for videos, and ROC AUC, by the bootstrap over people; the AUC by DeLong's
test too. Each p is corrected for the number of pairs of models.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from deepfake.console import log, printable_lines
from deepfake.evaluation.predictions import read_predictions
from deepfake.evaluation.significance import compare_models
from deepfake.evaluation.significance_output import significance_table, significance_text
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    predictions = {
        name: read_predictions(path) for name, path in zip(args.models, args.predictions, strict=True)
    }
    thresholds = {
        n: read_thresholds(path)["video"] for n, path in zip(args.models, args.metrics, strict=True)
    }
    result = compare_models(predictions, thresholds, cfg["bootstrap"], cfg["seed"])
    text = significance_text(result) + "\n"
    with new_file(args.output) as new_json, new_file(args.output_table) as new_table:
        new_json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
        significance_table(result).to_csv(new_table, index=False, lineterminator="\n", encoding="utf-8")
    log.info("\n%s", text)
    print(printable_lines(text), end="")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--models", required=True, nargs="+", help="names of the models")
    parser.add_argument(
        "--predictions", required=True, nargs="+", help="their predictions for the test split"
    )
    parser.add_argument(
        "--metrics", required=True, nargs="+", help="their metrics.json, with their thresholds"
    )
    parser.add_argument("--config", required=True, help="JSON: bootstrap, seed")
    parser.add_argument("--output", required=True, help="JSON of all comparisons")
    parser.add_argument(
        "--output-table", required=True, help="csv of them, a row for each pair, score and test"
    )
    args = parser.parse_args(argv)
    if not len(set(args.models)) == len(args.predictions) == len(args.metrics):
        parser.error(
            "--models (each once), --predictions and --metrics need the same number of values, in order"
        )
    return args


if __name__ == "__main__":
    sys.exit(run(main))
