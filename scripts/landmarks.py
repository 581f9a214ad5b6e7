"""Find the face in each image of a finished dataset, and the points of its landmarks.

    python scripts/landmarks.py --dataset results/small --kind five --workers 2 \
        --output results/landmarks/small/five.npy --output-table results/landmarks/small/five.csv
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deepfake.console import log, progress_bar
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.inputs.dataset_images import read_image_rows
from deepfake.inputs.landmarks import KINDS, LandmarkSettings, find_landmarks, write_landmarks
from deepfake.program import exit_on_sigterm, json_object, make_parser, positive_int, run

if TYPE_CHECKING:
    from deepfake.inputs import landmark_worker  # noqa: F401  a part of this step, which its processes load


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    exit_on_sigterm()
    rows = read_image_rows(args.dataset)
    settings = LandmarkSettings(str(args.dataset), args.kind, MEDIA_LIMITS | args.limits)
    with progress_bar(len(rows), f"landmarks {args.dataset.name}", "images") as advance:
        located = find_landmarks(rows, settings, args.workers, advance)
    write_landmarks(located, rows["image"], args.kind, args.output, args.output_table)
    found = sum(image.points is not None for image in located)
    log.info("%d images: a face in %d", len(rows), found)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--kind", required=True, choices=list(KINDS), help="how many points of a face")
    parser.add_argument("--limits", type=json_object, default={}, help="JSON: limits on an image")
    parser.add_argument("--workers", type=positive_int, default=1, help="processes that do the work")
    parser.add_argument("--output", required=True, type=Path, help="array of the points to write")
    parser.add_argument("--output-table", required=True, type=Path, help="table of the images to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
