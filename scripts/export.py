"""Export a finished dataset to another form: webdataset, labels, dfd or parquet.

    python scripts/export.py --dataset results/dataset_2gb --form parquet --config '{"shard_mb": 200}' \
        --output results/exports/dataset_2gb/parquet
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.console import log
from deepfake.dataset.read import ChangedDataset
from deepfake.exports import EXPORTS
from deepfake.files import new_directory
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        with new_directory(args.output) as folder:
            EXPORTS[args.form](args.dataset, folder, json.loads(args.config))
    except ChangedDataset as error:
        log.error("%s", error)
        return 1
    files = [path for path in args.output.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files) / 1e6
    log.info("%s: %d files, %.1f MB", args.output, len(files), size)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of a finished dataset")
    parser.add_argument("--form", required=True, choices=EXPORTS, help="what to make of it")
    parser.add_argument("--config", required=True, help="JSON: the form's section of `exports`")
    parser.add_argument("--output", required=True, type=Path, help="folder for the export")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
