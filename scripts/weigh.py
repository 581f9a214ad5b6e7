"""Weigh a model's forms: size, what they lose on test, and how fast they are on the CPU.

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
from pathlib import Path

from deepfake.checkpoints.compare_forms import COLUMNS, as_text, weigh
from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import start_logging
from deepfake.tables import write_rows


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        found = weigh([args.checkpoint, *args.forms], args.images, args.rows, args.threads, args.turns)
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    text = as_text(found) + "\n"
    with new_file(args.output_json) as new_json, new_file(args.output_text) as new_text:
        new_json.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        new_text.write_text(text, encoding="utf-8")
        write_rows(args.output, list(COLUMNS), found["forms"])
    log.info("\n%s", text)
    print(text, end="")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True, type=Path, help="best.pt")
    parser.add_argument("--forms", required=True, nargs="+", type=Path, help="files that convert.py wrote")
    parser.add_argument(
        "--images", required=True, nargs="+", type=Path, help=".npy of decoded images, at each size"
    )
    parser.add_argument("--rows", required=True, nargs="+", help="csv of their rows")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--turns", type=int, default=7, help="of which the median counts")
    parser.add_argument("--output", required=True, help="csv of the table")
    parser.add_argument("--output-json", required=True, help="the same, and what it was measured on")
    parser.add_argument("--output-text", required=True, help="the same to read")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
