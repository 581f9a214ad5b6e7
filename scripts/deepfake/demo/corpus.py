"""The built-in demo corpus: clips of invented people and manipulations of them, laid out like real corpora.

A fake shows the performance of its original, frame by frame, with a part of the face painted anew and
blended in: of another person, or of the same one with the expression of another. What gives it away is what
gives real ones away: less detail and no sensor noise in the face, a tone that is not quite right, a soft
edge, a little trembling. Everything depends on the seed and on the names of clips alone.
"""

import io
import multiprocessing
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import av
import cv2
import numpy as np

from deepfake.demo import layouts as demo_layouts
from deepfake.demo import people, portrait
from deepfake.demo.canvas import curve, shape
from deepfake.demo.layouts import Clip
from deepfake.files import new_file
from deepfake.hashing import seeded_hash

FPS = 25
DEFAULTS = {"people": 12, "clips": 48, "seconds": 3, "width": 480}
REGIONS = {
    "face": [(0, -56), (50, -54), (80, -30), (81, 20), (70, 70), (46, 112), (0, 128),
             (-46, 112), (-70, 70), (-81, 20), (-80, -30), (-50, -54)],
    "mouth": [(0, 62), (34, 70), (50, 92), (32, 118), (0, 124), (-32, 118), (-50, 92), (-34, 70)],
}  # fmt: skip


@dataclass(frozen=True)
class Blend:
    """How a manipulation method puts a face into a frame."""

    swap: bool  # paint the source's face, or the target's own with the source's expression
    region: str  # a key of REGIONS
    detail: float  # resolution of what is put in, as a fraction of the frame's
    feather: float  # softness of the edge, a deviation in face pixels
    match: float  # how much of the difference in colour is corrected, 0 to 1
    tint: float  # error of colour left over, a deviation in fractions
    jitter: float  # trembling, a deviation in face pixels


METHODS = {
    "Deepfakes": Blend(swap=True, region="face", detail=0.48, feather=9.0, match=0.9, tint=0.04, jitter=0.6),
    "Face2Face": Blend(swap=False, region="face", detail=0.55, feather=5.0, match=1.0, tint=0.04, jitter=0.5),
    "FaceSwap": Blend(swap=True, region="face", detail=0.70, feather=2.5, match=0.8, tint=0.06, jitter=1.2),
    "NeuralTextures": Blend(
        swap=False, region="mouth", detail=0.40, feather=5.0, match=1.0, tint=0.04, jitter=0.4
    ),
    "Synthesis": Blend(swap=True, region="face", detail=0.55, feather=6.0, match=0.95, tint=0.03, jitter=0.4),
}


def make_corpus(
    path: str | Path,
    layout: str,
    cfg: dict,
    seed: int,
    workers: int = 1,
    report: Callable[[int, int], None] | None = None,
) -> None:
    """Write a corpus as one zip, stored, with the same bytes for any number of `workers`.

    `layout` is a key of `demo_layouts.LAYOUTS`, where it is told what each makes of `cfg`: `people`, `clips`
    in all, `seconds` a clip, `width` of most frames in pixels. What `cfg` lacks comes from DEFAULTS.
    `report` is called with the number of clips done and of all. Raises ValueError for what cannot be made.
    """
    clips, texts = demo_layouts.plan(layout, {**DEFAULTS, **cfg}, seed, FPS)
    wanted = sorted(clips)
    with new_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        made = _rendered([clips[m] for m in wanted], seed, workers)
        waiting = dict(texts)
        for done, (member, data) in enumerate(zip(wanted, made, strict=True), 1):
            for text in sorted(t for t in waiting if t < member):
                _add(archive, text, waiting.pop(text).encode())
            _add(archive, member, data)
            if report:
                report(done, len(wanted))
        for text in sorted(waiting):
            _add(archive, text, waiting[text].encode())


def render_clip(clip: Clip, seed: int) -> bytes:
    """A clip as an mp4: H.264, yuv420p, FPS frames a second, no sound, no time of making."""
    return encode(frames(clip, seed), clip.size)


def frames(clip: Clip, seed: int) -> Iterator[np.ndarray]:
    """The frames of a clip before compression, each (height, width, 3) uint8 RGB."""
    target = people.head(seed, clip.target)
    scene = people.scene(seed, clip.target, clip.size, clip.take)
    states = _performance(seed, clip.take, clip.frames)
    grain = _Grain(clip.size, seeded_hash(seed, "grain", clip.take))
    paste = _paste(clip, seed, target, states) if clip.method else None
    for i, state in enumerate(states):
        out = grain.add(people.frame(scene, target, state), state.brightness)
        if paste:
            paste(out, scene, state, i)
        yield out


