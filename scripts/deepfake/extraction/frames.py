"""The sampled frames of one video, or the stills of a corpus: encoded images, and a row for each of them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from deepfake.corpora.contents import content_of, head_of_file
from deepfake.extraction import images
from deepfake.extraction.corpus_masks import masks_of_video
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.extraction.sampling import sample_indices, sample_segments
from deepfake.extraction.stills import row_without_image
from deepfake.extraction.tars import mask_columns
from deepfake.extraction.video import UnreadableVideo, VideoReader
from deepfake.files import read_regular
from deepfake.layouts.media_types import IMAGE
from deepfake.layouts.segments import parse_segments
from deepfake.tables import DAMAGED, MISSING, OK, UNREADABLE


@dataclass(frozen=True)
class SampledFrame:
    """A sampled frame of a video, encoded as it is stored.

    `data` are the bytes of its image, empty if it can't be decoded. `time` is in seconds, nan if the
    video has no times. `pixels` are uint8 BGR (height, width, 3), as decoded from the video.
    """

    index: int
    data: bytes
    time: float = math.nan
    pixels: np.ndarray | None = None
    status: str = OK
    reason: str = ""


def sample_frames(reader: VideoReader, indices: list[int], cfg: dict) -> Iterator[SampledFrame]:
    """Yield the frames at `indices`, encoded as the `frames` section `cfg` says; missing ones come last."""
    found = set()
    for frame in reader.frames(indices):
        found.add(frame.index)
        try:
            data = images.encode(frame.pixels, cfg["format"], cfg.get("quality", 0))
        except images.UnwritableImage as error:
            yield SampledFrame(frame.index, b"", status=MISSING, reason=str(error))
            continue
        status = (DAMAGED, "the decoder made parts of the picture up") if frame.damaged else (OK, "")
        yield SampledFrame(frame.index, data, frame.time, frame.pixels, *status)
    for index in indices:
        if index not in found:
            yield SampledFrame(index, b"", status=MISSING, reason=reader.refusal or "can't be decoded")


def shortfall(reader: VideoReader) -> str:
    """Return how many frames are left of a truncated video, as "150 of 300 frames"; "" for a whole one.

    A trimmed video, whose edit list shows a part of its frames, is whole.
    """
    if reader.held_count >= reader.declared_count:
        return ""
    return f"{reader.held_count} of {reader.declared_count} frames"


def frames_of_video(
    path: Path, video: str, cfg: dict, count: int | str, limits: dict = MEDIA_LIMITS, base: int | str = ""
) -> Iterator[tuple[dict, bytes]]:
    """Yield a row of tables.FRAMES and the bytes of the image (empty if there is none) of each sampled frame.

    The arguments are those of open_frames, `count` and `base` columns of the index.
    """
    row = {"video": video, "frames_wanted": count, "frames_base": base}
    yield from open_frames(path, row, cfg, limits)[1]


def open_frames(
    path: Path, video: dict, cfg: dict, limits: dict, mask: Path | None = None
) -> tuple[int, Iterator[tuple[dict, bytes]]]:
    """Return the number of frames of a video, and what frames_of_video yields.

    `video` is its row of tables.SHARD, `cfg` the `frames` section of the config. A frame or video that can't
    be decoded, or is over `limits`, has a row with the reason; so has a partial fake without a frame in its
    segments. One frame is in memory at a time. An image that is named like a video gives itself. `mask` is
    the corpus's video of masks of this one.
    """
    name = video["video"]
    if content_of(str(path), partial(head_of_file, path), believe_name=False) == IMAGE:
        row = {"video": name, "frame": 0, "time": "", "status": OK, "reason": ""}
        return 1, frames_of_stills([(row, read_regular(path))], limits)
    try:
        reader = VideoReader(path, limits)
    except UnreadableVideo as error:
        return 0, iter([(row_without_image(name, UNREADABLE, str(error)), b"")])
    try:
        indices = _indices(reader.frame_count, reader.times, video, cfg)
    except UnreadableVideo as error:
        return reader.frame_count, iter([(row_without_image(name, UNREADABLE, str(error)), b"")])
    rows = _rows_of(reader, name, cfg, indices)
    return reader.frame_count, _with_masks(rows, mask, indices, limits) if mask else rows


def _indices(count: int, times: np.ndarray | None, video: dict, cfg: dict) -> list[int]:
    """Return the indices of the frames to take from a video of `count` frames, whose times these are.

    Raises UnreadableVideo for a partial fake none of whose frames can be told to be fake.
    """
    name, base = video["video"], video["frames_base"]
    if segments := video.get("segments"):
        if times is None:
            raise UnreadableVideo(f"fake in the segments {segments} only, and its frames have no times")
        indices = sample_segments(times, parse_segments(segments), cfg, name, video["frames_wanted"], base)
        if not indices:
            raise UnreadableVideo(f"no frame lies in the segments that are fake, {segments}")
        return indices
    indices = set(sample_indices(count, cfg, name, video["frames_wanted"], base))
    if times is not None:
        for segments in filter(None, video.get("fakes_segments", "").split(";")):
            indices.update(sample_segments(times, parse_segments(segments), cfg, name, base, ""))
    return sorted(indices)


def _with_masks(
    rows: Iterator[tuple[dict, bytes]], mask: Path, indices: list[int], limits: dict
) -> Iterator[tuple[dict, bytes]]:
    masks = masks_of_video(mask, indices, limits)
    for row, data in rows:
        yield (row | mask_columns(row, masks[row["frame"]]) if data and row["frame"] in masks else row), data


def _rows_of(reader: VideoReader, video: str, cfg: dict, indices: list[int]) -> Iterator[tuple[dict, bytes]]:
    short = shortfall(reader)
    video_status = f"{DAMAGED}: {short}" if short else OK
    for frame in sample_frames(reader, indices, cfg):
        if frame.pixels is None:
            row = row_without_image(
                video, frame.status, frame.reason, frame=frame.index, video_status=video_status
            )
        else:
            row = _row(video, frame.index, frame.pixels, frame.data, cfg["format"])
            row |= {"time": "" if math.isnan(frame.time) else f"{frame.time:.3f}"}
            row |= {"video_status": video_status, "status": frame.status, "reason": frame.reason}
        yield row, frame.data


def frames_of_stills(
    stills: Iterable[tuple[dict, bytes]], limits: dict | None = None
) -> Iterator[tuple[dict, bytes]]:
    """Yield the same for stills as stills.read_stills yields them: rows of tables.FRAMES, and the images.

    A still over `limits` (None: any size) has a row with the reason.
    """
    for row, data in stills:
        if row["status"] != OK:
            yield row, b""
            continue
        try:
            pixels, data, format = convert_still(data, limits)
        except images.UnreadableImage as error:
            yield row_without_image(row["video"], UNREADABLE, str(error), frame=row["frame"]), b""
            continue
        yield _row(row["video"], row["frame"], pixels, data, format), data


def convert_still(data: bytes, limits: dict | None = None) -> tuple[np.ndarray, bytes, str]:
    """Return a still's pixels, uint8 BGR, and its bytes and format ("jpg" or "png") as a dataset stores it.

    JPEG and PNG files keep their bytes, if all programs show the same pixels (images.kept_format); others
    become PNG. Raises UnreadableImage, also for an image over `limits` (None: any size).
    """
    pixels = images.decode(data, limits=limits)
    if format := images.kept_format(data):
        return pixels, data, format
    return pixels, images.encode(pixels, "png", 0), "png"


def _row(video: str, index: int, pixels: np.ndarray, data: bytes, format: str) -> dict:
    height, width = pixels.shape[:2]
    return {
        "video": video,
        "video_status": OK,
        "image": f"{video}/{index:06d}.{format}",
        "frame": index,
        "time": "",
        "width": width,
        "height": height,
        "status": OK,
        "reason": "",
        **images.image_columns(data),
    }
