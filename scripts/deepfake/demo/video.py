"""Render the frames of one demo video, and encode them as an mp4."""

import io
from collections.abc import Iterable, Iterator

import av
import cv2
import numpy as np

from deepfake.demo import rendering
from deepfake.demo.layouts import VideoSpec
from deepfake.demo.manipulations import load_manipulation
from deepfake.hashing import seeded_hash

FPS = 25


def render_video(video: VideoSpec, seed: int) -> bytes:
    """Return a video as an mp4: H.264, yuv420p, FPS frames a second, without sound and creation time."""
    return encode(render_frames(video, seed), video.size)


def render_frames(video: VideoSpec, seed: int) -> Iterator[np.ndarray]:
    """Yield the frames of a video before compression, each uint8 RGB (height, width, 3)."""
    target = rendering.head_of(seed, video.target)
    scene = rendering.make_scene(seed, video.target, video.size, video.take)
    states = performance_of(video, seed)
    noise = _SensorNoise(video.size, seeded_hash(seed, "grain", video.take))
    manipulate = None
    if video.method:
        source = _performance(seed, video.source_take, video.frames)
        manipulate = load_manipulation(video, seed, target, states, source)
    for index, state in enumerate(states):
        frame = noise.add(rendering.render_frame(scene, target, state), state.brightness)
        if manipulate:
            manipulate(frame, scene, state, index)
        yield frame


def performance_of(video: VideoSpec, seed: int) -> list[rendering.State]:
    """Return the states of the person in front of the camera, one for each frame."""
    return _performance(seed, video.take, video.frames)


def encode(frames: Iterable[np.ndarray], size: tuple[int, int]) -> bytes:
    """Return frames, uint8 RGB (height, width, 3), as an mp4: the same bytes on every run.

    `size` is (width, height).
    """
    file = io.BytesIO()
    with av.open(file, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        options = {
            "preset": "veryfast",
            "crf": "23",
            "threads": "1",  # with more threads the bytes may differ
            "x264-params": "cpu-independent=1",  # x264's code for AVX-512 gives other bytes from run to run
        }
        stream = out.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.thread_count = 1
        for frame in frames:
            planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        out.mux(stream.encode())
    return file.getvalue()


def _performance(seed: int, take: str, count: int) -> list[rendering.State]:
    return rendering.performance(count, FPS, np.random.default_rng(seeded_hash(seed, "mood", take)))


class _SensorNoise:
    """Sensor noise: a tile somewhat larger than a frame, of which each frame gets another part."""

    SPARE = 48  # pixels by which the tile is larger

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        shape = (size[1] + self.SPARE, size[0] + self.SPARE, 1)
        strength = self.rng.uniform(2.0, 4.0)
        luma = self.rng.standard_normal(shape, np.float32) * np.float32(strength)
        tint = self.rng.standard_normal((shape[0] // 2, shape[1] // 2, 3), np.float32)
        tint = cv2.resize(tint, shape[1::-1])  # colours of neighbouring pixels are correlated in a sensor
        self.tile = np.clip(np.round(128 + luma + 2 * tint), 0, 255).astype(np.uint8)

    def add(self, frame: np.ndarray, brightness: float) -> np.ndarray:
        """Return `frame` times `brightness`, with noise."""
        y, x = self.rng.integers(0, self.SPARE, 2)
        part = self.tile[y : y + frame.shape[0], x : x + frame.shape[1]]
        return cv2.addWeighted(frame, brightness, part, 1, -128)
