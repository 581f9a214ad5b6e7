"""Compare the formats of a model: file size, what is lost on test, and speed on the CPU.

    python scripts/weigh.py --checkpoint results/models/small/meso4/best.pt \
        --forms results/forms/small/meso4/float32.onnx results/forms/small/meso4/int8_static.onnx \
        --images results/decoded/small/256-bilinear.npy --rows results/decoded/small/256-bilinear.csv \
        --output forms.csv --output-json forms.json --output-text forms.txt

Only images_per_second and times differ from run to run.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import add_limits, make_parser, run
from deepfake.tables import write_rows


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.checkpoints.compare_formats import COLUMNS, as_text, compare  # loads torch

    paths = [args.checkpoint, *args.forms]
    comparison = compare(paths, args.images, args.rows, args.threads, args.turns, args.limits)
    text = as_text(comparison) + "\n"
    with new_file(args.output_json) as new_json, new_file(args.output_text) as new_text:
        new_json.write_text(json.dumps(comparison, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        new_text.write_text(text, encoding="utf-8")
        write_rows(args.output, list(COLUMNS), comparison["forms"])
    log.info("\n%s", text)
    print(text, end="")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt")
    parser.add_argument("--forms", required=True, nargs="+", type=Path, help="files that convert.py wrote")
    parser.add_argument(
        "--images", required=True, nargs="+", type=Path, help=".npy of decoded images, for each geometry"
    )
    parser.add_argument("--rows", required=True, nargs="+", help="csv of their rows")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--turns", type=int, default=7, help="speed is the median over so many runs")
    parser.add_argument("--output", required=True, help="csv of the comparison")
    parser.add_argument("--output-json", required=True, help="the same as JSON, with the conditions")
    parser.add_argument("--output-text", required=True, help="the same as a text to read")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
