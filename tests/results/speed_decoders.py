"""One reader of frames in a process of its own: CPU seconds a clip, memory, and frames like the workflow's.

    PYTHONPATH=scripts:tests:tests/bench python tests/results/speed_decoders.py decord clip.mp4 --compare

Prints a JSON object. A process for each reader, so that memory is its own, with Python and its libraries. All
read on one thread, and what is loaded at the first clip doesn't count.
"""

import argparse
import json
import os
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from bench_frames import COUNT, by_reader, methods
from ffmpeg_frames import find_ffmpeg
from results.speed_process import run_measured
from videos import cpu_seconds

NAMES = {
    "reader": "ours",
    "grab": "OpenCV, every frame grabbed",
    "read all": "OpenCV, every frame read",
    "seek": "OpenCV, seeking",
    "torchcodec": "torchcodec",
    "decord": "decord",
    "ff select": "ffmpeg, frames by number, as pixels",
    "ff rate": "ffmpeg, frames by rate, as JPEG files",
}
"""The readers of bench_frames.py, as the page calls them."""


def measure(reader: str, clips: list[Path], scratch: Path, compare: bool) -> dict[str, Any]:
    """Run this program on clips; returns CPU seconds a clip, MB, and with `compare` what the frames are."""
    command = [sys.executable, __file__, reader, *map(str, clips)]
    libraries = f"{av_libraries(scratch)}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    environment = os.environ | {"LD_LIBRARY_PATH": libraries, "OMP_NUM_THREADS": "1"}
    usage = run_measured(command, Path.cwd(), environment)
    row = json.loads(usage.output.splitlines()[-1]) | {"peak": usage.peak}
    if compare:
        compared = run_measured([*command, "--compare"], Path.cwd(), environment)
        row |= json.loads(compared.output.splitlines()[-1])
    return row


def av_libraries(scratch: Path) -> str:
    """Return folders with PyAV's FFmpeg under the names by which torchcodec looks for it."""
    bundled = Path(find_spec("av").origin).parents[1] / "av.libs"
    links = scratch / "av"
    links.mkdir(parents=True, exist_ok=True)
    for path in bundled.glob("lib*-*.so.*"):
        link = links / f"{path.name.partition('-')[0]}.so.{path.name.partition('.so.')[2].partition('.')[0]}"
        if not link.exists():
            link.symlink_to(path)
    return f"{links}:{bundled}"


def versions() -> dict[str, str]:
    """Return the versions of what reads."""
    found = {"opencv": cv2.__version__, "pyav": version("av")}
    for package in ("torchcodec", "decord"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if program := find_ffmpeg():
        done = subprocess.run([program, "-version"], stdout=subprocess.PIPE, text=True, check=True)
        found["ffmpeg"] = done.stdout.split()[2].partition("-")[0]
    return found


def compare_frames(read, clips: list[Path]) -> dict[str, Any]:
    """Return the numbers of frames, of identical ones, and the largest mean difference in grey levels."""
    got = same = 0
    worst = 0.0
    for clip in clips:
        frames, ours = read(clip), by_reader(clip)
        got += len(frames)
        for frame, own in zip(frames, ours, strict=False):
            same += np.array_equal(frame, own)
            if frame is not None and frame.shape == own.shape:
                worst = max(worst, float(np.abs(frame.astype(np.int16) - own).mean()))
    return {"frames": got, "identical": same, "difference": worst}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("reader")
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--compare", action="store_true", help="only compare with ours")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    read = methods()[args.reader]
    if args.compare:
        print(json.dumps(compare_frames(read, args.clips)))
        return
    read(args.clips[0])
    seconds = [cpu_seconds(lambda clip=clip: read(clip))[0] for clip in args.clips]
    print(json.dumps({"cpu": sum(seconds) / len(seconds), "asked": COUNT * len(args.clips)}))


if __name__ == "__main__":
    main()
