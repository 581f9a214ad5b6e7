"""The frame set of one video, or of stills: encoded images, and a row for every frame that was wanted."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from deepfake.media import images
from deepfake.media.sampling import wanted_frames
from deepfake.media.stills import MISSING, OK, UNREADABLE, no_image
from deepfake.media.video import Clip, Frame, UnreadableVideo

DAMAGED = "damaged"


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
    short = clip.declared and clip.count < clip.declared
    state = {"video": video, "clip": f"damaged: {clip.count} of {clip.declared} frames" if short else OK}
    wanted = wanted_frames(clip.count, cfg, video, count)
    found = set()
    for frame in clip.frames(wanted):
        found.add(frame.index)
        yield _image(frame, state, cfg)
    for index in wanted:
        if index not in found:
            yield no_image(video, MISSING, "can't be decoded", frame=index, clip=state["clip"]), b""


def frames_of_stills(stills: Iterable[tuple[dict, bytes]]) -> Iterator[tuple[dict, bytes]]:
    """The same for stills, as stills.stills_of gives them; bytes that datasets can hold stay as they are."""
    for row, data in stills:
        if row["status"] != OK:
            yield row, b""
            continue
        try:
            pixels = images.decode(data)
        except images.UnreadableImage as error:
            yield no_image(row["video"], UNREADABLE, str(error), frame=row["frame"]), b""
            continue
        format = images.kind(data)
        if not format:
            format, data = "png", images.encode(pixels, "png", 0)
        yield _row(row["frame"], math.nan, pixels, data, format, {"video": row["video"], "clip": OK}), data


def _image(frame: Frame, state: dict, cfg: dict) -> tuple[dict, bytes]:
    data = images.encode(frame.pixels, cfg["format"], cfg.get("quality", 0))
    row = _row(frame.index, frame.time, frame.pixels, data, cfg["format"], state)
    if frame.damaged:
        row |= {"status": DAMAGED, "reason": "the decoder made parts of the picture up"}
    return row, data


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
