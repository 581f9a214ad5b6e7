"""Read every frame, face crop and dataset file in results/ again, and report damaged ones.

    python scripts/verify.py --results results --workers 2
    python scripts/verify.py --repair     # removes damaged shards and datasets, and says what to run

Every image of a shard is compared with its row in the table, every file of a dataset with SHA256SUMS and
metadata.csv; images are decoded. Missing tars of frames are counted but are no fault, since keep_frames:
false deletes them. Exports, decoded images, models and reports are not checked. Don't run it while Snakemake
runs.

Ends with exit code 1 if something is damaged, also if --repair has removed it. `snakemake verify` also lists
what was made with other settings, code or inputs than the present ones, and how a dataset whose splits come
from a recipe differs from the published one, video by video; it fails then too.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.audit.differences import compare_with_recipe, differences_as_text
from deepfake.audit.faults import as_text, commands, remove
from deepfake.audit.verify import verify
from deepfake.console import log
from deepfake.errors import UserError
from deepfake.program import FAILED, make_parser, positive_int, run
from deepfake.versions import versions


def main(argv: Sequence[str] | None = None) -> int | None:
    args = parse_args(argv)
    if args.storage:
        print(f"verify can't read results in a storage ({args.storage}); copy them to this machine first")
        return FAILED  # printed, since the log is in the storage too
    if not args.results.is_dir():
        raise UserError(f"{args.results}: no such folder; nothing has been made yet, or --results is wrong")
    checked = verify(args.results, args.workers)
    faults = [fault for part in checked for fault in part.faults]
    report = {
        "checked": [vars(part) | {"faults": len(part.faults), "broken": part.broken} for part in checked],
        "faults": [fault._asdict() for fault in faults],
        "commands": commands(args.results, faults),
        "removed": remove(faults) if args.repair else [],
        "stale": args.stale,
    }
    compared = [compare_with_recipe(args.results, name, recipe) for name, recipe in args.recipes.items()]
    compared = [found for found in compared if found]
    report["recipes"] = [found._asdict() for found in compared]
    text = "\n".join([as_text(checked, report), *differences_as_text(compared)])
    log.info("\n%s", text)  # on a cluster nobody sees what is printed
    print(json.dumps(report, indent=2) if args.json else text)
    differ = any(found.videos for found in compared)
    return FAILED if faults or args.stale or differ else None


def read_recipes(text: str) -> dict[str, dict]:
    """Return the recipes that datasets were rebuilt from, with the versions of what is installed here."""
    recipes = json.loads(text)
    for recipe in recipes.values():
        recipe["now"]["versions"] = versions()
    return recipes


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--results", default=Path("results"), type=Path, help="the folder (default: results)")
    parser.add_argument("--repair", action="store_true", help="remove what is damaged")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")
    parser.add_argument(
        "--workers", type=positive_int, default=os.cpu_count(), help="processes (default: all cores)"
    )
    parser.add_argument(
        "--stale", type=json.loads, default=[], help="JSON: what isn't current, each with why"
    )
    parser.add_argument(
        "--recipes",
        type=read_recipes,
        default={},
        help="JSON: by dataset, the recipe that it was rebuilt from",
    )
    parser.add_argument("--storage", nargs="?", help="the storage that has the results instead")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
