"""Time and memory to plan a dataset of four large corpora together; asserts nothing.

    PYTHONPATH=scripts:tests python tests/bench/bench_plan.py

The corpora are FaceForensics++, DFD, Celeb-DF v2 and DFDC as in full_size.py, or a part of their groups, with
ten images a video and more of the rarer class, in tables by shards as the workflow writes them. Each size is
measured in a process of its own, because the peak memory of a process never falls.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from made.full_size import CORPORA, families, write_tables

from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.gather import gather
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary

PARTS = {
    "10 k": 0.004,
    "100 k": 0.04,
    "1 M": 0.4,
    "2.5 M": 1.0,
}  # approximate number of rows: part of the groups
CFG = {
    "size_mb": 2000, "splits": {"train": 0.8, "val": 0.15, "test": 0.05}, "tolerance": 0.05, "stratify": [],
    "test_only": [], "duplicates": 3, "balance": "corpus", "seed": 42, "families": families(CORPORA),
}  # fmt: skip
STEPS = ("gather", "dedup", "plan", "summary", "write")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--sizes", nargs="*", default=list(PARTS)[:3], choices=list(PARTS), help="approximate rows"
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
    """Return rows, the seconds of each step, and the peak of resident memory in MB.

    The search for near-duplicates (dedup) is measured alone, and again as part of the plan.
    """
    times = [time.perf_counter()]
    gathered = gather(results, CFG["families"], "faces")
    times.append(time.perf_counter())
    cluster_hashes(parse_hashes(gathered["phash"]), CFG["duplicates"])
    times.append(time.perf_counter())
    plan = make_plan(gathered, CFG | {"policy": policy})
    times.append(time.perf_counter())
    plan_summary(plan)
    times.append(time.perf_counter())
    plan.to_csv(results / "plan.csv", index=False, lineterminator="\n")
    times.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return len(plan), *(later - sooner for sooner, later in pairwise(times)), peak


if __name__ == "__main__":
    main()
