"""Decode a dataset's images once, at the size that a network takes, for all models that take this size.

    python scripts/decode.py --dataset results/small --geometry 256-bilinear \
        --output results/decoded/small/256-bilinear.npy --output-rows results/decoded/small/256-bilinear.csv
"""

import argparse
import os
import sys
from pathlib import Path

from deepfake.console import log, progress_bar
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.decoded import write_decoded
from deepfake.inputs.geometry import parse_geometry
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        geometry = parse_geometry(args.geometry)
        rows = read_image_rows(args.dataset)
        with (
            progress_bar(len(rows), f"decode {args.dataset.name}", "images") as advance,
            new_file(args.output) as images,
            new_file(args.output_rows) as table,
        ):
            pictures = read_images(args.dataset, rows, args.threads)
            write_decoded(pictures, rows, geometry, images, table, advance)
    except ValueError as error:
        log.error("%s", error)
        return 1
    log.info("%d images of %d pixels", len(rows), geometry.size)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--geometry", required=True, help="such as 256-bilinear, or 256-bicubic-crop224")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads that decode")
    parser.add_argument("--output", required=True, help=".npy of the images, uint8 (N, size, size, 3)")
    parser.add_argument("--output-rows", required=True, help="csv of their rows")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
