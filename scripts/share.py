"""Write a trained model as a folder for the Hugging Face Hub, with its card; nothing is uploaded.

    python scripts/share.py --checkpoint results/models/small/meso4/best.pt --name meso4 \
        --metrics results/reports/small/meso4/metrics.json --families '{"demo": "demo"}' \
        --plan-summary results/plans/small.json --output results/huggingface/small/meso4

Models of transformers and timm open in these libraries; see docs/training.md. The folder's probabilities are
compared with those of best.pt before it appears.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.files import new_directory
from deepfake.hashing import write_checksums
from deepfake.program import add_limits, json_object, make_parser, positive_int, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.checkpoints.hub_folder import library_of, write_model  # loads torch
    from deepfake.submissions.hub_card import hub_card

    metrics, plan = (
        json.loads(path.read_text(encoding="utf-8")) for path in (args.metrics, args.plan_summary)
    )
    with new_directory(args.output) as folder:
        metadata = write_model(args.checkpoint, folder, args.threads, args.limits)
        card = hub_card(args.name, metadata, metrics, args.families, plan)
        (folder / "README.md").write_text(card, encoding="utf-8", newline="\n")
        write_checksums(folder)
    print(f"{args.output}: a folder for {library_of(metadata)}; `hf upload <you>/<name> {args.output}`")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    add = parser.add_argument
    add("--checkpoint", required=True, type=Path, help="best.pt")
    add("--name", required=True, help="the model's name in the config")
    add("--metrics", required=True, type=Path, help="metrics.json of the model")
    add("--families", required=True, type=json_object, help="JSON: the family of each of its corpora")
    add("--plan-summary", required=True, type=Path, help="JSON beside the plan of its dataset")
    add("--threads", type=positive_int, default=os.cpu_count(), help="CPU threads")
    add("--output", required=True, type=Path, help="the folder to write")
    add_limits(parser)
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
