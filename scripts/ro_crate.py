"""Describe the run that made a dataset as an RO-Crate, for the folder of its reports; no pixels.

    python scripts/ro_crate.py --dataset results/small --plan-summary results/plans/small.json \
        --results results --config '{"corpora": ["demo"], "families": {"demo": "demo"}}' \
        --splits results/reports/small/splits.csv --recipe results/reports/small/recipe.yaml \
        --citation results/reports/small/CITATION.cff --audit results/reports/small/audit.json \
        --attrition results/reports/small/attrition.csv --output results/reports/small/ro-crate-metadata.json
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.dataset.ro_crate import as_text, ro_crate
from deepfake.files import new_file
from deepfake.plan.given import read_index
from deepfake.program import json_object, make_parser, run
from deepfake.versions import versions

FILES = {
    "splits": "The split of each video of the dataset, with digests.",
    "recipe": "The settings to rebuild the dataset with.",
    "citation": "How to cite the recipe.",
    "audit": "Whether the dataset is what was promised.",
    "attrition": "How much was lost at each step, and why.",
}
"""The files of the crate, by the option that names each."""


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    summary = json.loads(args.plan_summary.read_text(encoding="utf-8"))
    files = {Path(getattr(args, option)): text for option, text in FILES.items()}
    made = {"summary": summary, "steps": summary["steps"], "versions": versions()}
    index = read_index(args.results, args.config["corpora"])
    crate = ro_crate(args.dataset.name, args.dataset, files, index, args.config, made)
    with new_file(args.output) as file:
        file.write_text(as_text(crate), encoding="utf-8", errors="surrogateescape")
    log.info("%d entities", len(crate["@graph"]))


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="the dataset's folder")
    parser.add_argument("--plan-summary", required=True, type=Path, help="summary of its plan, JSON")
    parser.add_argument("--results", required=True, type=Path, help="folder with index")
    parser.add_argument("--config", required=True, type=json_object, help="JSON: the dataset's section")
    for option, text in FILES.items():
        parser.add_argument(f"--{option}", required=True, help=text)
    parser.add_argument(
        "--output", required=True, help="ro-crate-metadata.json, in the folder of these files"
    )
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
