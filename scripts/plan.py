"""Decide which image goes to which split of a dataset, and say why each other one is left out.

    python scripts/plan.py --results results --output results/plans/small.csv \
        --output-summary results/plans/small.json \
        --config '{"families": {"demo": "dfdc"}, "images": "faces", "size_mb": 20, "balance": "corpus",
                   "splits": {"train": 0.8, "val": 0.2}, "policy": "identity", "tolerance": 0.05,
                   "stratify": [], "test_only": [], "duplicates": 3, "seed": 42}'
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.audit.attrition import as_text, attrition
from deepfake.console import log
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.plan.gather import gather
from deepfake.plan.links import read_same_identity
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    gathered = gather(args.results, cfg["families"], cfg["images"])
    log.info("%d rows from %s", len(gathered), ", ".join(cfg["families"]))
    try:
        same = read_same_identity(args.same_identity) if args.same_identity else []
        plan = make_plan(gathered, cfg, same)
    except UserError as error:
        losses = as_text(attrition(gathered, cfg["images"]))
        log.error("datasets.%s: %s\nWhat was left out before:\n%s", args.output.stem, error, losses)
        return 1
    facts = plan_summary(plan, cfg["stratify"]) | {"steps": json.loads(args.steps), "shows": cfg["images"]}
    with new_file(args.output) as table, new_file(args.output_summary) as kept:
        plan.to_csv(table, index=False, lineterminator="\n", encoding="utf-8")
        kept.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    for column, shares in facts["stratify"].items():
        log.info("%s: shares differ by %.3f between splits", column, shares["largest_deviation"])
    losses = as_text(attrition(plan, cfg["images"]))
    print(f"\n{args.output.stem}: {facts['images']} images, {facts['bytes'] / 1e6:.1f} MB\n\n{losses}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", required=True, type=Path, help="folder with index, frames and faces")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section, and the seed")
    parser.add_argument("--steps", default="{}", help="JSON: by corpus, the settings of its frames and faces")
    parser.add_argument("--same-identity", nargs="?", help="csv of videos or people known to be the same")
    parser.add_argument("--output", required=True, type=Path, help="table of every image")
    parser.add_argument("--output-summary", required=True, help="JSON of what is kept")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
