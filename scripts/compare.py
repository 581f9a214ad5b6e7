"""Compare models across datasets: trained on one, tested on another, in a table and a matrix.

    python scripts/compare.py --datasets a:results/a b:results/b --duplicates 3 \
        --predictions meso4:a:a:predictions/a.csv meso4:a:b:predictions/b.csv \
        --thresholds meso4:a:results/reports/a/meso4/metrics.json \
        --output cross.csv --output-picture cross.svg

Each table of predictions is of the test split of the dataset tested on: MODEL:TRAINED ON:TESTED ON:FILE. From
another dataset's test, videos are left out whose people, original, group or near-duplicates stand in the
train or val split that the model learnt from. Thresholds are fixed on that val split.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.atomic import new_file
from deepfake.console import log, progress, start_log
from deepfake.evaluation.across import CROSS, draw_across, judge, rows_of, unseen
from deepfake.evaluation.predictions import BadPredictions, read_predictions
from deepfake.reports.audit_read import BadDataset, read_metadata


def main() -> int:
    args = parse_args()
    start_log()
    limits = {(m, t): json.loads(Path(path).read_text())["threshold"] for m, t, path in args.thresholds}
    rows = []
    try:
        datasets = {name: read_metadata(Path(folder)) for name, folder in args.datasets}
        for model, trained, tested, path in progress(args.predictions, "compare", "tables"):
            table = read_predictions(path)
            images = rows_of(table, datasets[tested], path)
            keep = np.ones(len(table), bool)
            if trained != tested:  # else the splits are apart, as far as the dataset's policy says
                learnt = datasets[trained][datasets[trained]["split"].isin(["train", "val"])]
                keep = unseen(images, learnt, args.duplicates)
            cell = {"model": model, "trained": trained, "tested": tested}
            rows.append(cell | judge(table, keep, limits[model, trained]))
    except (BadDataset, BadPredictions) as error:
        log.error("%s", error)
        return 1
    cross = pd.DataFrame(rows, columns=CROSS).sort_values(CROSS[:3], kind="stable", ignore_index=True)
    with new_file(args.output) as new_table, new_file(args.output_picture) as picture:
        cross.to_csv(new_table, index=False, lineterminator="\n", float_format="%.6g")
        draw_across(cross, picture)
    print(cross.to_string(index=False, na_rep="", float_format="{:.3f}".format))
    return 0


def parts(number: int) -> Callable[[str], list[str]]:
    """What cuts a text into so many parts at its first colons."""

    def cut(text: str) -> list[str]:
        found = text.split(":", number - 1)
        if len(found) < number:
            raise argparse.ArgumentTypeError(f"{text!r} has {len(found)} parts of {number}; see --help")
        return found

    return cut


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, text in {"datasets": "NAME:FOLDER", "thresholds": "MODEL:TRAINED:metrics.json"}.items():
        parser.add_argument(f"--{name}", required=True, nargs="+", type=parts(1 + text.count(":")), help=text)
    parser.add_argument(
        "--predictions", required=True, nargs="+", type=parts(4), help="MODEL:TRAINED:TESTED:CSV"
    )
    parser.add_argument("--duplicates", type=int, default=3, help="bits in which near-duplicates may differ")
    parser.add_argument("--output", required=True, help="csv of the results")
    parser.add_argument("--output-picture", required=True, help="svg of the matrix")
    args = parser.parse_args()
    folders, limits = (list(zip(*found, strict=True)) for found in (args.datasets, args.thresholds))
    for model, trained, tested, path in args.predictions:
        if missing := {trained, tested} - set(folders[0]):
            parser.error(f"--predictions {path}: --datasets has no {sorted(missing)[0]}")
        if (model, trained) not in set(zip(*limits[:2], strict=True)):
            parser.error(f"--predictions {path}: --thresholds has none of {model}:{trained}")
    return args


if __name__ == "__main__":
    sys.exit(main())
