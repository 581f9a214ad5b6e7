"""Export a model to another format: ONNX, ONNX in 8 bits, or safetensors.

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
from collections.abc import Sequence

from deepfake.console import log
from deepfake.errors import UserError
from deepfake.inputs.decoded import read_decoded
from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.checkpoints.convert import FORMATS, calibration_images, convert  # loads torch

    if args.form not in FORMATS:
        raise UserError(f"--form {args.form}: there is no such format; write one of {', '.join(FORMATS)}")
    log.setLevel(logging.INFO)
    logging.getLogger().setLevel(logging.WARNING)  # the exporter logs every node
    try:
        inputs = [read_decoded(*pair) for pair in zip(args.images, args.rows, strict=True)]
        images = calibration_images(inputs, json.loads(args.config)["calibration"]) if inputs else []
        convert(args.checkpoint, args.form, args.output, images, args.threads, args.limits)
    except UserError as error:
        raise UserError(f"{args.form}: {error}") from None
    sizes = map(os.path.getsize, (args.output, args.checkpoint))
    log.info("%s: %d bytes; best.pt has %d", args.form, *sizes)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--checkpoint", required=True, help="best.pt")
    parser.add_argument("--form", required=True, help="the format to export to, such as float32.onnx")
    parser.add_argument("--images", nargs="*", default=[], help=".npy of decoded images, for each geometry")
    parser.add_argument("--rows", nargs="*", default=[], help="csv of their rows")
    parser.add_argument("--config", default='{"calibration": 200}', help="JSON: number of calibration images")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--output", required=True, help="the file to write")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
