"""Read single frames of a video exactly, and decode as little as they need.

A first pass over the packets gives every frame's presentation time, so that an index means the same frame
whatever the codec, B-frames or frame rate. The second pass decodes sparsely:

- The decoder may drop a packet of a frame that isn't requested if no other frame refers to it (`skip_frame`
  NONREF).
- After the last requested frame of a group of pictures nothing is decoded until the next keyframe that a
  requested frame needs. Frames that lead an open group (shown before its keyframe, coded after it) also refer
  to the group before, which is then decoded as well.

Frames that this doesn't give are tried once more by decoding everything.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from deepfake.errors import UserError

FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,flv,asf,ogg,ivf,gif"
"""FFmpeg's names of the formats that are read. A file's content, not its name, decides which one it is.
Playlists and lists of files to join are left out, since they would open other files."""


class UnreadableVideo(UserError):
    """No frame of the file can be read; the message says why."""


@dataclass(frozen=True)
class Frame:
    """One frame: `index` in presentation order, `time` in seconds (nan if the file has no times).

    `pixels` are uint8 BGR (height, width, 3). `damaged` is true if the decoder reports that it had to make up
    parts of the image.
    """

    index: int
    time: float
    pixels: np.ndarray
    damaged: bool


@dataclass(frozen=True, slots=True)
class _Packet:
    pts: int | None
    key: bool
    discard: bool


class VideoReader:
    """A video file: how many frames it has, and any of them.

    `frame_count` is the number of frames that the file holds, `declared_count` the number that its header
    declares (0 if it declares none). Raises UnreadableVideo if the file can't be opened or has no video
    stream, FileNotFoundError or PermissionError if the file itself can't be read.
    """

    def __init__(self, path: str | Path):
        self._path = str(path)
        self._packets: list[_Packet] = []
        with _open(self._path) as container:
            stream = _video_stream(container)
            self.declared_count = stream.frames
            try:
                for packet in container.demux(stream):
                    if packet.size:
                        self._packets.append(_Packet(packet.pts, packet.is_keyframe, packet.is_discard))
            except av.FFmpegError:
                pass  # a damaged tail: what was read before it counts, and `declared_count` shows the loss
        times = [p.pts for p in self._packets if not p.discard]
        self._timed = None not in times and len(set(times)) == len(times)
        if self._timed:
            self._order = sorted(times)
            self.frame_count = len(times)
        else:  # no usable times in the container: only decoding shows how many frames there are
            self.frame_count = sum(1 for _ in self._decode_all())
        if not self.frame_count:
            raise UnreadableVideo("no video frame in the file")

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """Yield the frames at `indices`, in rising order; those that needed the second try come last.

        Frames that can't be decoded are left out. Raises IndexError for an index that the video doesn't have.
        """
        requested = sorted(set(indices))
        if requested and not 0 <= requested[0] <= requested[-1] < self.frame_count:
            raise IndexError(
                f"{self._path} has frames 0 to {self.frame_count - 1}, not {requested[0]} to {requested[-1]}"
            )
        if not self._timed:
            yield from self._by_number(set(requested))
            return
        missing = {self._order[i]: i for i in requested}
        yield from self._by_time(missing, self._needed(set(missing)))
        if missing:
            yield from self._by_time(missing, [True] * len(self._packets), sparse=False)

    def _needed(self, requested: set[int]) -> list[bool]:
        """Return for each packet, in decoding order, whether the frames at these times need it."""
        starts = [i for i, p in enumerate(self._packets) if p.key or i == 0]
        needed = [False] * len(self._packets)
        for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(self._packets)], strict=True)):
            hits = [i for i in range(start, end) if self._packets[i].pts in requested]
            if not hits:
                continue
            leading = any(self._packets[i].pts < self._packets[start].pts for i in hits)
            first = starts[number - 1] if leading and number else start
            needed[first : hits[-1] + 1] = [True] * (hits[-1] + 1 - first)
        return needed

    def _by_time(self, missing: dict[int, int], needed: list[bool], sparse: bool = True) -> Iterator[Frame]:
        """Decode the `needed` packets, and yield the frames whose times are in `missing` (time: index).

        Frames that were found are removed from `missing`.
        """
        with _open(self._path) as container:
            stream = _video_stream(container)
            decoder = stream.codec_context
            after_gap = fed = False
            packets = (p for p in container.demux(stream) if p.size)
            for packet, need in _until_error(zip(packets, needed, strict=False)):
                if not missing:
                    return
                if not need:
                    after_gap = fed
                    continue
                if after_gap:
                    yield from _pop_found(_decode(decoder, None), missing, stream)
                    decoder.flush_buffers()
                    after_gap = False
                decoder.skip_frame = "DEFAULT" if not sparse or packet.pts in missing else "NONREF"
                fed = True
                yield from _pop_found(_decode(decoder, packet), missing, stream)
            yield from _pop_found(_decode(decoder, None), missing, stream)

    def _by_number(self, requested: set[int]) -> Iterator[Frame]:
        for index, (frame, stream) in enumerate(self._decode_all()):
            if index in requested:
                yield _frame(index, frame, stream)
            if index >= max(requested, default=-1):
                return

    def _decode_all(self) -> Iterator[tuple[av.VideoFrame, av.VideoStream]]:
        with _open(self._path) as container:
            stream = _video_stream(container)
            for packet in _until_error(container.demux(stream)):
                for frame in _decode(stream.codec_context, packet if packet.size else None):
                    yield frame, stream


def _open(path: str) -> av.container.InputContainer:
    try:
        return av.open(path, options={"format_whitelist": FORMATS})
    except (FileNotFoundError, PermissionError):
        raise  # the file system failed, not the video: the job should fail and be tried again
    except (av.FFmpegError, OSError) as error:
        raise UnreadableVideo(f"can't be opened: {error.strerror}") from error


def _video_stream(container: av.container.InputContainer) -> av.VideoStream:
    """Return the first video stream that isn't cover art, which is a video stream of one image."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None:
            stream.thread_count = 1  # the workflow runs a job on each core: more threads would only compete
            return stream
    raise UnreadableVideo("no video stream in the file")


def _until_error(items: Iterable) -> Iterator:
    try:
        yield from items
    except av.FFmpegError:
        return


def _decode(decoder: av.VideoCodecContext, packet: av.Packet | None) -> list[av.VideoFrame]:
    try:
        return decoder.decode(packet)
    except av.FFmpegError:
        return []  # the frame stays missing, which the caller reports


def _pop_found(
    frames: Iterable[av.VideoFrame], missing: dict[int, int], stream: av.VideoStream
) -> Iterator[Frame]:
    for frame in frames:
        index = missing.pop(frame.pts, None)
        if index is not None:
            yield _frame(index, frame, stream)


def _frame(index: int, frame: av.VideoFrame, stream: av.VideoStream) -> Frame:
    pixels = frame.to_ndarray(
        format="bgr24", interpolation="BICUBIC"
    )  # as OpenCV does; it matters above 8 bits
    if frame.rotation:
        pixels = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
    time = float(frame.pts * stream.time_base) if frame.pts is not None else math.nan
    return Frame(index, time, pixels, frame.is_corrupt)
