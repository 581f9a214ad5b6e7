"""Pack a model with all that it takes to run it elsewhere: model, preprocessing, program, model card.

    python scripts/package.py --model results/forms/small/meso4/float32.onnx --name meso4 \
        --metrics results/reports/small/meso4/metrics.json --families '{"demo": "demo"}' \
        --requirements requirements.txt --license LICENSE \
        --output results/submissions/small/meso4/package.zip \
        --output-json results/submissions/small/meso4/package.json
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import start_logging
from deepfake.submissions.package import breakdown, package


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        facts = package(
            args.output,
            args.model,
            args.name,
            json.loads(args.metrics.read_text(encoding="utf-8")),
            json.loads(args.families),
            args.requirements,
            args.license,
            args.face_model,
        )
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    with new_file(args.output_json) as part:
        part.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    text = f"{args.output}: {breakdown(facts)}"
    log.info("%s", text)
    print(text)
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True, type=Path, help="one of its .onnx forms")
    parser.add_argument("--name", required=True, help="what the config calls the model")
    parser.add_argument("--metrics", required=True, type=Path, help="JSON that evaluate wrote")
    parser.add_argument("--families", required=True, help="JSON: the family of each of its corpora")
    parser.add_argument("--requirements", required=True, type=Path, help="versions of all packages")
    parser.add_argument("--license", required=True, type=Path, help="of the programs")
    parser.add_argument("--face-model", help="YuNet's file, if it isn't where it was in training")
    parser.add_argument("--output", required=True, help="the zip")
    parser.add_argument("--output-json", required=True, help="JSON of its size and members")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
