"""Seconds and memory of planning a dataset of four great corpora mixed; asserts nothing.

    PYTHONPATH=scripts:tests python tests/bench/bench_plan.py

FaceForensics++, DFD, Celeb-DF v2 and DFDC as in full_size.py, or a part of their groups, with ten images a
video and more of the rarer class, in tables by shards as the workflow leaves them. Each size is measured in a
process of its own, so that the peaks don't add up.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from made.full_size import CORPORA, families, write_tables

from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.gather import gather
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary

PARTS = {"10 k": 0.004, "100 k": 0.04, "1 M": 0.4, "2.5 M": 1.0}  # rows, about: part of the groups
CFG = {
    "size_mb": 2000, "splits": {"train": 0.8, "val": 0.15, "test": 0.05}, "tolerance": 0.05, "stratify": [],
    "test_only": [], "duplicates": 3, "balance": "corpus", "seed": 42, "families": families(CORPORA),
}  # fmt: skip
STEPS = ("gather", "dedup", "plan", "facts", "write")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", nargs="*", default=list(PARTS)[:3], choices=list(PARTS), help="rows, about"
    )
    parser.add_argument("--policies", nargs="*", default=["group", "identity"])
    args = parser.parse_args()
    print(f"{'rows':>9}{'policy':>10}" + "".join(f"{step:>8}" for step in STEPS) + f"{'sum s':>8}{'MB':>7}")
    for size in args.sizes:
        with tempfile.TemporaryDirectory() as folder:
            write_tables(Path(folder), CORPORA, 10, PARTS[size])
            for policy in args.policies:
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    rows, *seconds, peak = pool.apply(measure, [Path(folder), policy])
                numbers = "".join(f"{s:8.1f}" for s in [*seconds, sum(seconds) - seconds[1]])
                print(f"{rows:9}{policy:>10}{numbers}{peak:7.0f}", flush=True)


def measure(results: Path, policy: str) -> tuple[float, ...]:
    """Rows, the seconds of each step (dedup alone and once more as part of plan), and the peak of resident
    memory in MB."""
    marks = [time.perf_counter()]
    gathered = gather(results, CFG["families"], "faces")
    marks.append(time.perf_counter())
    cluster_hashes(parse_hashes(gathered["phash"]), CFG["duplicates"])
    marks.append(time.perf_counter())
    plan = make_plan(gathered, CFG | {"policy": policy})
    marks.append(time.perf_counter())
    plan_summary(plan)
    marks.append(time.perf_counter())
    plan.to_csv(results / "plan.csv", index=False, lineterminator="\n")
    marks.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return len(plan), *(later - sooner for sooner, later in zip(marks, marks[1:], strict=False)), peak


if __name__ == "__main__":
    main()
