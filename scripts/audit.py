"""Audit a finished dataset: find leaks, missing or changed files, wrong labels and imbalance.

    python scripts/audit.py --dataset results/small --output results/reports/small/audit.json \
        --output-page results/reports/small/audit.html --threads 4 --config '{"families": {"demo": "dfdc"},
            "policy": "identity", "people": {"by": "both", "link": 0.30, "fail": 0.3}, "duplicates": 3,
            "balance": "corpus", "size_mb": 20, "test_only": [], "stratify": [],
            "splits": {"train": 0.8, "val": 0.2}}'

Ends with exit code 1 where a check failed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from deepfake import provenance
from deepfake.audit import image_worker  # noqa: F401  a part of this step, which only its processes load
from deepfake.audit.checks import Result, audit
from deepfake.audit.conclusion import describe
from deepfake.audit.gather import gather_evidence, read_thumbnails, reader_settings
from deepfake.audit.report import report
from deepfake.console import log
from deepfake.files import new_file
from deepfake.pages.audit import page
from deepfake.plan.links import read_pairs
from deepfake.program import FAILED, json_object, make_parser, positive_int, run


def main(argv: Sequence[str] | None = None) -> int | None:
    args = parse_args(argv)
    cfg = args.config
    same_identity = read_pairs(args.same_identity) if args.same_identity else []
    different = read_pairs(args.different_people) if args.different_people else []
    problems = provenance_problems(args)
    evidence = gather_evidence(
        args.dataset, cfg, same_identity, different, problems, args.people, args.threads
    )
    results = audit(evidence)
    summary = report(args.dataset.name, evidence, results)
    thumbnails = read_thumbnails(evidence, reader_settings(args.dataset), args.threads)
    with new_file(args.output) as table, new_file(args.output_page) as html:
        table.write_text(json.dumps(summary, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        text = page(summary, cfg, thumbnails)
        html.write_text(text, encoding="utf-8")
    if args.failed_page:
        args.failed_page.unlink(missing_ok=True)
        if not summary["passed"]:
            args.failed_page.parent.mkdir(parents=True, exist_ok=True)
            args.failed_page.write_text(text, encoding="utf-8")
    log_results(args.dataset.name, results, summary)
    return None if summary["passed"] else FAILED


def provenance_problems(args: argparse.Namespace) -> list[str] | None:
    """Return what is wrong with the records of the dataset and all before it; None without records."""
    if not args.record:
        return None
    record, _ = provenance.from_option(args.record)["inputs"][str(args.dataset)]
    return provenance.chain(record)[1]


def log_results(dataset: str, results: list[Result], summary: dict) -> None:
    """Log every finding, since a failed job leaves only its log; log and print a line for each check."""
    for result in results:
        for finding in result.findings:
            log.warning("%s: %s", result.name, finding)
    text = describe(dataset, results, summary)
    if not summary["passed"]:
        text += (
            f"\nEvery finding is in the log; under Snakemake that is logs/audit/{dataset}.log, and the page "
            f"is logs/audit/{dataset}.html"
        )
    log.info("%s", text)
    print(text)


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument(
        "--config", required=True, type=json_object, help="JSON: the dataset's section of the config"
    )
    parser.add_argument("--failed-page", type=Path, help="where the page is kept, too, if a check failed")
    parser.add_argument("--people", type=json_object, help="JSON: the network of the config section `people`")
    parser.add_argument("--threads", type=positive_int, default=1, help="images that are read at a time")
    parser.add_argument("--different-people", nargs="?", help="csv of videos or people known to be different")
    parser.add_argument("--same-identity", nargs="?", help="csv of videos or people known to be the same")
    parser.add_argument("--output", required=True, help="JSON of the checks and their findings")
    parser.add_argument("--output-page", required=True, help="the same as an HTML page")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run(main))
