"""Compare models across datasets: trained on one, tested on another, in a table and a matrix.

    python scripts/compare.py --datasets a:results/a b:results/b --duplicates 3 \
        --predictions meso4:a:a:predictions/a.csv meso4:a:b:predictions/b.csv \
        --thresholds meso4:a:results/reports/a/meso4/metrics.json \
        --output cross.csv --output-picture cross.svg

Each table of predictions is of the test split of the dataset tested on: MODEL:TRAINED ON:TESTED ON:FILE. From
another dataset's test, videos are left out whose people, original, group or near-duplicates stand in the
train or val split that the model learnt from; --same-identity tells which of them are known to be the same.
Thresholds are fixed on that val split.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from deepfake.console import log, progress
from deepfake.dataset.read import read_metadata
from deepfake.errors import UserError
from deepfake.evaluation.cross_dataset import compare, draw_across
from deepfake.evaluation.thresholds import read_thresholds
from deepfake.files import new_file
from deepfake.plan.links import read_same_identity
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        same = [pair for path in args.same_identity for pair in read_same_identity(path)]
        thresholds = {(model, trained): read_thresholds(path) for model, trained, path in args.thresholds}
        datasets = {name: read_metadata(Path(folder)) for name, folder in args.datasets}
        cells = progress(args.predictions, "compare", "tables")
        cross = compare(cells, datasets, thresholds, args.duplicates, same)
    except UserError as error:
        log.error("%s", error)
        return 1
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
    parser.add_argument("--same-identity", nargs="*", default=[], help="csv of people known to be the same")
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
