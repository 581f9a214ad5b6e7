"""Write a planned dataset out: images by split and class, and metadata, checksums, card and contact sheet.

    python scripts/dataset.py --plan results/plans/small.csv --results results --output results/small \
        --config '{"corpora": ["demo"], "images": "faces", "size_mb": null, "splits": {"train": 1},
                   "policy": "identity", "stratify": [], "test_only": [], "same_identity": null,
                   "duplicates": 3, "balance": "corpus", "families": {"demo": "dfdc"}, "seed": 42}'
"""

import argparse
import json
import sys
from pathlib import Path

import pandas as pd

from deepfake.console import log, progress
from deepfake.dataset.card import card
from deepfake.dataset.write import (
    StaleImages,
    write_checksums,
    write_contact_sheet,
    write_images,
    write_metadata,
)
from deepfake.files import new_directory
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    numbers = {"frame": "int64", "bytes": "int64"}
    plan = pd.read_csv(args.plan, dtype=str, keep_default_na=False).astype(numbers)
    kept = plan[plan["file_name"] != ""]
    steps = json.loads(args.plan_summary.read_text())["steps"] if args.plan_summary else {}
    shards = sorted(set(zip(kept["corpus"], kept["shard"], strict=True)))
    tars = [(corpus, args.results / cfg["images"] / corpus / f"{shard}.tar") for corpus, shard in shards]
    try:
        with new_directory(args.output) as folder:
            write_images(folder, kept, progress(tars, f"dataset {args.output.name}", "shards"))
            write_metadata(folder, args.output.name, kept, cfg)
            write_contact_sheet(folder, kept)
            text = card(args.output.name, kept, cfg, steps)
            (folder / "README.md").write_text(text, encoding="utf-8")
            write_checksums(folder, dict(zip(kept["file_name"], kept["sha256"], strict=True)))
    except StaleImages as error:
        log.error("%s", error)
        return 1
    log.info("%d images, %.1f MB", len(kept), kept["bytes"].sum() / 1e6)
    print(f"{args.output}: {len(kept)} images, {kept['bytes'].sum() / 1e6:.1f} MB")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", required=True, help="the dataset's plan")
    parser.add_argument("--results", required=True, type=Path, help="folder with frames and faces")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section")
    parser.add_argument("--plan-summary", type=Path, help="summary of the plan, JSON")
    parser.add_argument("--output", required=True, type=Path, help="folder for the dataset")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
