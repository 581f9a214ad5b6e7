"""Set the thresholds of a trained model, chosen on the validation set, and write its best.pt.

    python scripts/finish.py --weights results/models/small/meso4/weights.pt \
        --facts results/models/small/meso4/weights.json --val results/models/small/meso4/val.csv \
        --threshold eer --output best.pt --output-facts facts.json
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.training.finish import finish  # loads torch

    files = args.weights, args.facts, args.val, args.threshold, args.output, args.output_facts
    facts = finish(*files, args.limits)
    print(
        f"{args.output}: thresholds {facts['threshold']:.3f} for images, {facts['video_threshold']:.3f} for "
        f"videos, {facts['people_thresholds'][-1]:.3f} for videos of many people"
    )


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--weights", required=True, type=Path, help="weights.pt of train.py or combine.py")
    parser.add_argument("--facts", required=True, type=Path, help="weights.json, likewise")
    parser.add_argument("--val", required=True, type=Path, help="predictions for val, likewise")
    parser.add_argument(
        "--threshold", required=True, type=method, help="f1_macro (the highest), eer, or a number from 0 to 1"
    )
    parser.add_argument("--output", required=True, type=Path, help="best.pt")
    parser.add_argument("--output-facts", required=True, type=Path, help="JSON that describes the model")
    add_limits(parser)
    return parser.parse_args(argv)


def method(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


if __name__ == "__main__":
    sys.exit(run(main))
