"""What Snakemake takes over the graph of a corpus like DFDC and of ones 8 and 64 times as large: a dry-run, a
run in which nothing is to be done, and a dry-run after one shard's table has changed, with the Slurm profile.

    python tests/bench/bench_scale.py --times 1/64 1/8 1 8:512 64:4096

`8:512` is 8 times 124,000 videos with `shard_size: 512`. Index, tables and tars are made up, and Snakemake's
own records of a finished run with them. `inner` is Snakemake's start for one step within a cluster's job.
With `--really` one shard's table is changed and the run really goes through a Slurm that runs already; its
tars are made up, so the shard's jobs fail: what is counted is what is submitted.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))

from videos import copy_workflow

from deepfake import tables
from deepfake.corpora.shards import max_videos

VIDEOS = 124_000
CORPUS = "results/{}/large"
CONFIG = """
shard_size: {size}
corpora: {{large: {{layout: dfdc, archives: ["{folder}/*.zip"]}}}}
datasets: {{large_set: {{corpora: [large]}}}}
"""
TAKEN = "has been submitted with SLURM jobid"
PARTS = ("index", "frames")  # whose tables a shard's steps read
SECONDS, MB = 1200, 16_000  # where a measurement is given up


@dataclass
class Cost:
    """CPU and wall seconds, peak MB of the process, what it printed; `over` if it was given up."""

    cpu: float
    wall: float
    peak: float
    text: str
    over: bool


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", nargs="+", default=["1/64", "1/8", "1", "8:512", "64:4096"])
    parser.add_argument("--really", action="store_true", help="run the stale shard through Slurm")
    parser.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="more options of Snakemake")
    args = parser.parse_args()
    head = f"{'videos':>9} {'a shard':>7} {'shards':>7} {'run':>10} {'jobs':>7} {'submitted':>9}"
    print(f"{head} {'wall s':>7} {'CPU s':>7} {'MB':>7}")
    for wanted in args.times:
        times, _, size = wanted.partition(":")
        videos, size = int(VIDEOS * Fraction(times)), int(size or 64)
        with tempfile.TemporaryDirectory() as folder:
            shards = make_project(Path(folder), videos, size)
            for name, cost in measure(Path(folder), shards, args.really, args.options):
                jobs, submitted = jobs_of(cost.text)
                row = f"{videos:>9} {size:>7} {len(shards):>7} {name:>10} {jobs:>7} {submitted:>9}"
                print(
                    f"{row} {cost.wall:>7.1f} {cost.cpu:>7.1f} {cost.peak:>7.0f}{' over' * cost.over}",
                    flush=True,
                )


def measure(folder: Path, shards: list[str], really: bool, options: list[str]):
    """The name and cost of each kind of run."""
    run = ["results/large_set", "--configfile", "mine.yaml", "--profile", "slurm", *options]
    cost = snakemake(folder, *run, "-n")
    yield "dry-run", cost
    yield "inner", snakemake(folder, *inner(shards[-1]))
    if cost.over:
        return
    finish(folder, shards)
    cost = snakemake(folder, *run)
    if not cost.over and "Nothing to be done" not in cost.text:
        sys.exit(cost.text)
    yield "no-op", cost
    table = folder / CORPUS.format("index") / f"{shards[0]}.csv"
    table.write_text(table.read_text().replace(",10\n", ",11\n", 1))
    yield "one stale", snakemake(folder, *run, "-n")
    if really:
        yield "really", snakemake(folder, *run, "--retries", "0")


def snakemake(folder: Path, *arguments: str) -> Cost:
    """Run Snakemake in `folder`, and give it up where it goes over SECONDS of CPU or MB."""
    began, cpu, peak, over = time.monotonic(), 0.0, 0.0, False
    with open(folder / "printed.txt", "w+") as printed:
        command = [sys.executable, "-m", "snakemake", *arguments]
        process = psutil.Popen(command, cwd=folder, stdout=printed, stderr=subprocess.STDOUT)
        while process.status() != psutil.STATUS_ZOMBIE:
            times = process.cpu_times()
            cpu = times.user + times.system
            peak = max(peak, process.memory_info().rss / 1e6)
            if not over and (cpu > SECONDS or peak > MB):
                over = True
                process.kill()
            time.sleep(0.05)
        code = process.wait()
        printed.seek(0)
        text = printed.read()
    if code and not over and TAKEN not in text:
        sys.exit(text)
    return Cost(cpu, time.monotonic() - began, peak, text, over)


def jobs_of(text: str) -> tuple[str, int]:
    """How many jobs a printout plans, and how many submissions: in a run what Slurm has taken, in a dry-run
    groups and the jobs outside of them that aren't local."""
    total = re.search(r"^total +(\d+)", text, re.MULTILINE)
    taken = text.count(TAKEN)
    groups = len(re.findall(r"^(?:\[.*\] )?Group job ", text, re.MULTILINE))
    alone = len(re.findall(r"^(?:rule|checkpoint) \w+:$", text, re.MULTILINE))
    return (total.group(1) if total else "0"), taken or groups + alone


