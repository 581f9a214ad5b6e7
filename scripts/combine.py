"""Make an ensemble of models trained on one dataset; its weights and temperature come from val alone.

    python scripts/combine.py --dataset small --ensemble both --members meso4 vit \
        --checkpoints results/models/small/meso4/weights.pt results/models/small/vit/weights.pt \
        --images results/decoded/small/256-bilinear.npy results/decoded/small/224-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv results/decoded/small/224-bilinear.csv \
        --plan-summary results/plans/small.json --output weights.pt --output-facts weights.json \
        --output-val val.csv \
        --config '{"models": ["meso4", "vit"], "weighted": "validation", "calibrate": true,
                   "tta": {"flip": true, "scales": [1, 0.9], "crops": null}}'

Images are given at each geometry that the members take, in the order of the members.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log, progress
from deepfake.program import add_limits, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    from deepfake.training.ensembles import combine  # loads torch

    facts = combine(
        dataset=args.dataset,
        name=args.ensemble,
        section=json.loads(args.config),
        members=dict(zip(args.members, args.checkpoints, strict=True)),
        images=args.images,
        rows=args.rows,
        plan_summary=args.plan_summary,
        output=args.output,
        output_facts=args.output_facts,
        output_val=args.output_val,
        threads=args.threads,
        limits=args.limits,
        watch=lambda batches: progress(batches, f"predict val by {args.ensemble}", "batches"),
    )
    weights = ", ".join(f"{name} {member['weight']:.3f}" for name, member in facts["members"].items())
    log.info("%s/%s: %s; temperature %.4f", args.dataset, args.ensemble, weights, facts["temperature"])
    f1_macro = facts["metrics"]["val"]["f1_macro"]
    score = "no macro F1" if f1_macro is None else f"macro F1 {f1_macro:.3f}"
    print(f"{args.dataset}/{args.ensemble}: {score} on val, threshold {facts['threshold']:.3f}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, help="dataset that the members were trained on")
    parser.add_argument("--ensemble", required=True, help="name of the ensemble")
    parser.add_argument("--members", required=True, nargs="+", help="names of the members")
    parser.add_argument("--checkpoints", required=True, nargs="+", help="their weights.pt, in the same order")
    parser.add_argument(
        "--images", required=True, nargs="+", help=".npy of decoded images, for each geometry"
    )
    parser.add_argument("--rows", required=True, nargs="+", help="csv of their rows")
    parser.add_argument("--plan-summary", required=True, type=Path, help="JSON summary of the dataset's plan")
    parser.add_argument("--config", required=True, help="JSON: the ensemble's section")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads")
    parser.add_argument("--output", required=True, type=Path, help="weights.pt of the ensemble")
    parser.add_argument("--output-facts", required=True, type=Path, help="JSON that describes the ensemble")
    parser.add_argument("--output-val", required=True, type=Path, help="csv of its predictions for val")
    add_limits(parser)
    args = parser.parse_args(argv)
    if len(args.members) != len(args.checkpoints):
        parser.error("--members and --checkpoints: give the same number of each, in the same order")
    return args


if __name__ == "__main__":
    sys.exit(run(main))
