"""How long Snakemake takes over the graph of a large corpus, with an index made up for the purpose.

python tests/bench/bench_graph.py --videos 1000 10000 124000
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from clips import copy_workflow

from deepfake import tables
from deepfake.corpora.sharding import assign_shards

CONFIG = """
corpora: {{large: {{layout: dfdc, archives: ["{folder}/parts/*.zip"]}}}}
datasets: {{large_set: {{corpora: [large]}}}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--videos", type=int, nargs="+", default=[1000, 10000, 124000])
    parser.add_argument("--archives", type=int, default=50)
    args = parser.parse_args()
    print(f"{'videos':>8} {'shards':>7} {'jobs':>7} {'wall s':>7} {'CPU s':>7} {'peak MB':>8}")
    for videos in args.videos:
        with tempfile.TemporaryDirectory() as folder:
            shards = make_project(Path(folder), videos, args.archives)
            seconds, cpu, peak, text = dry_run(Path(folder))
            jobs = next(line.split()[-1] for line in text.splitlines() if line.startswith("total "))
            print(f"{videos:>8} {shards:>7} {jobs:>7} {seconds:>7.1f} {cpu:>7.1f} {peak:>8.0f}")


def make_project(folder: Path, videos: int, archives: int) -> int:
    """A copy of the workflow beside an index of `videos` rows in `archives` zips; returns how many shards."""
    copy_workflow(folder)
    (folder / "parts").mkdir()
    for part in range(archives):
        zipfile.ZipFile(folder / "parts" / f"dfdc_train_part_{part:02d}.zip", "w").close()
    (folder / "mine.yaml").write_text(CONFIG.format(folder=folder))
    names = [f"video{number:07d}" for number in range(videos)]
    shard_of = assign_shards(names, 64)
    rows = [
        {"video": name, "shard": shard_of[name], "archive": f"dfdc_train_part_{number % archives:02d}.zip"}
        for number, name in enumerate(names)
    ]
    by_shard = defaultdict(list)
    for row in rows:
        by_shard[row["shard"]].append({"video": row["video"], "media": "video", "archive": row["archive"]})
    index = folder / "results" / "index" / "large"
    tables.write_rows(index / "videos.csv", tables.INDEX, rows)
    for shard, members in by_shard.items():
        tables.write_rows(index / f"{shard}.csv", tables.SHARD, members)
    return len(by_shard)


def dry_run(folder: Path) -> tuple[float, float, float, str]:
    """Wall seconds, CPU seconds, peak memory in MB, and what Snakemake printed."""
    command = [sys.executable, "-m", "snakemake", "-n", "--quiet", "rules", "--cores", "2"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, "results/large_set", "--configfile", "mine.yaml"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(text)
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text


if __name__ == "__main__":
    main()
