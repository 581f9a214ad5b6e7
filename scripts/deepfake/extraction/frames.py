"""The frame set of one video, or of stills: encoded images, and a row for every frame that was wanted."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from deepfake.extraction import images
from deepfake.extraction.sampling import wanted_frames
from deepfake.extraction.stills import no_image
from deepfake.extraction.video import Clip, UnreadableVideo
from deepfake.tables import DAMAGED, MISSING, OK, UNREADABLE


@dataclass(frozen=True)
class Taken:
    """One wanted frame of a clip as it is stored: `data` is its image, empty where it can't be decoded.

    `time` is in seconds, nan where the clip has none; `pixels` uint8 (height, width, 3) BGR as decoded.
    """

    index: int
    data: bytes
    time: float = math.nan
    pixels: np.ndarray | None = None
    status: str = OK
    reason: str = ""


def take_frames(clip: Clip, wanted: list[int], cfg: dict) -> Iterator[Taken]:
    """The frames of `clip` at `wanted`, encoded as the `frames` section says; last those not to be had."""
    found = set()
    for frame in clip.frames(wanted):
        found.add(frame.index)
        data = images.encode(frame.pixels, cfg["format"], cfg.get("quality", 0))
        state = (DAMAGED, "the decoder made parts of the picture up") if frame.damaged else (OK, "")
        yield Taken(frame.index, data, frame.time, frame.pixels, *state)
    for index in wanted:
        if index not in found:
            yield Taken(index, b"", status=MISSING, reason="can't be decoded")


def shortfall(clip: Clip) -> str:
    """How many of the frames that its header promises a clip holds, "" where it holds them."""
    return f"{clip.count} of {clip.declared} frames" if clip.count < clip.declared else ""


def frames_of_video(path: Path, video: str, cfg: dict, count: int | str) -> Iterator[tuple[dict, bytes]]:
    """Rows of tables.FRAMES with the bytes of each image (empty where there is none), one frame in memory.

    `cfg` is the `frames` section of the config, `count` the video's `frames_wanted` in the index, "" where
    the strategy needs none. What can't be decoded gets a row that says so.
    """
    try:
        clip = Clip(path)
    except UnreadableVideo as error:
        yield no_image(video, UNREADABLE, str(error)), b""
        return
    short = shortfall(clip)
    state = {"video": video, "video_status": f"{DAMAGED}: {short}" if short else OK}
    for taken in take_frames(clip, wanted_frames(clip.count, cfg, video, count), cfg):
        if taken.pixels is None:
            yield (
                no_image(
                    video, taken.status, taken.reason, frame=taken.index, video_status=state["video_status"]
                ),
                b"",
            )
            continue
        row = _row(taken.index, taken.time, taken.pixels, taken.data, cfg["format"], state)
        yield row | {"status": taken.status, "reason": taken.reason}, taken.data


def frames_of_stills(stills: Iterable[tuple[dict, bytes]]) -> Iterator[tuple[dict, bytes]]:
    """The same for stills, as stills.stills_of gives them; bytes that datasets can hold stay as they are."""
    for row, data in stills:
        if row["status"] != OK:
            yield row, b""
            continue
        try:
            pixels, data, format = as_stored(data)
        except images.UnreadableImage as error:
            yield no_image(row["video"], UNREADABLE, str(error), frame=row["frame"]), b""
            continue
        yield (
            _row(row["frame"], math.nan, pixels, data, format, {"video": row["video"], "video_status": OK}),
            data,
        )


def as_stored(data: bytes) -> tuple[np.ndarray, bytes, str]:
    """A still's pixels (uint8 BGR), and its bytes and format as datasets hold it. Raises UnreadableImage."""
    pixels = images.decode(data)
    if format := images.kind(data):
        return pixels, data, format
    return pixels, images.encode(pixels, "png", 0), "png"


def _row(index: int, time: float, pixels, data: bytes, format: str, state: dict) -> dict:
    height, width = pixels.shape[:2]
    return {
        **state,
        "image": f"{state['video']}/{index:06d}.{format}",
        "frame": index,
        "time": "" if math.isnan(time) else f"{time:.3f}",
        "width": width,
        "height": height,
        "status": OK,
        "reason": "",
        **images.facts(data),
    }
