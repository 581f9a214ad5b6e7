"""Download a corpus from Kaggle as one zip archive.

    python scripts/download.py --config '{"competition": "deepfake-detection-challenge"}' \
        --output resources/dfdc/download.zip

A dataset is named by `{"dataset": "owner/slug"}`. Credentials come from Kaggle's own places only, such as
~/.kaggle/kaggle.json. A run that was cut off is resumed by running the same line again.
"""

import argparse
import json
import logging
import sys
from pathlib import Path

from deepfake.corpora.kaggle import download
from deepfake.errors import UserError


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=json.loads, required=True, help="competition or dataset, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the zip archive to write")
    return parser.parse_args(argv)


def main() -> int:
    args = parse_args()
    # Only this project's lines: what HTTP libraries log can hold signed addresses.
    logging.basicConfig(format="%(asctime)s %(message)s", stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("deepfake").setLevel(logging.INFO)
    try:
        download(args.config, args.output)
    except UserError as error:
        print(f"download: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
