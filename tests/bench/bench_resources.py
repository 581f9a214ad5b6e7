"""What the jobs of a finished run used, and how much their rules request.

    python tests/bench/bench_resources.py .

Seconds and MB are the most of any job of the rule, from benchmarks/; what is asked for is that of the first
attempt. A job that is over at once has no MB.
"""

import argparse
import csv
import re
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Requested:
    """The MB and minutes that a rule's jobs request."""

    mem_mb: int
    runtime: int


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", default=Path("."))
    args = parser.parse_args()
    jobs = read_benchmarks(args.folder)
    if not jobs:
        sys.exit(f"{args.folder}/benchmarks: no benchmarks; run the workflow there first")
    asked = read_requested(args.folder)
    print(f"{'rule':10}{'jobs':>6}{'wall s':>8}{'CPU s':>8}{'RSS MB':>8}{'PSS MB':>8}", end="")
    print(f"{'asked MB':>10}{'part':>7}{'asked min':>11}{'part':>7}")
    for rule, rows in sorted(jobs.items()):
        wall, cpu, rss, pss = (most(rows, column) for column in ("s", "cpu_time", "max_rss", "max_pss"))
        line = f"{rule:10}{len(rows):>6}{wall:>8.1f}{cpu:>8.1f}{rss:>8.0f}{pss:>8.0f}"
        if rule in asked:
            mb, minutes = asked[rule].mem_mb, asked[rule].runtime
            line += f"{mb:>10}{rss / mb:>7.0%}{minutes:>11}{wall / 60 / minutes:>7.1%}"
        print(line)


def read_benchmarks(folder: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of all files below benchmarks/, by rule: the first part of their path."""
    jobs = defaultdict(list)
    for path in sorted((folder / "benchmarks").rglob("*.tsv")):
        with open(path, newline="", encoding="utf-8") as file:
            rule = path.relative_to(folder / "benchmarks").parts[0].removesuffix(".tsv")
            jobs[rule] += csv.DictReader(file, delimiter="\t")
    return jobs


def most(rows: list[dict[str, str]], column: str) -> float:
    """The largest of a column's numbers; 0 if a job was too short to measure."""
    return max((float(row[column]) for row in rows if row[column] not in ("-", "NA", "")), default=0.0)


def read_requested(folder: Path) -> dict[str, Requested]:
    """The requests for the first attempt, as in rules/*.smk."""
    asked = {}
    for path in sorted((folder / "rules").glob("*.smk")):
        for block in re.split(r"^(?:rule|checkpoint) ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[
            1:
        ]:
            wanted = dict(re.findall(r"(mem_mb|runtime)=per_attempt\((\d+)\)", block))
            if len(wanted) == 2:
                asked[block.partition(":")[0]] = Requested(int(wanted["mem_mb"]), int(wanted["runtime"]))
    return asked


if __name__ == "__main__":
    main()
