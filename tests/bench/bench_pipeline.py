"""From videos to face crops: the whole workflow against a plain script, in CPU seconds of all processes.

    python tests/bench/bench_pipeline.py --copies 4 --yunet face_detection_yunet_2023mar.onnx

The workflow runs from index to plan, Snakemake and all, on one core. Clips are copied under other names so
that start-up weighs as it does in use.
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
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from clips import ROOT, cpu_seconds, find_clips

COUNT = 10
WIDTHS = (7, 8, 8, 7, 6, 9, 9)
CONFIG = """
shard_size: {shard}
keep_frames: true
corpora: {{bench: {{layout: imagefolder, folder: clips}}}}
datasets: {{bench_set: {{corpora: [bench], balance: false, splits: {{train: 1}}}}}}
frames: {{count: {count}}}
faces: {faces}
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--yunet", type=Path, default=ROOT.parent / "shared/data/yunet_n_640_640.onnx")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        real = find_clips(Path(folder))
        paths = copies(real, Path(folder) / "clips", args.copies)
        rows = [("plain, seeking", COUNT, *run_plain(paths, plain.by_seeking))]
        rows += [("plain, reading all", COUNT, *run_plain(paths, plain.by_reading))]
        ways = {"dlib full": "{search: full}", "dlib track": "{search: track}"}
        if args.yunet.is_file():
            digest = hashlib.sha256(args.yunet.read_bytes()).hexdigest()
            model = f"detector: yunet, model: {args.yunet.resolve()}, sha256: {digest}"
            ways |= {"YuNet": f"{{{model}}}", "YuNet track": f"{{{model}, search: track}}"}
        else:
            print(f"no YuNet model: {args.yunet} is not there")
        for name, faces in ways.items():
            rows.append((f"workflow, {name}", COUNT, *run_workflow(Path(folder), faces, COUNT, len(paths))))
        if args.yunet.is_file():
            name = "workflow, YuNet, 32 frames"
            rows.append((name, 32, *run_workflow(Path(folder), ways["YuNet"], 32, len(paths))))
    seek, read = rows[0][2], rows[1][2]
    print(f"{len(paths)} clips, {os.cpu_count()} cores")
    heads = zip(("frames", "CPU s", "wall s", "crops", "MB", "to seek", "to read"), WIDTHS, strict=True)
    print(f"{'a clip':28}" + "".join(f"{head:>{width}}" for head, width in heads))
    for name, count, cpu, wall, crops, peak in rows:
        ratios = f"{seek / cpu:>9.2f}{read / cpu:>9.2f}" if count == COUNT else ""
        values = (count, f"{cpu / len(paths):.2f}", f"{wall / len(paths):.2f}", crops, f"{peak:.0f}")
        cells = zip(values, WIDTHS, strict=False)
        print(f"{name:28}" + "".join(f"{cell:>{width}}" for cell, width in cells) + ratios)


def copies(clips: list[Path], folder: Path, times: int) -> list[Path]:
    """Links to the clips in folders of their class, each under `times` names."""
    paths = []
    for clip in clips:
        label = "fake" if "manipulated_sequences" in str(clip) or clip.stem > "m" else "real"
        for number in range(times):
            path = folder / label / f"{clip.parent.parent.parent.name}{clip.stem}x{number}{clip.suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(clip)
            paths.append(path)
    return paths


def run_plain(paths: list[Path], read) -> tuple[float, float, int, float]:
    began = time.monotonic()
    cpu, crops = cpu_seconds(lambda: plain.video_to_crops(paths, COUNT, read))
    return cpu, time.monotonic() - began, crops, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_workflow(folder: Path, faces: str, count: int, clips: int) -> tuple[float, float, int, float]:
    """CPU and wall seconds, crops, and the largest job's peak MB, of a run from index to plan."""
    for part in ("Snakefile", "config.yaml", "rules", "scripts", "envs", "profiles"):
        (shutil.copytree if (ROOT / part).is_dir() else shutil.copy2)(ROOT / part, folder / part)
    (folder / "mine.yaml").write_text(CONFIG.format(shard=min(64, clips), count=count, faces=faces))
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--quiet",
        "rules",
        "results/plans/bench_set.csv",
    ]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [*command, "--configfile", "mine.yaml"], cwd=folder, env=environment, check=True, capture_output=True
    )
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    peaks = [benchmark_peak(path) for path in folder.glob("benchmarks/f*/**/*.tsv")]
    tables = folder.glob("results/faces/bench/*.csv")
    crops = sum(path.read_text().count(",ok,\n") for path in tables)
    for part in (
        "Snakefile",
        "config.yaml",
        "rules",
        "scripts",
        "envs",
        "profiles",
        "results",
        "benchmarks",
        "logs",
    ):
        (shutil.rmtree if (folder / part).is_dir() else os.remove)(folder / part)
    shutil.rmtree(folder / ".snakemake")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return cpu, wall, crops, max(peaks)


def benchmark_peak(path: Path) -> float:
    """The peak resident memory, in MB, that Snakemake's benchmark file tells."""
    head, values = (line.split("\t") for line in path.read_text().splitlines())
    peak = values[head.index("max_rss")]
    return 0.0 if peak in ("-", "NA") else float(peak)


if __name__ == "__main__":
    main()
