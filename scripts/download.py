"""Download a corpus from Kaggle as one zip archive.

    python scripts/download.py --config '{"competition": "deepfake-detection-challenge"}' \
        --output resources/dfdc/download.zip

Use {"dataset": "owner/slug"} for a dataset. Credentials are read from where Kaggle's client looks for them,
such as ~/.kaggle/kaggle.json. Run the same command again to resume an interrupted download.
"""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.corpora.kaggle import download
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    # Only this project's messages: those of HTTP libraries may contain signed addresses.
    logging.getLogger().setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
    download(args.config, args.output)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--config", type=json.loads, required=True, help="competition or dataset, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the zip archive to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
