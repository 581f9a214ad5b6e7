"""Decide which image goes to which split of a dataset, and why each other image is left out.

    python scripts/plan.py --results results --output results/plans/small.csv \
        --output-summary results/plans/small.json \
        --config '{"families": {"demo": "dfdc"}, "images": "faces", "size_mb": 20, "balance": "corpus",
                   "splits": {"train": 0.8, "val": 0.2}, "policy": "identity", "tolerance": 0.05,
                   "stratify": [], "test_only": [], "duplicates": 3, "seed": 42}'
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepfake.audit.attrition import as_text, attrition
from deepfake.console import log, printable_lines
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.plan.gather import gather, read_warning
from deepfake.plan.knowledge import corpora_known, count_known, warn_of_unknown_people
from deepfake.plan.links import Pair, read_pairs
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = json.loads(args.config)
    gathered = gather(args.results, cfg["families"], cfg["images"])
    log.info("%d rows from %s", len(gathered), ", ".join(cfg["families"]))
    try:
        same_identity = read_pairs(args.same_identity) if args.same_identity else []
        warnings = warn(args, gathered, cfg, same_identity)
        plan = make_plan(gathered, cfg, same_identity)
    except UserError as error:
        losses = as_text(attrition(gathered, cfg["images"]))
        message = f"datasets.{args.output.stem}: {error}\nImages left out before:\n{losses}"
        raise UserError(message) from None
    summary = plan_summary(plan, cfg["stratify"]) | {"steps": json.loads(args.steps), "shows": cfg["images"]}
    summary["known"] = count_known(plan[plan["file_name"] != ""], same_identity, cfg["families"])
    if warnings:
        summary["warnings"] = warnings
    with new_file(args.output) as new_plan, new_file(args.output_summary) as new_summary:
        plan.to_csv(new_plan, index=False, lineterminator="\n", encoding="utf-8")
        new_summary.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n")
    for column, shares in summary["stratify"].items():
        log.info("%s: shares differ by up to %.3f between splits", column, shares["largest_deviation"])
    losses = as_text(attrition(plan, cfg["images"]))
    size = f"{summary['images']} images, {summary['bytes'] / 1e6:.1f} MB"
    print(f"\n{args.output.stem}: {size}\n\n{printable_lines(losses)}")


def warn(args: argparse.Namespace, gathered: pd.DataFrame, cfg: dict, same_identity: list[Pair]) -> list[str]:
    """Log, print and return the warnings of the indexes, and that of corpora whose people are unknown."""
    known = corpora_known(gathered, same_identity, cfg["families"])
    warnings = [read_warning(args.results / "index" / corpus) for corpus in cfg["families"]]
    warnings.append(warn_of_unknown_people(args.output.stem, cfg["policy"], known))
    warnings = [text for text in warnings if text]
    for text in warnings:
        log.warning("%s", text)
        print(f"WARNING: {text}")
    return warnings


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--results", required=True, type=Path, help="folder with index, frames and faces")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section, and the seed")
    parser.add_argument("--steps", default="{}", help="JSON: by corpus, the settings of its frames and faces")
    parser.add_argument("--same-identity", nargs="?", help="csv of videos or people known to be the same")
    parser.add_argument("--output", required=True, type=Path, help="table of every image")
    parser.add_argument("--output-summary", required=True, help="JSON of what the plan keeps")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
