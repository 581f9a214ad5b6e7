"""Pack a model with all that is needed to run it elsewhere: preprocessing, program, requirements, model card.

    python scripts/package.py --model results/forms/small/meso4/float32.onnx --name meso4 \
        --metrics results/reports/small/meso4/metrics.json --families '{"demo": "demo"}' \
        --requirements requirements.txt --license LICENSE \
        --output results/submissions/small/meso4/package.zip \
        --output-json results/submissions/small/meso4/package.json
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import add_limits, make_parser, run
from deepfake.submissions.package import size_table, write_package


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    contents = write_package(
        args.output,
        model=args.model,
        name=args.name,
        metrics=json.loads(args.metrics.read_text(encoding="utf-8")),
        families=json.loads(args.families),
        pinned=args.requirements,
        licence=args.license,
        face_model=args.face_model,
        limits=args.limits,
        plan=json.loads(args.plan_summary.read_text(encoding="utf-8")) if args.plan_summary else None,
    )
    with new_file(args.output_json) as part:
        part.write_text(json.dumps(contents, indent=2) + "\n", encoding="utf-8")
    text = f"{args.output}: {size_table(contents)}"
    log.info("%s", text)
    print(text)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--model", required=True, type=Path, help="the model as .onnx")
    add("--name", required=True, help="the model's name in the config")
    add("--metrics", required=True, type=Path, help="metrics.json of the model")
    add("--families", required=True, help="JSON: the family of each corpus that it was trained on")
    add("--plan-summary", type=Path, help="JSON beside the plan of the dataset that it was trained on")
    add("--requirements", required=True, type=Path, help="the project's requirements.txt")
    add("--license", required=True, type=Path, help="the project's licence")
    add("--face-model", help="path of YuNet's file, if it isn't where it was in training")
    add("--output", required=True, help="the zip to write")
    add("--output-json", required=True, help="JSON of the zip's size and members to write")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
