"""Make an ensemble of models trained on one dataset; weights, temperature and thresholds come from val alone.

    python scripts/combine.py --dataset small --ensemble both --members meso4 vit \
        --checkpoints results/models/small/meso4/best.pt results/models/small/vit/best.pt \
        --images results/decoded/small/256-bilinear.npy results/decoded/small/224-bilinear.npy \
        --rows results/decoded/small/256-bilinear.csv results/decoded/small/224-bilinear.csv \
        --plan-summary results/plans/small.json --output best.pt --output-facts facts.json \
        --config '{"models": ["meso4", "vit"], "weighted": "validation", "calibrate": true,
                   "tta": {"flip": true, "scales": [1, 0.9], "crops": null}, "threshold": null}'

Images are given at each geometry that the members take, in the order of the members.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from deepfake.console import log, progress
from deepfake.program import start_logging
from deepfake.training.ensembles import combine


def main() -> int:
    args = parse_args()
    start_logging()
    try:
        found = combine(
            dataset=args.dataset,
            name=args.ensemble,
            section=json.loads(args.config),
            members=dict(zip(args.members, args.checkpoints, strict=True)),
            images=args.images,
            rows=args.rows,
            kept=args.plan_summary,
            output=args.output,
            output_facts=args.output_facts,
            threads=args.threads,
            watch=lambda parts: progress(parts, f"predict val by {args.ensemble}", "batches"),
        )
    except (ValueError, OSError) as error:
        log.error("%s", error)
        return 1
    weights = ", ".join(f"{name} {member['weight']:.3f}" for name, member in found["members"].items())
    log.info("%s/%s: %s; temperature %.4f", args.dataset, args.ensemble, weights, found["temperature"])
    val = found["metrics"]["val"]["f1_macro"]
    score = "no macro F1" if val is None else f"macro F1 {val:.3f}"
    print(f"{args.dataset}/{args.ensemble}: {score} on val, threshold {found['threshold']:.3f}")
    return 0


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, help="what the members were trained on")
    parser.add_argument("--ensemble", required=True, help="its name")
    parser.add_argument("--members", required=True, nargs="+", help="their names")
    parser.add_argument("--checkpoints", required=True, nargs="+", help="their best.pt, in the same order")
    parser.add_argument(
        "--images", required=True, nargs="+", help=".npy of decoded images, for each geometry"
    )
    parser.add_argument("--rows", required=True, nargs="+", help="csv of their rows")
    parser.add_argument("--plan-summary", required=True, type=Path, help="summary of the plan, JSON")
    parser.add_argument("--config", required=True, help="JSON: the ensemble's section")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of the CPU")
    parser.add_argument("--output", required=True, type=Path, help="best.pt of the ensemble")
    parser.add_argument("--output-facts", required=True, type=Path, help="JSON of what it is made of")
    args = parser.parse_args()
    if len(args.members) != len(args.checkpoints):
        parser.error("--members and --checkpoints: give as many of each, in the same order")
    return args


if __name__ == "__main__":
    sys.exit(main())
