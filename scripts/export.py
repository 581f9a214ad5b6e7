"""Export a finished dataset to another format: webdataset, labels, dfd or parquet.

    python scripts/export.py --dataset results/dataset_2gb --form parquet --config '{"shard_mb": 200}' \
        --output results/exports/dataset_2gb/parquet
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.exports import EXPORTS
from deepfake.files import new_directory
from deepfake.hashing import write_checksums
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    with new_directory(args.output) as folder:
        EXPORTS[args.form](args.dataset, folder, args.config)
        write_checksums(folder)
    sizes = [path.stat().st_size for path in args.output.rglob("*") if path.is_file()]
    log.info("%s: %d files, %.1f MB", args.output, len(sizes), sum(sizes) / 1e6)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of a finished dataset")
    parser.add_argument("--form", required=True, choices=EXPORTS, help="the format")
    parser.add_argument(
        "--config", required=True, type=json_object, help="JSON: the format's section of `exports`"
    )
    parser.add_argument("--output", required=True, type=Path, help="folder for the export")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
