"""CPU seconds to take 10 frames of a clip: ours against OpenCV, one thread, the same frames.

python tests/bench/bench_frames.py
"""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from clips import cpu_seconds, find_clips

from deepfake.extraction.video import Clip

COUNT = 10


def ours(path: Path) -> list[np.ndarray]:
    clip = Clip(path)
    return [f.pixels for f in sorted(clip.frames(plain.indices(clip.count, COUNT)), key=lambda f: f.index)]


def main() -> None:
    cv2.setNumThreads(1)
    ways = {"ours": ours, "grab": plain.by_grabbing, "read all": plain.by_reading, "seek": plain.by_seeking}
    total = dict.fromkeys(ways, 0.0)
    print(f"{'clip':34}" + "".join(f"{way:>10}" for way in ways) + "  frames")
    with tempfile.TemporaryDirectory() as folder:
        for path in find_clips(Path(folder)):
            seconds, frames = {}, {}
            for way, read in ways.items():
                seconds[way], frames[way] = cpu_seconds(lambda read=read, path=path: read(path))
                total[way] += seconds[way]
            same = all(np.array_equal(a, b) for a, b in zip(frames["ours"], frames["grab"], strict=True))
            row = "".join(f"{seconds[way]:>10.2f}" for way in ways)
            name = f"{path.parent.parent.parent.name}/{path.name}"
            print(f"{name:34}{row}  {'identical' if same else 'DIFFER'}")
    print(f"{'all':34}" + "".join(f"{total[way]:>10.2f}" for way in ways))
    print(f"{'ours to it':34}" + "".join(f"{total['ours'] / total[way]:>10.2f}" for way in ways))


if __name__ == "__main__":
    main()
