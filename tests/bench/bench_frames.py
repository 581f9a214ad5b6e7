"""CPU seconds to read 10 frames of a clip on one thread, the same frames with VideoReader and other readers.

python tests/bench/bench_frames.py --clips 12

torchcodec, decord and ffmpeg are measured where they are installed; they aren't requirements of the project.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import plain
from ffmpeg_frames import by_ffmpeg_rate, by_ffmpeg_select, find_ffmpeg
from videos import cpu_seconds, find_clips

from deepfake.extraction.video import VideoReader

COUNT = 10


def by_reader(path: Path) -> list[np.ndarray]:
    reader = VideoReader(path)
    frames = reader.frames(plain.indices(reader.frame_count, COUNT))
    return [frame.pixels for frame in sorted(frames, key=lambda frame: frame.index)]


def by_torchcodec(path: Path) -> list[np.ndarray]:
    import torch
    from torchcodec.decoders import VideoDecoder

    torch.set_num_threads(1)
    video = VideoDecoder(str(path), num_ffmpeg_threads=1, dimension_order="NHWC")
    frames = video.get_frames_at(plain.indices(len(video), COUNT)).data.numpy()
    return [frame[..., ::-1] for frame in frames]


def by_decord(path: Path) -> list[np.ndarray]:
    import decord

    video = decord.VideoReader(str(path), num_threads=1)
    return [frame[..., ::-1] for frame in video.get_batch(plain.indices(len(video), COUNT)).asnumpy()]


def methods() -> dict[str, Callable[[Path], list[np.ndarray]]]:
    """Return the readers by name; their frames are compared with those of the first one."""
    found = {"reader": by_reader, "grab": plain.by_grabbing, "read all": plain.by_reading}
    found["seek"] = plain.by_seeking
    if find_spec("torchcodec"):
        found["torchcodec"] = by_torchcodec
    if find_spec("decord"):
        found["decord"] = by_decord
    if find_ffmpeg():
        found |= {"ff select": by_ffmpeg_select, "ff rate": by_ffmpeg_rate}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=12)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    readers = methods()
    total = dict.fromkeys(readers, 0.0)
    print(f"{'clip':44}" + "".join(f"{name:>11}" for name in readers) + "  frames that differ")
    with tempfile.TemporaryDirectory() as folder:
        clips = find_clips(Path(folder), args.clips)
        for read in readers.values():
            read(clips[0])  # what is loaded at the first call doesn't count
        for path in clips:
            seconds, frames = {}, {}
            for name, read in readers.items():
                seconds[name], frames[name] = cpu_seconds(lambda read=read, path=path: read(path))
                total[name] += seconds[name]
            other = [name for name in readers if not all(map(np.array_equal, frames["reader"], frames[name]))]
            row = "".join(f"{seconds[name]:>11.2f}" for name in readers)
            print(f"{'/'.join(path.parts[-4:])[-43:]:44}{row}  {' '.join(other) or 'none'}", flush=True)
    print(f"{'mean':44}" + "".join(f"{total[name] / len(clips):>11.3f}" for name in readers))
    print(f"{'ratio':44}" + "".join(f"{total['reader'] / total[name]:>11.2f}" for name in readers))


if __name__ == "__main__":
    main()
