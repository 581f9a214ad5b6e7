"""From videos to face crops: the whole workflow and a plain script, in CPU seconds of all processes.

    python tests/bench/bench_pipeline.py --copies 4 --yunet face_detection_yunet_2023mar.onnx

The workflow runs from index to plan, with Snakemake. It gets every video under several names, so that the
time to start has about the same part as in use, where a shard has 64 videos. The plain script starts in no
time. It runs again before each row, and the row's ratio is to that run, since the speed of machines drifts.
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
from videos import WORKFLOW, YUNET, copy_workflow, cpu_seconds, find_videos

CONFIG = """
corpora: {{bench: {{layout: imagefolder, folder: videos}}}}
datasets: {{bench_set: {{corpora: [bench], balance: none, duplicates: null, splits: {{train: 1}}}}}}
shard_size: {shard}
frames: {{count: {count}, boost: 1}}
faces: {faces}
"""


@dataclass
class Cost:
    """CPU and wall seconds a video, the number of crops, and the largest process's peak of memory in MB."""

    cpu: float
    wall: float
    crops: int
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--copies", type=int, default=9, help="names for each video")
    parser.add_argument("--yunet", type=Path, default=YUNET)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    methods = [("dlib full", "{search: full}", 10, 1), ("dlib track", "{search: track}", 10, 1)]
    if args.yunet.is_file():
        digest = hashlib.sha256(args.yunet.read_bytes()).hexdigest()
        model = f"detector: yunet, model: {args.yunet.resolve()}, sha256: {digest}"
        methods += [("YuNet", f"{{{model}}}", 10, 1), ("YuNet track", f"{{{model}, search: track}}", 10, 1)]
        methods += [("YuNet", f"{{{model}}}", 32, 1), ("YuNet track", f"{{{model}, search: track}}", 32, 1)]
    else:
        print(f"no YuNet model: {args.yunet} is not there")
    methods += [("dlib full", "{search: full}", 10, 2)]
    with tempfile.TemporaryDirectory() as folder:
        videos = find_videos(Path(folder))
        number = link_copies(videos, Path(folder) / "videos", args.copies)
        print(f"{number} videos for the workflow; costs are for one video")
        print(f"{'':30}{'frames':>7}{'CPU s':>7}{'wall s':>7}{'crops':>7}{'MB':>6}{'ratio':>7}")
        show("plain, reading every frame", 10, run_plain(videos, plain.by_reading))
        for name, faces, count, cores in methods:
            reference = run_plain(videos, plain.by_seeking)
            show("plain, seeking", 10, reference)
            cost = run_workflow(Path(folder), faces, count, number, cores)
            ratio = reference.cpu / cost.cpu if count == 10 else None
            show(f"workflow, {name}, {cores} core{'s' * (cores > 1)}", count, cost, ratio)


def show(name: str, count: int, cost: Cost, ratio: float | None = None) -> None:
    row = f"{name:30}{count:>7}{cost.cpu:>7.2f}{cost.wall:>7.2f}{cost.crops:>7}{cost.peak:>6.0f}"
    print(row + (f"{ratio:>7.2f}" if ratio else ""), flush=True)


def link_copies(videos: list[Path], folder: Path, times: int) -> int:
    """Link the videos into folders of their class, each under `times` names. Return the number of links."""
    for video in videos:
        label = "fake" if "manipulated_sequences" in str(video) or video.stem > "m" else "real"
        for number in range(times):
            path = folder / label / f"{video.parent.parent.parent.name}{video.stem}x{number}{video.suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(video)
    return len(videos) * times


def run_plain(videos: list[Path], read: Callable) -> Cost:
    began = time.monotonic()
    cpu, crops = cpu_seconds(lambda: plain.video_to_crops(videos, 10, read))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Cost(cpu / len(videos), (time.monotonic() - began) / len(videos), crops, peak)


def run_workflow(folder: Path, faces: str, count: int, videos: int, cores: int) -> Cost:
    """Return the cost of a run from index to plan in `folder`, of so many `videos`; it leaves nothing."""
    copy_workflow(folder)
    shard = min(64, -(-videos // cores))
    (folder / "mine.yaml").write_text(CONFIG.format(shard=shard, count=count, faces=faces))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "snakemake", "results/plans/bench_set.csv", "--cores", str(cores)]
    command += ["--configfile", "mine.yaml"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peaks = [peak_of(path) for path in folder.glob("benchmarks/f*/**/*.tsv")]
    crops = sum(path.read_text().count(",ok,\n") for path in folder.glob("results/faces/bench/*.csv"))
    for part in [*WORKFLOW, "results", "benchmarks", "logs", ".snakemake"]:
        (shutil.rmtree if (folder / part).is_dir() else os.remove)(folder / part)
    return Cost(cpu / videos, wall / videos, crops, max(peaks))


def peak_of(path: Path) -> float:
    """Return the peak of resident memory in MB, from Snakemake's benchmark file."""
    head, values = (line.split("\t") for line in path.read_text().splitlines())
    peak = values[head.index("max_rss")]
    return 0.0 if peak in ("-", "NA") else float(peak)


if __name__ == "__main__":
    main()
