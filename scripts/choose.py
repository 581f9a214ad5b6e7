"""Choose the model or ensemble of one dataset with the highest macro F1 on the validation split.

    python scripts/choose.py --dataset small --models meso4 vit --checkpoints a/best.pt b/best.pt \
        --facts a/facts.json b/facts.json --output results/model/best.pt \
        --output-choice results/model/choice.json
"""

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    candidates = []
    for model, path in zip(args.models, args.facts, strict=True):
        metrics = json.loads(path.read_text(encoding="utf-8"))["metrics"]["val"]
        candidates.append({"model": model, "f1_macro": metrics["f1_macro"], "log_loss": metrics["log_loss"]})
    ranked = sorted(candidates, key=lambda c: (-c["f1_macro"], c["log_loss"], c["model"]))
    chosen = ranked[0]["model"]
    with new_file(args.output) as new_best, new_file(args.output_choice) as new_choice:
        shutil.copyfile(args.checkpoints[args.models.index(chosen)], new_best)
        choice = {"chosen": chosen, "dataset": args.dataset, "by": "val f1_macro", "candidates": ranked}
        new_choice.write_text(json.dumps(choice, indent=2) + "\n", encoding="utf-8")
    for c in ranked:
        log.info("%s: macro F1 %.4f, log loss %.4f on val", c["model"], c["f1_macro"], c["log_loss"])
    print(f"{args.output}: {chosen}, macro F1 {ranked[0]['f1_macro']:.3f} on val of {args.dataset}")


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset that the models are trained on")
    parser.add_argument("--models", required=True, nargs="+", help="names of the models")
    parser.add_argument("--checkpoints", required=True, nargs="+", help="their best.pt, in the same order")
    parser.add_argument("--facts", required=True, nargs="+", type=Path, help="their facts.json, likewise")
    parser.add_argument("--output", required=True, help="copy of the best checkpoint")
    parser.add_argument("--output-choice", required=True, help="JSON of all candidates, the best first")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
