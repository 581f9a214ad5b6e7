"""Choose the model or ensemble with the highest validation macro F1 among those of one dataset.

    python scripts/choose.py --dataset small --models meso4 vit --checkpoints a/best.pt b/best.pt \
        --facts a/facts.json b/facts.json --output results/model/best.pt \
        --output-choice results/model/choice.json
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    candidates = [
        {
            "model": model,
            "f1_macro": facts["metrics"]["val"]["f1_macro"],
            "log_loss": facts["metrics"]["val"]["log_loss"],
        }
        for model, facts in zip(args.models, map(read, args.facts), strict=True)
    ]
    ranked = sorted(candidates, key=lambda one: (-one["f1_macro"], one["log_loss"], one["model"]))
    chosen = ranked[0]["model"]
    with new_file(args.output) as best, new_file(args.output_choice) as choice:
        shutil.copyfile(args.checkpoints[args.models.index(chosen)], best)
        facts = {"chosen": chosen, "dataset": args.dataset, "by": "val f1_macro", "candidates": ranked}
        choice.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    for one in ranked:
        log.info("%s: macro F1 %.4f, log loss %.4f on val", one["model"], one["f1_macro"], one["log_loss"])
    print(f"{args.output}: {chosen}, macro F1 {ranked[0]['f1_macro']:.3f} on val of {args.dataset}")
    return 0


def read(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, help="what they were trained on")
    parser.add_argument("--models", required=True, nargs="+", help="their names")
    parser.add_argument("--checkpoints", required=True, nargs="+", help="their best.pt, in the same order")
    parser.add_argument("--facts", required=True, nargs="+", type=Path, help="their facts.json, too")
    parser.add_argument("--output", required=True, help="the best of the checkpoints")
    parser.add_argument("--output-choice", required=True, help="JSON of what was chosen from, best first")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
