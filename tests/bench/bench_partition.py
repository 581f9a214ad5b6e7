"""What partitions of swap graphs keep and cost at the sizes of real corpora, and how near the best they come.

    PYTHONPATH=scripts python tests/bench/bench_partition.py --small 200

Asserts nothing. The corpora are made, with the numbers of people, reals and fakes of the real ones. `best`:
of the graphs whose people are all swapped alike, the most that can be kept, counted over all sizes; of small
graphs, the best of every partition; with --long, the best of that many seeds for the two linked corpora.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import swap_graphs as graphs
from swap_graphs import RATIOS

from deepfake.plan.partition import partition, partition_quality

TOLERANCE = 0.05
LINE = "{:22}{:>7}{:>8}{:>8}{:>8}  {:24}{:24}{:24}{:>8}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", type=int, default=100, help="how many small graphs")
    parser.add_argument("--long", type=int, default=0, help="how many seeds to search for the best")
    args = parser.parse_args()
    print(f"splits {RATIOS}, tolerance {TOLERANCE}; shares of train, val, test; CPU seconds")
    print(LINE.format("", "nodes", "videos", "kept %", "of best", "all", "real", "fake", "seconds"))
    made = {"DFD": graphs.dfd, "Celeb-DF v2": graphs.celebdf, "FaceForensics++": graphs.faceforensics}
    for name, make in (made | {"these and DFDC": graphs.mixed}).items():
        one(name, make(), None)
    for name, size in {
        "28 people, all alike": (28, 13, 8, 0),
        "59 people, 300 free": (59, 10, 3, 300),
    }.items():
        best = graphs.most_kept_of_complete(*size, TOLERANCE)
        one(name, graphs.complete(*size[:3], "m", size[3]), best)
    nearness(args.small)
    for name, make in {"DFD": graphs.dfd, "Celeb-DF v2": graphs.celebdf}.items() if args.long else ():
        videos = make()
        kept = [
            partition_quality(videos, partition(videos, RATIOS, TOLERANCE, seed), RATIOS, TOLERANCE)["kept"]
            for seed in range(args.long)
        ]
        print(f"{name}: kept by seed, from {min(kept)} to {max(kept)}, mean {np.mean(kept):.1f}")


def one(name: str, videos, best: int | None) -> None:
    """A line of the table."""
    start = time.process_time()
    where = partition(videos, RATIOS, TOLERANCE, 0)
    seconds = time.process_time() - start
    facts = partition_quality(videos, where, RATIOS, TOLERANCE)
    shares = np.array([facts["shares"][split] for split in RATIOS]).T
    print(
        LINE.format(
            name,
            len(where),
            facts["videos"],
            f"{100 * facts['kept'] / facts['videos']:.1f}",
            f"{facts['kept'] / best:.3f}" if best else "",
            *(" ".join(f"{share:.3f}" for share in row) for row in shares),
            f"{seconds:.1f}",
        )
        + (
            " NOT MET"
            if facts["missing_classes"] or facts["missing_methods"] or facts["beyond_tolerance"]
            else ""
        ),
        flush=True,
    )


def nearness(count: int) -> None:
    """Small graphs against every partition of them."""
    keys = []
    for seed in range(count):
        videos, ratios, tolerance = graphs.small(seed)
        found = graphs.key(videos, partition(videos, ratios, tolerance, 0), ratios, tolerance)
        best = graphs.best_key(videos, ratios, tolerance)
        total = videos["weight"].sum()
        keys.append(
            (*np.isclose(found, best, atol=1e-8), (total - found[3]) / max(total - best[3], 1), best[2] == 0)
        )
    keys = np.array(keys, float)
    comparable = keys[keys[:, :3].all(1)]
    print(
        f"{count} graphs of 5 to 9 people: nothing more missing in {keys[:, :2].all(1).mean():.1%}, "
        f"nor further beyond the tolerance in {keys[:, :3].all(1).mean():.1%}, as many kept in "
        f"{keys[:, :4].all(1).mean():.1%}, as even in {keys[:, :5].all(1).mean():.1%}; of the second: "
        f"kept by best, mean {comparable[:, 5].mean():.4f}, least {comparable[:, 5].min():.4f}"
    )


if __name__ == "__main__":
    main()
