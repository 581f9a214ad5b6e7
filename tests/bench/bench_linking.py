"""Time and memory to tell planted people apart by their faces in a plan; asserts nothing.

    PYTHONPATH=scripts:tests python tests/bench/bench_linking.py

One person is in up to 3,000 videos, most are in a few. The planted faces are as far apart as those of DFDC by
dlib's network: two people 0.55 in the middle, and 0.34 in one of 1,000 pairs; two videos of one person 0.25.
With `--fakes`, that part of the videos are blends of two people. Each size is measured in a process of its
own, because the peak memory of a process never falls.
"""

import argparse
import multiprocessing
import resource
import time

import numpy as np
import pandas as pd
from made.image_tables import CFG, distant_hashes
from made.planted import unit

from deepfake import tables
from deepfake.people.video_vectors import gather_vectors
from deepfake.plan.different_people import different_videos
from deepfake.plan.faces import near_videos, recognise
from deepfake.plan.people_table import people_summary, people_table
from deepfake.plan.plan import plan_people

LINK, GUARD = 0.30, 0.35
LARGEST = 3000  # videos of one person
CROPS = 5
STEPS = ("vectors", "link", "near", "plan", "table")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", nargs="*", type=int, default=[4000, 30_000, 124_000])
    parser.add_argument("--fakes", nargs="*", type=float, default=[0.1, 0.8], help="part of the videos")
    args = parser.parse_args()
    print(
        f"{'videos':>8}{'fakes':>6}"
        + "".join(f"{step:>9}" for step in STEPS)
        + f"{'MB':>7}  people, left out"
    )
    for videos in args.videos:
        for fakes in args.fakes:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                *seconds, peak, result = pool.apply(measure, [videos, fakes])
            numbers = "".join(f"{s:9.1f}" for s in seconds)
            print(f"{videos:8}{fakes:6.1f}{numbers}{peak:7.0f}  {result}", flush=True)


def measure(count: int, fakes: float) -> tuple[float | str, ...]:
    """Return the seconds of each step, the peak of resident memory in MB, and the people found."""
    random = np.random.default_rng(0)
    people = planted_sizes(random, count)
    fake = random.random(count) < fakes
    source = random.permutation(people)
    crops = planted_crops(random, people, source, fake)
    gathered = planted_table(people, fake)
    times = [time.perf_counter()]
    videos = zip(zip(gathered["corpus"], gathered["video"], strict=True), crops, strict=True)
    vectors = gather_vectors(((name, part, np.ones(CROPS)) for name, part in videos), LINK)
    times.append(time.perf_counter())
    cfg = CFG | {"families": {"c": "c"}, "policy": "identity", "duplicates": None, "balance": "none"}
    cfg |= {"people": {"by": "both", "link": LINK, "together": 0.02, "guard": GUARD}}
    none = different_videos(gathered, [], {}, [], lambda pairs: gathered["group"])
    faces = recognise(gathered, gathered["group"], vectors, none, cfg["people"])
    times.append(time.perf_counter())
    near_videos(faces, GUARD)
    times.append(time.perf_counter())
    plan, seen = plan_people(gathered, cfg, [], vectors)
    times.append(time.perf_counter())
    people_table(plan, seen)
    times.append(time.perf_counter())
    summary = people_summary(seen)
    result = f"{summary['people']} of {len(set(people[~fake].tolist()))}, {summary['left_out']}"
    return *np.diff(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, result


def planted_sizes(random: np.random.Generator, count: int) -> np.ndarray:
    """Return the person of each video; the first has LARGEST videos, or a tenth of all, the others fewer."""
    largest = min(LARGEST, count // 10)
    sizes = np.maximum(largest / np.arange(1, count + 1) ** 1.1, 1).astype(int)
    return random.permutation(np.repeat(np.arange(count), sizes)[:count])


def planted_crops(
    random: np.random.Generator, people: np.ndarray, source: np.ndarray, fake: np.ndarray
) -> np.ndarray:
    """Return the unit vectors of each video's crops, float32 (n, CROPS, 128)."""
    scale = np.exp(-np.arange(128) / 18)
    scale /= np.linalg.norm(scale)
    centres = random.normal(size=(people.max() + 1, 128)) * scale
    blends = (centres[people] + centres[source]) / np.sqrt(2)
    means = np.where(fake[:, None], blends, centres[people])
    means[:, -1] += 2.6  # what all faces have in common
    means = unit(unit(means) + 0.16 * random.normal(size=means.shape) * scale)
    crops = means[:, None] + 0.16 * unit(random.normal(size=(len(means), CROPS, 128)))
    return unit(crops).astype(np.float32)


def planted_table(people: np.ndarray, fake: np.ndarray) -> pd.DataFrame:
    """Return tables.GATHERED with an image of each video; each fake has a real original, if it can."""
    videos = pd.Series([f"v{at:06d}" for at in range(len(people))])
    real = pd.Series(videos[~fake].to_numpy(), people[~fake])
    original = pd.Series(people).map(real[~real.index.duplicated()]).where(fake, videos).fillna(videos)
    rows = pd.DataFrame({"corpus": "c", "video": videos, "label": fake.astype(int).astype(str), "frame": 0})
    rows["group"] = "c/" + original
    rows["image"], rows["bytes"], rows["shard"] = videos + "/0.jpg", 10_000, "all"
    rows["method"] = np.where(fake, "m", "")
    rows["phash"] = [f"{value:016x}" for value in distant_hashes(len(rows))]
    return rows.reindex(columns=tables.GATHERED).fillna("")


if __name__ == "__main__":
    main()
