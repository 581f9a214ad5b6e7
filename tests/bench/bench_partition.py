"""Videos kept and time taken by partitions of swap graphs of the size of real corpora; asserts nothing.

    PYTHONPATH=scripts python tests/bench/bench_partition.py --small 200

The graphs are random, with the numbers of people, reals and fakes of the real corpora. `of best` compares
with the optimum: of complete graphs the best over all sizes of splits, of small graphs the best of all
partitions. With --long, it prints the range over that many seeds for the two linked corpora.
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
    parser.add_argument("--small", type=int, default=100, help="number of small graphs")
    parser.add_argument("--long", type=int, default=0, help="number of seeds to compare")
    args = parser.parse_args()
    print(f"splits {RATIOS}, tolerance {TOLERANCE}; shares of train, val, test; CPU seconds")
    print(LINE.format("", "nodes", "videos", "kept %", "of best", "all", "real", "fake", "seconds"))
    made = {"DFD": graphs.dfd, "Celeb-DF v2": graphs.celebdf, "FaceForensics++": graphs.faceforensics}
    for name, make in (made | {"these and DFDC": graphs.mixed}).items():
        print_line(name, make(), None)
    for name, size in {
        "28 people, complete": (28, 13, 8, 0),
        "59 people, 300 free": (59, 10, 3, 300),
    }.items():
        best = graphs.most_kept_of_complete(*size, TOLERANCE)
        print_line(name, graphs.complete(*size[:3], "m", size[3]), best)
    compare_small(args.small)
    for name, make in {"DFD": graphs.dfd, "Celeb-DF v2": graphs.celebdf}.items() if args.long else ():
        videos = make()
        kept = [
            partition_quality(videos, partition(videos, RATIOS, TOLERANCE, seed), RATIOS, TOLERANCE)["kept"]
            for seed in range(args.long)
        ]
        print(f"{name}: kept by seed, from {min(kept)} to {max(kept)}, mean {np.mean(kept):.1f}")


def print_line(name: str, videos, best: int | None) -> None:
    """Print a line of the table."""
    start = time.process_time()
    split_of = partition(videos, RATIOS, TOLERANCE, 0)
    seconds = time.process_time() - start
    quality = partition_quality(videos, split_of, RATIOS, TOLERANCE)
    shares = np.array([quality["shares"][split] for split in RATIOS]).T
    print(
        LINE.format(
            name,
            len(split_of),
            quality["videos"],
            f"{100 * quality['kept'] / quality['videos']:.1f}",
            f"{quality['kept'] / best:.3f}" if best else "",
            *(" ".join(f"{share:.3f}" for share in row) for row in shares),
            f"{seconds:.1f}",
        )
        + (
            " NOT MET"
            if quality["missing_classes"] or quality["missing_methods"] or quality["beyond_tolerance"]
            else ""
        ),
        flush=True,
    )


def compare_small(count: int) -> None:
    """Compare small graphs with the best of all their partitions."""
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
        f"{count} graphs of 5 to 9 people: as few missing as the best in {keys[:, :2].all(1).mean():.1%}, "
        f"also as near the tolerance in {keys[:, :3].all(1).mean():.1%}, as many kept in "
        f"{keys[:, :4].all(1).mean():.1%}, as even in {keys[:, :5].all(1).mean():.1%}; of the second: "
        f"kept by best, mean {comparable[:, 5].mean():.4f}, least {comparable[:, 5].min():.4f}"
    )


if __name__ == "__main__":
    main()
