"""Read every frame, crop and dataset file in results/ anew, and say which are not what was written.

    python scripts/verify.py --results results --workers 2
    python scripts/verify.py --repair     # removes the broken shards and datasets, and says what to run

Of a shard every image is held against its row in the table, of a dataset every file against SHA256SUMS and
metadata.csv; images are decoded. Tars of frames that aren't there are counted, and no fault: keep_frames:
false deletes them. Exports, decoded images, models and reports aren't looked at. Not while Snakemake runs.

Ends with exit code 1 where something is broken, also when --repair has removed it.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from deepfake.audit.faults import Found
from deepfake.audit.verify import commands, remove, verify
from deepfake.console import log
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    if args.storage:
        print(f"verify can't read results in a storage ({args.storage}); copy them to this machine first")
        return 1  # printed, for the log goes to the storage too
    if not args.results.is_dir():
        log.error("%s: no such folder; nothing has been made yet, or --results names another", args.results)
        return 1
    found = verify(args.results, args.workers)
    faults = [fault for part in found for fault in part.faults]
    facts = {
        "checked": [vars(part) | {"faults": len(part.faults), "broken": part.broken} for part in found],
        "faults": [fault._asdict() for fault in faults],
        "commands": commands(args.results, faults),
        "removed": remove(faults) if args.repair else [],
    }
    text = page(found, facts)
    log.info("\n%s", text)  # on a cluster nobody sees what is printed
    print(json.dumps(facts, indent=2) if args.json else text)
    return 1 if faults else 0


def page(found: list[Found], facts: dict) -> str:
    """What was found, for people to read."""
    rows = [("", "shards", "files", "MB", "tars deleted", "broken")]
    for p in found:
        numbers = (p.shards or "", p.files, f"{p.bytes / 1e6:.1f}", p.absent or "", p.broken or "")
        rows.append((p.what, *map(str, numbers)))
    width = max(len(row[0]) for row in rows)
    lines = [row[0].ljust(width) + "".join(f"{cell:>16}" for cell in row[1:]) for row in rows]
    lines += [fault.line for part in found for fault in part.faults]
    lines += [f"removed {path}" for path in facts["removed"]]
    if facts["removed"]:
        lines += ["To have it again, with your own --configfile at the end:", *facts["commands"]]
    elif facts["faults"]:
        lines.append("python scripts/verify.py --repair removes what is broken, and says what to run then")
    else:
        lines.append("nothing is broken")
    return "\n".join(lines)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", default=Path("results"), type=Path, help="the folder (default: results)")
    parser.add_argument("--repair", action="store_true", help="remove what is broken")
    parser.add_argument("--json", action="store_true", help="print all of it as JSON")
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="processes (default: all cores)")
    parser.add_argument("--storage", nargs="?", help="the storage that has the results instead")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
