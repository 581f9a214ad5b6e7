"""Seconds and memory of planning a dataset, for DFDC-like corpora of growing size; asserts nothing.

    PYTHONPATH=scripts python tests/bench/bench_plan.py

The tables have the shape of the whole DFDC: ten images a video, five fakes to a real, groups by original, and
shards of at most 64 videos. Each size is measured in a process of its own, so that the peaks don't add up.
"""

import argparse
import csv
import hashlib
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

from deepfake import tables
from deepfake.gather import gather
from deepfake.kept import kept_facts
from deepfake.plan import make_plan
from deepfake.sharding import assign_shards

SIZES = {"10 k": 1_000, "100 k": 10_000, "1.2 M": 124_000}  # rows: videos
IMAGES = 10  # a video; one in 50 videos has none
CFG = {"size_mb": 2000, "splits": {"train": 0.8, "val": 0.2}, "balance": True, "seed": 42}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES), help="rows, about")
    sizes = parser.parse_args().sizes
    print(
        f"{'rows':>9}{'tables':>8}{'gather s':>10}{'plan s':>8}{'facts s':>9}{'write s':>9}"
        f"{'sum s':>7}{'peak MB':>9}"
    )
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            shards = write_tables(Path(folder), SIZES[size])
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                rows, *seconds, peak = pool.apply(measure, [Path(folder)])
        numbers = "".join(
            f"{s:{w}.1f}" for s, w in zip([*seconds, sum(seconds)], (10, 8, 9, 9, 7), strict=True)
        )
        print(f"{rows:9}{shards:8}{numbers}{peak:9.0f}", flush=True)


def measure(results: Path) -> tuple[float, ...]:
    """Rows, the seconds of each step, and the peak of resident memory in MB, of planning `results`."""
    marks = [time.perf_counter()]
    gathered = gather(results, ["dfdc"], "faces")
    marks.append(time.perf_counter())
    plan = make_plan(gathered, CFG)
    marks.append(time.perf_counter())
    kept_facts(plan)
    marks.append(time.perf_counter())
    plan.to_csv(results / "plan.csv", index=False, lineterminator="\n")
    marks.append(time.perf_counter())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return len(plan), *(later - sooner for sooner, later in zip(marks, marks[1:], strict=False)), peak


def write_tables(results: Path, videos: int) -> int:
    """The index and the face tables of a corpus `dfdc` of that many videos; returns how many shards."""
    names = [f"v{number:06d}" for number in range(videos)]
    shards = assign_shards(names, 64)
    index, faces = [], {shard: [] for shard in set(shards.values())}
    for number, name in enumerate(names):
        original = names[number - number % 6]
        index.append(
            {
                "video": name,
                "shard": shards[name],
                "media": "video",
                "member": f"part_{number % 50}/{name}.mp4",
            }
        )
        index[-1] |= {"bytes": 4_000_000, "crc32": f"{number:08x}", "label": int(name != original)}
        index[-1] |= {"original": original, "group": original}
        faces[shards[name]] += rows_of(name) if number % 50 else [{"video": name, "status": "unreadable"}]
    tables.write_rows(results / "index" / "dfdc" / "videos.csv", tables.INDEX, index)
    for shard, rows in faces.items():
        path = results / "faces" / "dfdc" / f"{shard}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, tables.FACES, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    return len(faces)


def rows_of(video: str) -> list[dict]:
    rows = []
    for frame in range(0, 30 * IMAGES, 30):
        digest = hashlib.sha256(f"{video}/{frame}".encode()).hexdigest()
        row = {"image": f"{video}/{frame:06d}.jpg", "video": video, "frame": frame, "status": "ok"}
        row |= {
            "time": f"{frame / 30:.3f}",
            "x": 400,
            "y": 200,
            "width": 180,
            "height": 180,
            "score": "1.2345",
        }
        row |= {
            "faces": 1,
            "counted": "frame",
            "crop_x": 373,
            "crop_y": 173,
            "crop_side": 234,
            "sharpness": "99.99",
        }
        rows.append(
            row | {"phash": digest[:16], "bytes": 15_000 + int(digest[:4], 16) % 10_000, "sha256": digest}
        )
    return rows


if __name__ == "__main__":
    main()
