"""Write a page on which a person checks who is who in a dataset: largest groups and doubtful links.

    python scripts/people_page.py --people results/plans/small.people.csv --plan results/plans/small.csv \
        --results results --output results/reports/small/people.html --dataset small \
        --config '{"people": {"by": "both", "link": 0.30, "guard": 0.35}}'
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake.console import log
from deepfake.files import new_file
from deepfake.pages.people import page
from deepfake.pages.people_review import read_people
from deepfake.program import json_object, make_parser, run


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    people = read_people(args.people)
    text = page(args.dataset, people, args.config, args.plan, args.results)
    with new_file(args.output) as path:
        path.write_text(text, encoding="utf-8")
    log.info("%d videos, %d KB", len(people), len(text) // 1000)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, help="name of the dataset, for the title")
    parser.add_argument("--people", required=True, type=Path, help="the plan's table of people")
    parser.add_argument("--plan", required=True, type=Path, help="the dataset's plan")
    parser.add_argument("--results", required=True, type=Path, help="folder of results, with the face crops")
    parser.add_argument(
        "--config", required=True, type=json_object, help="JSON: the dataset's section of the config"
    )
    parser.add_argument("--output", required=True, help="HTML page to write")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
