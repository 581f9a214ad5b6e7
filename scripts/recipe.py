"""Write the recipe of a dataset: its splits, the settings to rebuild it, and how to cite it; no pixels.

    python scripts/recipe.py --plan results/plans/small.csv --results results \
        --config '{"corpora": ["demo"], "families": {"demo": "demo"}}' --settings "$SETTINGS" \
        --output-splits splits.csv --output recipe.yaml --output-citation CITATION.cff

SETTINGS is the result of deepfake.config.recipe.recipe_settings, as JSON.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepfake import tables
from deepfake.console import log
from deepfake.dataset.recipe import citation_cff, frames_factors, recipe_yaml
from deepfake.files import new_file
from deepfake.plan.given import read_index
from deepfake.plan.splits_file import COLUMNS, splits_digest, splits_table
from deepfake.program import json_object, make_parser, run
from deepfake.versions import versions

PLAN = "file_name corpus video label split frame sha256 mask mask_sha256".split()
"""The columns of the plan that are read: all of them would take three times the memory."""


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    name = args.plan.stem
    plan = pd.read_csv(args.plan, dtype=str, keep_default_na=False, usecols=PLAN)
    rows = plan[plan["file_name"] != ""]
    index = read_index(args.results, args.config["corpora"])
    table = splits_table(rows, index)
    made = {"digest": splits_digest(table), "code": args.code, "versions": versions()}
    texts = {
        args.output: recipe_yaml(name, args.settings, made, frames_factors(index)),
        args.output_citation: citation_cff(name, made, rows, args.config),
    }
    tables.write_rows(args.output_splits, COLUMNS, table.to_dict("records"))
    for path, text in texts.items():
        with new_file(path) as file:
            file.write_text(text, encoding="utf-8", errors="surrogateescape")
    log.info("%d videos; the digest of the splits is %s", len(table), made["digest"])
    print(f"{args.output_splits}: {len(table)} videos, digest {made['digest']}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--plan", required=True, type=Path, help="the dataset's plan")
    parser.add_argument("--results", required=True, type=Path, help="folder with index")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the dataset's section")
    parser.add_argument("--settings", required=True, type=json_object, help="JSON: what the recipe says")
    parser.add_argument("--code", default={}, type=json_object, help="JSON: digests of the steps' code")
    parser.add_argument("--output-splits", required=True, type=Path, help="csv of the videos")
    parser.add_argument("--output", required=True, type=Path, help="config to rebuild the dataset")
    parser.add_argument("--output-citation", required=True, type=Path, help="CITATION.cff")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
