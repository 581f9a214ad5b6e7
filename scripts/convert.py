"""Bring a model into another form: ONNX, ONNX in 8 bits, or safetensors.

    python scripts/convert.py --checkpoint results/models/small/meso4/best.pt --form float32.onnx \
        --output results/forms/small/meso4/float32.onnx

int8_static.onnx is calibrated on images of val:

    python scripts/convert.py --checkpoint results/models/small/meso4/best.pt --form int8_static.onnx \
        --images results/decoded/small/256-bilinear.npy --rows results/decoded/small/256-bilinear.csv \
        --output results/forms/small/meso4/int8_static.onnx
"""

import argparse
import json
import logging
import os
import sys

from deepfake.checkpoints.convert import FORMS, calibration, convert
from deepfake.console import log
from deepfake.inputs.decoded import read_decoded
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging().setLevel(logging.INFO)
    logging.getLogger().setLevel(logging.WARNING)  # the exporter tells of every node
    try:
        decoded = [read_decoded(*pair) for pair in zip(args.images, args.rows, strict=True)]
        images = calibration(decoded, json.loads(args.config)["calibration"]) if decoded else []
        convert(args.checkpoint, args.form, args.output, images, args.threads)
    except (ValueError, OSError) as error:
        log.error("%s: %s", args.form, error)
        return 1
    log.info(
        "%s: %d bytes, of best.pt's %d", args.form, *map(os.path.getsize, (args.output, args.checkpoint))
    )
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", required=True, help="best.pt")
    parser.add_argument("--form", required=True, choices=FORMS, help="what to bring it into")
    parser.add_argument("--images", nargs="*", default=[], help=".npy of decoded images, at each size")
    parser.add_argument("--rows", nargs="*", default=[], help="csv of their rows")
    parser.add_argument("--config", default='{"calibration": 200}', help="JSON: images calibrated on")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--output", required=True, help="the file to write")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
