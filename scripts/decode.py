"""Decode a dataset's images once, at the size that networks take, for all models of that size.

    python scripts/decode.py --dataset results/small --geometry 256-bilinear \
        --output results/decoded/small/256-bilinear.npy --output-rows results/decoded/small/256-bilinear.csv
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log, progress_bar
from deepfake.files import new_file
from deepfake.inputs.dataset_images import read_image_rows, read_images
from deepfake.inputs.decoded import write_decoded
from deepfake.inputs.geometry import parse_geometry
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    geometry = parse_geometry(args.geometry)
    rows = read_image_rows(args.dataset)
    with (
        progress_bar(len(rows), f"decode {args.dataset.name}", "images") as advance,
        new_file(args.output) as output,
        new_file(args.output_rows) as output_rows,
    ):
        images = read_images(args.dataset, rows, args.threads)
        write_decoded(images, rows, geometry, output, output_rows, advance)
    log.info("%d images of %d pixels", len(rows), geometry.size)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--geometry", required=True, help="such as 256-bilinear, or 256-bicubic-crop224")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads that decode")
    parser.add_argument("--output", required=True, help=".npy of the images, uint8 (N, size, size, 3)")
    parser.add_argument("--output-rows", required=True, help="csv of their rows")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
