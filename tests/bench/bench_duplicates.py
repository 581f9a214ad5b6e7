"""Time and memory to cluster perceptual hashes that crowd in many ways; asserts nothing.

    PYTHONPATH=scripts python tests/bench/bench_duplicates.py

In most cases a tenth of the hashes crowds as the name of the case says, and the rest is random. In those from
`all clusters of 100` on all do. `text` is the parsing of random hashes. Each case is measured in a process of
its own, because the peak memory of a process never falls.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable

import numpy as np
import scipy.sparse.csgraph  # noqa: F401 (imported before the clock starts)

from deepfake.plan.duplicates import cluster_hashes, parse_hashes

SIZES = {"10 k": 10_000, "100 k": 100_000, "1 M": 1_000_000}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--distance", type=int, default=3, help="bits")
    args = parser.parse_args()
    print(
        f"{'case':18}" + "".join(f"{size + ':  s':>12}{'peak MB':>9}{'clusters':>10}" for size in args.sizes)
    )
    for case in args.cases:
        print(f"{case:18}", end="", flush=True)
        for size in args.sizes:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                seconds, peak, count = pool.apply(measure, [case, SIZES[size], args.distance])
            print(f"{seconds:12.2f}{peak:9.0f}{count:10}", end="", flush=True)
        print()


def measure(case: str, n: int, distance: int) -> tuple[float, float, int]:
    """Return seconds, the peak of resident memory in MB, and the number of clusters among `n` hashes."""
    chance = np.random.default_rng(1)
    hashes = chance.permutation(CASES[case](n, chance))
    if case == "text":
        texts = [f"{number:016x}" for number in hashes.tolist()]
        start = time.perf_counter()
        found = parse_hashes(texts)
    else:
        start = time.perf_counter()
        found = cluster_hashes(hashes, distance)
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, len(np.unique(found))


def noise(n: int, chance: np.random.Generator) -> np.ndarray:
    return chance.integers(0, 1 << 64, n, np.uint64)


def ball(n: int, flips: int, chance: np.random.Generator) -> np.ndarray:
    """Return `n` hashes that differ in up to `flips` bits from one centre."""
    bits = np.uint64(1) << chance.integers(0, 64, (n, flips), np.uint64)
    bits[chance.random((n, flips)) < 0.2] = 0
    return noise(1, chance) ^ np.bitwise_xor.reduce(bits, axis=1)


def balls(n: int, each: int, flips: int, chance: np.random.Generator) -> np.ndarray:
    spread = ball(n, flips, chance)
    return spread ^ np.repeat(noise(n // each, chance), each)


def shells(n: int, chance: np.random.Generator) -> np.ndarray:
    """Return a ball, and as many hashes at a distance from it where almost none has a neighbour."""
    bits = np.argsort(chance.random((n // 2, 64)), axis=1)[:, :8].astype(np.uint64)
    far = np.bitwise_or.reduce(np.uint64(1) << bits, axis=1)
    middle = ball(n // 2, 3, chance)
    return np.r_[middle, far ^ middle[0]]


def chain(n: int, chance: np.random.Generator) -> np.ndarray:
    """Return hashes that each differ in up to 3 bits from the one before."""
    return np.bitwise_xor.accumulate(ball(n, 3, chance) ^ ball(1, 0, chance)[0])


def mixed(part: Callable[[int, np.random.Generator], np.ndarray]) -> Callable:
    return lambda n, chance: np.r_[noise(n - n // 10, chance), part(n // 10, chance)]


def faces(n: int, chance: np.random.Generator) -> np.ndarray:
    """Return hashes like those of 100 crops a video: 32 bits are set, and those of a video are similar."""
    common = 1.5 * chance.normal(size=64)
    hashes = np.empty((n // 100, 100), np.uint64)
    for video in hashes:
        level = common + chance.normal(size=64) + 0.1 * chance.normal(size=(100, 64))
        bits = level > np.median(level[:, 1:], axis=1, keepdims=True)
        bits[:, 0] = True
        video[:] = np.packbits(bits, axis=1).view(">u8").ravel()
    return hashes.ravel()


LOW = np.uint64(0xFFFF)
EVERY_FOURTH = np.uint64(0x1111111111111111)
CASES = {
    "random": noise,
    "ball, 2 flips": mixed(lambda n, chance: ball(n, 2, chance)),
    "ball, 3 flips": mixed(lambda n, chance: ball(n, 3, chance)),
    "ball, 4 flips": mixed(lambda n, chance: ball(n, 4, chance)),
    "ball, 5 flips": mixed(lambda n, chance: ball(n, 5, chance)),
    "ball, 6 flips": mixed(lambda n, chance: ball(n, 6, chance)),
    "ball and shell": mixed(shells),
    "ten balls": mixed(lambda n, chance: balls(n, n // 10, 4, chance)),
    "chain": mixed(chain),
    "16 equal bits": mixed(lambda n, chance: noise(n, chance) | LOW),
    "one equal band": mixed(lambda n, chance: noise(n, chance) | EVERY_FOURTH),
    "40 equal bits": mixed(lambda n, chance: noise(n, chance) | ~np.uint64(0xFFFFFF)),
    "clusters of 10": mixed(lambda n, chance: balls(n, 10, 3, chance)),
    "all clusters of 100": lambda n, chance: balls(n, 100, 3, chance),
    "same": lambda n, chance: np.repeat(noise(1, chance), n),
    "4 values in a band": lambda n, chance: noise(n, chance) | EVERY_FOURTH & ~np.uint64(0x11),
    "24 bits vary": lambda n, chance: noise(n, chance) | ~np.uint64(0xFFFFFF),
    "32 bits vary": lambda n, chance: noise(n, chance) | ~np.uint64(0xFFFFFFFF),
    "like faces": faces,
    "text": noise,
}


if __name__ == "__main__":
    main()
