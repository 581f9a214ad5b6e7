"""From videos to face crops: the whole workflow and a plain script, in CPU seconds of all processes.

    python tests/bench/bench_pipeline.py --clips 48 --only "dlib full"

The workflow runs from the index to the crops, with Snakemake. The clips are a third each of FaceForensics++
c23, c40 and Celeb-DF, each linked under a name of its own. The plain script starts in no time. It runs again
right before each row, and the row's ratio is to that run, since the speed of machines drifts.
"""

import argparse
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from videos import WORKFLOW, YUNET, copy_workflow, cpu_seconds, find_clips

CONFIG = """
corpora: {{bench: {{layout: imagefolder, folder: videos}}}}
datasets: {{bench_set: {{corpora: [bench], balance: none, duplicates: null, splits: {{train: 1}}}}}}
shard_size: {shard}
frames: {{count: {count}, boost: 1}}
faces: {faces}
"""


@dataclass
class Cost:
    """CPU and wall seconds a clip, the number of crops, and the largest process's peak of memory in MB."""

    cpu: float
    wall: float
    crops: int
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=48)
    parser.add_argument("--only", nargs="+", help="names of rows, as 'dlib full'")
    parser.add_argument("--yunet", type=Path, default=YUNET)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        clips = find_clips(Path(folder), args.clips)
        link_clips(clips, Path(folder) / "videos")
        print(f"{len(clips)} clips, {len(set(clips))} different ones; costs are for one clip")
        print(f"{'':30}{'frames':>7}{'CPU s':>7}{'wall s':>7}{'crops':>7}{'MB':>6}{'ratio':>7}")
        for name, faces, count, cores in rows(args.yunet):
            if args.only and name not in args.only:
                continue
            reference = run_plain(clips, count)
            show("plain, seeking", count, reference)
            cost = run_workflow(Path(folder), faces, count, len(clips), cores)
            show(f"workflow, {name}", count, cost, reference.cpu / cost.cpu)


def rows(yunet: Path) -> list[tuple[str, str, int, int]]:
    """Return the name, the config section `faces`, the frames a clip and the cores of each row."""
    settings = [("dlib full", "{search: full}", 10, 1), ("dlib track", "{search: track}", 10, 1)]
    if not yunet.is_file():
        print(f"no YuNet model: {yunet} is not there")
        return settings
    model = yunet_settings(yunet)
    settings += [("YuNet full", f"{{{model}}}", 10, 1), ("YuNet track", f"{{{model}, search: track}}", 10, 1)]
    settings += [("YuNet full, 32 frames", f"{{{model}}}", 32, 1)]
    return [*settings, ("dlib full, 2 cores", "{search: full}", 10, 2)]


def yunet_settings(model: Path) -> str:
    """Return the keys of the config section `faces` that choose YuNet, in YAML."""
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    return f"detector: yunet, model: {model.resolve()}, sha256: {digest}"


def show(name: str, count: int, cost: Cost, ratio: float | None = None) -> None:
    row = f"{name:30}{count:>7}{cost.cpu:>7.2f}{cost.wall:>7.2f}{cost.crops:>7}{cost.peak:>6.0f}"
    print(row + (f"{ratio:>7.2f}" if ratio else ""), flush=True)


def link_clips(clips: list[Path], folder: Path) -> None:
    """Link the clips into folders of their class, in `folder`; a clip may come several times."""
    for number, clip in enumerate(clips):
        is_fake = "manipulated_sequences" in str(clip) or "Celeb-synthesis" in str(clip)
        path = folder / ("fake" if is_fake else "real") / f"{number:03d}_{clip.name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(clip)


def run_plain(clips: list[Path], count: int, read: Callable = plain.by_seeking) -> Cost:
    began = time.monotonic()
    cpu, crops = cpu_seconds(lambda: plain.video_to_crops(clips, count, read))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(cpu / len(clips), (time.monotonic() - began) / len(clips), crops, peak)


def run_workflow(folder: Path, faces: str, count: int, clips: int, cores: int) -> Cost:
    """Return the cost of a run from index to crops in `folder`, of so many `clips`; it leaves nothing."""
    command, environment = prepare_workflow(folder, faces, count, clips, cores)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peaks = [peak_of(path) for path in folder.glob("benchmarks/f*/**/*.tsv")]
    crops = sum(path.read_text().count(",ok,\n") for path in folder.glob("results/faces/bench/*.csv"))
    for part in [*WORKFLOW, "results", "benchmarks", "logs", ".snakemake"]:
        (shutil.rmtree if (folder / part).is_dir() else os.remove)(folder / part)
    return Cost(cpu / clips, wall / clips, crops, max(peaks))


def prepare_workflow(
    folder: Path, faces: str, count: int, clips: int, cores: int
) -> tuple[list[str], dict[str, str]]:
    """Copy the workflow to `folder`; returns the command that makes the crops there, and its environment."""
    copy_workflow(folder)
    (folder / "mine.yaml").write_text(CONFIG.format(shard=max(64, clips), count=count, faces=faces))
    command = [sys.executable, "-m", "snakemake", "results/faces/bench/all.csv", "--cores", str(cores)]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    return [*command, "--configfile", "mine.yaml"], environment


def peak_of(path: Path) -> float:
    """Return the peak of resident memory in MB, from Snakemake's benchmark file."""
    head, values = (line.split("\t") for line in path.read_text().splitlines())
    peak = values[head.index("max_rss")]
    return 0.0 if peak in ("-", "NA") else float(peak)


if __name__ == "__main__":
    main()
