"""Frames of a video by the program ffmpeg, which scripts for large sets of videos start for each of them."""

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import plain

COUNT = 10


def find_ffmpeg() -> str | None:
    """Return the program's path: the one installed, or else the one in the package imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    if find_spec("imageio_ffmpeg"):
        import imageio_ffmpeg

        return imageio_ffmpeg.get_ffmpeg_exe()
    return None


def by_ffmpeg_select(path: Path, count: int = COUNT) -> list[np.ndarray]:
    """Have ffmpeg decode the video, and pass on the frames at the indices as pixels, BGR."""
    video = plain.open_video(path)
    total, width, height = (
        int(video.get(key))
        for key in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT)
    )
    chosen = "+".join(f"eq(n\\,{index})" for index in plain.indices(total, count))
    pixels = run_ffmpeg(path, f"select={chosen}", "-f", "rawvideo", "-pix_fmt", "bgr24", "-")
    return list(np.frombuffer(pixels, np.uint8).reshape(-1, height, width, 3))


def by_ffmpeg_rate(path: Path, count: int = COUNT) -> list[np.ndarray]:
    """Have ffmpeg write JPEG files at so many frames a second that there are about `count`, and open them.

    The times are ffmpeg's, not those of the other readers.
    """
    video = plain.open_video(path)
    seconds = video.get(cv2.CAP_PROP_FRAME_COUNT) / video.get(cv2.CAP_PROP_FPS)
    with tempfile.TemporaryDirectory() as folder:
        run_ffmpeg(path, f"fps={count / seconds:.6f}", "-q:v", "2", f"{folder}/%04d.jpg")
        return [cv2.imread(str(file)) for file in sorted(Path(folder).iterdir())]


def run_ffmpeg(path: Path, chosen: str, *output: str) -> bytes:
    command = [find_ffmpeg(), "-v", "error", "-threads", "1", "-i", str(path), "-vf", chosen]
    command += ["-fps_mode", "passthrough"] if chosen.startswith("select") else []
    return subprocess.run([*command, "-threads", "1", *output], check=True, stdout=subprocess.PIPE).stdout
