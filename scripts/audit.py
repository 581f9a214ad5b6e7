"""Check a finished dataset on its files: no leak, nothing missing, changed, mislabelled or out of balance.

    python scripts/audit.py --dataset results/small --output results/reports/small/audit.json \
        --output-page results/reports/small/audit.html --config '{"families": {"demo": "dfdc"},
            "policy": "identity", "duplicates": 3, "balance": "corpus", "size_mb": 20, "test_only": [],
            "stratify": [], "splits": {"train": 0.8, "val": 0.2}}'

Ends with exit code 1 where a check failed.
"""

import argparse
import json
import sys
from pathlib import Path

from deepfake.audit.checks import Evidence, Result, audit
from deepfake.audit.read import BadDataset, list_files, read_files, read_metadata, read_sums
from deepfake.audit.report import report
from deepfake.console import log, progress
from deepfake.errors import UserError
from deepfake.files import new_file
from deepfake.pages.audit import page
from deepfake.plan.links import Pair, read_same_identity
from deepfake.program import start_logging


def main() -> int:
    args = parse_args()
    start_logging()
    cfg = json.loads(args.config)
    try:
        same = read_same_identity(args.same_identity) if args.same_identity else []
        evidence = gather_evidence(args.dataset, cfg, same)
    except (BadDataset, UserError) as error:
        log.error("%s", error)
        return 1
    results = audit(evidence)
    facts = report(args.dataset.name, evidence, results)
    with new_file(args.output) as table, new_file(args.output_page) as html:
        table.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        html.write_text(page(facts, cfg), encoding="utf-8")
    tell(args.dataset.name, results, facts)
    return 0 if facts["passed"] else 1


def gather_evidence(folder: Path, cfg: dict, same: list[Pair]) -> Evidence:
    rows = read_metadata(folder).sort_values("file_name", kind="stable", ignore_index=True)
    named = set(rows["file_name"])
    names, odd = list_files(folder)
    files = read_files(folder, progress(names, f"audit {folder.name}", "files"), named.__contains__)
    return Evidence(cfg, rows, files, odd, *read_sums(folder), same)


def tell(dataset: str, results: list[Result], facts: dict) -> None:
    """Every finding to the log, which is all that a failed job leaves; a line for each check to both."""
    for result in results:
        for finding in result.findings:
            log.warning("%s: %s", result.name, finding)
    lines = [f"  {r.status:6}  {r.name:10}  {len(r.findings) or ''!s:>6}  {r.text}" for r in results]
    verdict = "passed" if facts["passed"] else "FAILED"
    text = f"Audit of {dataset}, {facts['images']} images: {verdict}\n" + "\n".join(lines)
    if not facts["passed"]:
        text += f"\nEvery finding is in the log; under Snakemake that is logs/audit/{dataset}.log"
    log.info("%s", text)
    print(text)


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the finished dataset")
    parser.add_argument("--config", required=True, help="JSON: the dataset's section")
    parser.add_argument("--same-identity", nargs="?", help="csv of videos or people known to be the same")
    parser.add_argument("--output", required=True, help="JSON of what was checked and found")
    parser.add_argument("--output-page", required=True, help="the same as a page for people")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