def encode(pictures: Iterable[np.ndarray], size: tuple[int, int]) -> bytes:
    """Pictures, (height, width, 3) uint8 RGB, as an mp4; the same bytes on every run."""
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
        for picture in pictures:
            planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, format="yuv420p")))
        out.mux(stream.encode())
    return file.getvalue()


def _performance(seed: int, take: str, count: int) -> list[people.State]:
    return people.moods(count, FPS, np.random.default_rng(seeded_hash(seed, "mood", take)))


class _Grain:
    """Noise of a sensor: a tile somewhat larger than a frame, of which each frame gets another part."""

    SPARE = 48

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        shape = (size[1] + self.SPARE, size[0] + self.SPARE, 1)
        strength = self.rng.uniform(2.0, 4.0)
        luma = self.rng.standard_normal(shape, np.float32) * np.float32(strength)
        tint = self.rng.standard_normal((shape[0] // 2, shape[1] // 2, 3), np.float32)
        tint = cv2.resize(tint, shape[1::-1])  # colours of neighbours depend on each other in a sensor
        self.tile = np.clip(np.round(128 + luma + 2 * tint), 0, 255).astype(np.uint8)

    def add(self, picture: np.ndarray, brightness: float) -> np.ndarray:
        y, x = self.rng.integers(0, self.SPARE, 2)
        part = self.tile[y : y + picture.shape[0], x : x + picture.shape[1]]
        return cv2.addWeighted(picture, brightness, part, 1, -128)


def _paste(clip: Clip, seed: int, target: portrait.Head, states: list[people.State]) -> Callable:
    """A function that puts the manipulated region into frame `i` of a clip, in place."""
    rng = np.random.default_rng(seeded_hash(seed, "paste", clip.name))
    how = METHODS[clip.method]
    who = people.head(seed, clip.source) if how.swap else target
    acted = states if how.swap else [
        people.expression(s, t, ("mouth", "smile", "blink"))
        for s, t in zip(_performance(seed, clip.source_take, len(states)), states, strict=True)
    ]  # fmt: skip
    mask = shape(curve(np.array(REGIONS[how.region], float)), 1.0)
    ratio = _mean(target, mask) / _mean(who, mask)
    gain = ratio**how.match * (1 + how.tint * rng.choice((-1, 1)) * rng.uniform(0.5, 1.2, 3))
    detail = how.detail * rng.uniform(0.85, 1.15)
    mask = cv2.GaussianBlur(mask, (0, 0), how.feather) * cv2.GaussianBlur(target.skin, (0, 0), 2.0)
    shake = rng.standard_normal((len(states), 3)) * (how.jitter, how.jitter, 0.006)
    shake = cv2.GaussianBlur(shake, (1, 3), 0)

    def paste(out: np.ndarray, scene: people.Scene, state: people.State, i: int) -> None:
        dx, dy, grow = shake[i]
        moved = replace(acted[i], x=state.x + dx, y=state.y + dy, scale=state.scale * (1 + grow))
        at = people.window(scene, moved, people.INNER)
        map_x, map_y = people.sampling(scene, moved, at)
        face = people.sample(people.face(who, moved, target.person.glasses, bare=True), map_x, map_y)
        table = np.arange(256)[:, None] * gain * state.brightness
        face = cv2.LUT(face, np.clip(table, 0, 255).astype(np.uint8)[None])
        size = face.shape[1::-1]
        face = cv2.resize(face, None, fx=detail, fy=detail, interpolation=cv2.INTER_AREA)
        face = cv2.resize(face, size, interpolation=cv2.INTER_LINEAR)
        weight = cv2.remap(mask, map_x, map_y, cv2.INTER_LINEAR)
        out[at] = cv2.blendLinear(face, np.ascontiguousarray(out[at]), weight, 1 - weight)

    return paste


def _mean(who: portrait.Head, mask: np.ndarray) -> np.ndarray:
    return np.average(np.concatenate(who.bare), axis=(0, 1), weights=np.concatenate([mask, mask]))


def _rendered(clips: list[Clip], seed: int, workers: int) -> Iterator[bytes]:
    """The clips as mp4 files, in order."""
    if workers <= 1:
        _start()
        yield from (render_clip(c, seed) for c in clips)
        return
    context = multiprocessing.get_context("spawn")  # a forked child may inherit locks of the video libraries
    with ProcessPoolExecutor(workers, context, _start) as pool:
        yield from pool.map(partial(render_clip, seed=seed), clips)


def _start() -> None:
    cv2.setNumThreads(1)  # the pool has a process for every core


def _add(archive: zipfile.ZipFile, member: str, data: bytes) -> None:
    info = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
    info.create_system, info.external_attr = 3, 0o644 << 16
    archive.writestr(info, data)
