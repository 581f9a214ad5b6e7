"""Write a planned dataset: images by split and class, and metadata, checksums, card and contact sheet.

    python scripts/dataset.py --plan results/plans/small.csv --results results --output results/small \
        --config '{"corpora": ["demo"], "images": "faces", "size_mb": null, "splits": {"train": 1},
                   "policy": "identity", "stratify": [], "test_only": [], "same_identity": null,
                   "duplicates": 3, "balance": "corpus", "families": {"demo": "dfdc"}, "seed": 42}'
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from deepfake.console import log, progress
from deepfake.dataset.card import card
from deepfake.dataset.write import write_contact_sheet, write_images, write_metadata
from deepfake.files import new_directory
from deepfake.hashing import write_checksums
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    cfg = args.config
    plan = pd.read_csv(args.plan, dtype=str, keep_default_na=False)
    rows = plan[plan["file_name"] != ""].astype({"frame": "int64", "bytes": "int64"})
    summary = json.loads(args.plan_summary.read_text()) if args.plan_summary else {}
    steps = summary.get("steps", {})
    shards = sorted(set(zip(rows["corpus"], rows["shard"], strict=True)))
    tars = [(corpus, args.results / cfg["images"] / corpus / f"{shard}.tar") for corpus, shard in shards]
    with new_directory(args.output) as folder:
        write_images(folder, rows, progress(tars, f"dataset {args.output.name}", "shards"))
        write_metadata(folder, args.output.name, rows, cfg, steps)
        write_contact_sheet(folder, rows)
        text = card(args.output.name, rows, cfg, steps, summary.get("known"))
        (folder / "README.md").write_text(text, encoding="utf-8")
        write_checksums(folder, dict(zip(rows["file_name"], rows["sha256"], strict=True)))
    size = f"{len(rows)} images, {rows['bytes'].sum() / 1e6:.1f} MB"
    log.info("%s", size)
    print(f"{args.output}: {size}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--plan", required=True, help="the dataset's plan")
    parser.add_argument("--results", required=True, type=Path, help="folder with frames and faces")
    parser.add_argument(
        "--config", required=True, type=json_object, help="JSON: the dataset's section of the config"
    )
    parser.add_argument("--plan-summary", type=Path, help="summary of the plan, JSON")
    parser.add_argument("--output", required=True, type=Path, help="folder for the dataset")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