def inner(shard: str) -> list[str]:
    """The options with which a job's own Snakemake starts for one step, but that it does nothing then."""
    target = ["--target-jobs", f"faces:corpus=large,shard={shard}", "--allowed-rules", "faces"]
    quick = ["--max-inventory-time", "0", "--retries", "0", "--nolock", "--ignore-incomplete", "--force"]
    return [*target, *quick, "--mode", "remote", "--cores", "1", "--configfile", "mine.yaml", "-n", "--quiet"]


def make_project(folder: Path, videos: int, size: int) -> list[str]:
    """A copy of the workflow beside the index of `videos` videos; returns the names of the shards."""
    copy_workflow(folder)
    (folder / "slurm").symlink_to("profiles/slurm")
    (folder / "mine.yaml").write_text(CONFIG.format(folder=folder, size=size))
    (folder / "empty.zip").write_bytes(b"PK\5\6" + bytes(18))
    bits = 0
    while videos > max_videos(size) << bits:
        bits += 1
    shards = [f"{number:0{bits}b}" if bits else "all" for number in range(1 << bits)]
    index = folder / CORPUS.format("index")
    index.mkdir(parents=True)
    (index / "sources.json").write_text("{}")
    index.with_suffix(".txt").write_text("\n".join(shards) + "\n")
    whole = []
    for place, shard in enumerate(shards):
        rows = [_row(number, shard) for number in range(place, videos, len(shards))]
        shown = [{column: row.get(column, "") for column in tables.SHARD} | {"original": ""} for row in rows]
        tables.write_rows(index / f"{shard}.csv", tables.SHARD, shown)
        whole += rows
    tables.write_rows(index / "videos.csv", tables.INDEX, whole)
    touch(folder, f"{CORPUS.format('index')}.txt")
    return shards


def _row(number: int, shard: str) -> dict:
    name = f"video{number:07d}"
    row = {"video": name, "shard": shard, "kind": "video", "archive": "empty.zip", "bytes": 3790000}
    row |= {"member": f"dfdc_train_part_0/{name}.mp4", "crc32": f"{number:08x}", "label": 1}
    return row | {"frames_wanted": 10, "frames_base": 10, "original": name, "group": name}


def finish(folder: Path, shards: list[str]) -> None:
    """Make up what a finished run leaves: outputs, and Snakemake's records of them.

    Snakemake writes the records of one shard (`--touch`); those of the others are the same but for the
    shard's name and the digests of its tables. Then it writes those of plan and dataset. The workflow's own
    records of what was made with what are written by `--touch` too.
    """
    for step in ("frames", "faces"):
        (folder / CORPUS.format(step)).mkdir(parents=True)
        for shard in shards:
            for ending in ("tar", "csv"):
                (folder / CORPUS.format(step) / f"{shard}.{ending}").write_text(f"{step} of {shard}\n")
    touch(folder, f"{CORPUS.format('faces')}/{shards[0]}.csv")
    records = folder / ".snakemake" / "metadata"
    first = {urlsafe_b64decode(path.name).decode(): path.read_text() for path in records.iterdir()}
    for shard in shards[1:]:
        digests = {
            digest(folder, shards[0], part): digest(folder, shard, part) for part in ("index", "frames")
        }
        for name, text in first.items():
            text = re.sub(rf"/large/{shards[0]}\b", f"/large/{shard}", text)
            for old, new in digests.items():
                text = text.replace(old, new)
            name = name.replace(f"/large/{shards[0]}", f"/large/{shard}")
            (records / urlsafe_b64encode(name.encode()).decode()).write_text(text)
    (folder / "results/plans").mkdir()
    for ending in ("csv", "json"):
        (folder / f"results/plans/large_set.{ending}").write_text("{}")
    (folder / "results/large_set").mkdir()
    touch(folder, "results/large_set")


def digest(folder: Path, shard: str, part: str) -> str:
    return sha256((folder / CORPUS.format(part) / f"{shard}.csv").read_bytes()).hexdigest()


def touch(folder: Path, target: str) -> None:
    arguments = [target, "--touch", "--cores", "1", "--configfile", "mine.yaml", "--quiet", "all"]
    subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments], cwd=folder, check=True, capture_output=True
    )


if __name__ == "__main__":
    main()
