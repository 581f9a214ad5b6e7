"""Decide which image goes to which split of a dataset, and say why each other one is left out.

    python scripts/plan.py --results results --output results/plans/small.csv \
        --output-kept results/plans/small.json --output-attrition results/plans/small.attrition.csv \
        --config '{"corpora": ["demo"], "images": "faces", "size_mb": 20, "balance": true, "seed": 42,
                   "splits": {"train": 0.8, "val": 0.2}}'
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.atomic import new_file
from deepfake.attrition import as_text, attrition
from deepfake.console import log, start_log
from deepfake.gather import gather
from deepfake.kept import kept_facts
from deepfake.plan import make_plan
from deepfake.splits import UnsplittableDataset


def main() -> int:
    args = parse_args()
    start_log()
    cfg = json.loads(args.config)
    gathered = gather(args.results, cfg["corpora"], cfg["images"])
    log.info("%d rows from %s", len(gathered), ", ".join(cfg["corpora"]))
    try:
        plan = make_plan(gathered, cfg)
    except UnsplittableDataset as error:
        losses = as_text(attrition(gathered, cfg["images"]))
        log.error("datasets.%s: %s\nWhat was left out before:\n%s", args.output.stem, error, losses)
        return 1
    facts = kept_facts(plan)
    losses = attrition(plan, cfg["images"])
    with (
        new_file(args.output) as table,
        new_file(args.output_attrition) as lost,
        new_file(args.output_kept) as kept,
    ):
        plan.to_csv(table, index=False, lineterminator="\n", encoding="utf-8")
        losses.to_csv(lost, index=False, lineterminator="\n")
        kept.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n")
    print(
        f"\n{args.output.stem}: {facts['images']} images, {facts['bytes'] / 1e6:.1f} MB\n\n{as_text(losses)}"
    )
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", required=True, type=Path, help="folder with index, frames and faces")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section, and the seed")
    parser.add_argument("--output", required=True, type=Path, help="table of every image")
    parser.add_argument("--output-kept", required=True, help="JSON of what is kept")
    parser.add_argument("--output-attrition", required=True, help="table of what was left out, and where")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
