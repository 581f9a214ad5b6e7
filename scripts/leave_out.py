"""Evaluate models that were trained without the fakes of one method, by each method of the test set.

    python scripts/leave_out.py --test meso4:small::test.csv meso4:small:swap:swap/test.csv \
        --val meso4:small::val.csv meso4:small:swap:swap/val.csv \
        --config '{"threshold": {"meso4": "f1_macro"}, "bootstrap": 1000, "seed": 42}' \
        --output leave_out.csv --output-picture leave_out.svg

Each table of predictions is MODEL:DATASET:METHOD LEFT OUT:FILE; the method is empty where none was.
"""

import argparse
import sys
from collections.abc import Sequence

import pandas as pd

from deepfake.evaluation.leave_out import COLUMNS, evaluate_left_out
from deepfake.evaluation.leave_out_plot import draw_left_out
from deepfake.evaluation.predictions import read_predictions
from deepfake.files import new_file
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    val = {tuple(key): path for *key, path in args.val}
    tables: dict[tuple[str, str], list] = {}
    for model, dataset, method, path in args.test:
        pair = read_predictions(path), read_predictions(val[model, dataset, method])
        tables.setdefault((model, dataset), []).append((method, *pair))
    cfg = args.config
    parts = [
        evaluate_left_out(model, dataset, found, cfg["threshold"][model], cfg["bootstrap"], cfg["seed"])
        for (model, dataset), found in sorted(tables.items())
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    with new_file(args.output) as new_table, new_file(args.output_picture) as new_picture:
        table.to_csv(new_table, index=False, lineterminator="\n", float_format="%.6g", encoding="utf-8")
        draw_left_out(table, new_picture)
    print(table[[*COLUMNS[:4], "roc_auc"]].to_string(index=False, na_rep="", float_format="{:.3f}".format))


def labelled(text: str) -> list[str]:
    """Return the four parts of MODEL:DATASET:METHOD:FILE."""
    found = text.split(":", 3)
    if len(found) < 4:
        raise argparse.ArgumentTypeError(f"{text!r} has {len(found)} parts of 4; see --help")
    return found


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    for split in ("test", "val"):
        text = f"predictions for {split}: MODEL:DATASET:METHOD:FILE"
        parser.add_argument(f"--{split}", required=True, nargs="+", type=labelled, help=text)
    cfg = "JSON: threshold of each model, bootstrap, seed"
    parser.add_argument("--config", required=True, type=json_object, help=cfg)
    parser.add_argument("--output", required=True, help="csv of the results")
    parser.add_argument("--output-picture", required=True, help="svg of the matrix")
    args = parser.parse_args(argv)
    if sorted(one[:3] for one in args.test) != sorted(one[:3] for one in args.val):
        parser.error("--test and --val need the same models, datasets and methods")
    return args


if __name__ == "__main__":
    sys.exit(run(main))
