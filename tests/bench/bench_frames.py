"""CPU seconds to read 10 frames of a video: VideoReader and OpenCV, on one thread, the same frames.

python tests/bench/bench_frames.py
"""

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from videos import cpu_seconds, find_videos

from deepfake.extraction.video import VideoReader

COUNT = 10


def by_reader(path: Path) -> list[np.ndarray]:
    reader = VideoReader(path)
    frames = reader.frames(plain.indices(reader.frame_count, COUNT))
    return [frame.pixels for frame in sorted(frames, key=lambda frame: frame.index)]


METHODS = {
    "reader": by_reader, "grab": plain.by_grabbing, "read all": plain.by_reading, "seek": plain.by_seeking
}  # fmt: skip


def main() -> None:
    cv2.setNumThreads(1)
    total = dict.fromkeys(METHODS, 0.0)
    print(f"{'video':34}" + "".join(f"{method:>10}" for method in METHODS) + "  frames")
    with tempfile.TemporaryDirectory() as folder:
        for path in find_videos(Path(folder)):
            seconds, frames = {}, {}
            for method, read in METHODS.items():
                seconds[method], frames[method] = cpu_seconds(lambda read=read, path=path: read(path))
                total[method] += seconds[method]
            same = all(np.array_equal(a, b) for a, b in zip(frames["reader"], frames["grab"], strict=True))
            row = "".join(f"{seconds[method]:>10.2f}" for method in METHODS)
            name = f"{path.parent.parent.parent.name}/{path.name}"
            print(f"{name:34}{row}  {'identical' if same else 'DIFFER'}")
    print(f"{'all':34}" + "".join(f"{total[method]:>10.2f}" for method in METHODS))
    print(f"{'ratio':34}" + "".join(f"{total['reader'] / total[method]:>10.2f}" for method in METHODS))


if __name__ == "__main__":
    main()
