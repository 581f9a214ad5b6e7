"""Take the scores of any detector from a csv table, as predictions for a dataset's val and test splits.

    python scripts/import_scores.py --table theirs.csv --dataset results/small \
        --config '{"missing": "chance", "scale": "probability"}' \
        --output-test results/predictions/small/theirs/test.csv \
        --output-val results/predictions/small/theirs/val.csv \
        --output-unmatched results/predictions/small/theirs/unmatched.csv \
        --output-facts results/predictions/small/theirs/facts.json

The table has the column `image` or `video`, and `probability` or `score`; for videos it may have `corpus` and
`method` too.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from deepfake.console import log
from deepfake.dataset.metadata import attribute_texts
from deepfake.dataset.read import read_metadata
from deepfake.evaluation.external_scores import FILL, SCALES, predictions_of, read_scores, wrong_way_round
from deepfake.evaluation.predictions import people_by_faces, write_predictions
from deepfake.files import new_file
from deepfake.program import json_object, make_parser, run
from deepfake.tables import write_rows

NAMED = 10  # names that the log has of each problem; the csv has all

OUTPUTS = {
    "output_test": "csv of predictions for the test split",
    "output_val": "csv of predictions for the validation split",
    "output_facts": "JSON of numbers",
}


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = {"missing": "chance", "scale": "probability"} | args.config
    table = read_scores(args.table, cfg["scale"])
    rows = read_metadata(args.dataset, ["label"])
    rows = rows.assign(attributes=attribute_texts(rows))
    if args.people:
        rows = rows.assign(person=people_by_faces(rows, args.people))
    predictions, unmatched, facts = predictions_of(table, rows, cfg["missing"])
    write_rows(args.output_unmatched, list(unmatched), unmatched.to_dict("records"))
    facts |= {"table": args.table, "scale": cfg["scale"]}
    with ExitStack() as files:
        new = {name: files.enter_context(new_file(getattr(args, name))) for name in OUTPUTS}
        write_predictions(predictions["test"], new["output_test"])
        write_predictions(predictions["val"], new["output_val"])
        new["output_facts"].write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    for problem, names in unmatched.groupby("problem")["name"]:
        more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
        log.warning("%s: %s%s", problem, ", ".join(names[:NAMED]), more)
    if wrong_way_round(predictions):
        log.warning(
            "%s: the scores of reals are higher than those of fakes; a higher one has to mean fake",
            args.table,
        )
    for split, counts in facts["splits"].items():
        print(
            f"{split}: {counts['images'] - counts['without']:,} of {counts['images']:,} images have a score"
        )


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--table", required=True, help="csv of scores")
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--people", help="csv of who is seen in which video, beside the dataset's plan")
    kinds = f"missing ({', '.join(FILL)}), scale ({', '.join(SCALES)})"
    parser.add_argument("--config", type=json_object, default={}, help=f"JSON: {kinds}")
    for name, text in OUTPUTS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", required=True, help=text)
    unmatched = "csv of images without a score, and of names that the dataset doesn't have"
    parser.add_argument("--output-unmatched", required=True, help=unmatched)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
