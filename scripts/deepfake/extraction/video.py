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
from array import array
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition

from deepfake.errors import UserError
from deepfake.extraction.bgr import BgrConverter
from deepfake.extraction.edit_lists import check_edit_lists
from deepfake.extraction.limits import MEDIA_LIMITS, LimitExceeded, check_limit, check_pixels
from deepfake.extraction.square_pixels import square_size

FORMATS = "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,m4v,h264,hevc,flv,asf,ogg,ivf,gif"
"""FFmpeg's names of the formats that are read. A file's content, not its name, decides which one it is.
Playlists and lists of files to join are left out, since they would open other files."""


KEPT_BYTES = 16_000_000  # of packets: those of a video with fewer are kept, rather than read twice
PACKET_BYTES = 500  # that a packet takes beside its data

UNTIMED = -(2**63)  # FFmpeg's AV_NOPTS_VALUE: a packet without a time


class UnreadableVideo(UserError):
    """No frame of the file can be read; the message says why."""


@dataclass(frozen=True)
class Frame:
    """One frame: `index` in presentation order, `time` in seconds (nan if the file has no times).

    `pixels` are uint8 BGR (height, width, 3), as players show them: upright, and square. `damaged` is true if
    the decoder reports that it had to make up parts of the image.
    """

    index: int
    time: float
    pixels: np.ndarray
    damaged: bool


@dataclass(frozen=True, eq=False)
class _Packets:
    """The packets of a video, in decoding order: arrays, since a day of video has millions.

    `pts` int64 (UNTIMED for none), `key` and `discard` bool. `untimed` tells whether a frame has no time.
    """

    pts: np.ndarray
    key: np.ndarray
    discard: np.ndarray
    untimed: bool


class VideoReader:
    """A video file: how many frames it has, and any of them.

    `frame_count` is the number of frames that the video shows. `declared_count` is the number that the header
    declares (0 if it declares none), and `held_count` how many of those the file holds. An edit list may show
    fewer of them, or some repeatedly. `refusal` says why frames were not decoded that are over a limit, or of
    pixels that can't be made square ("" if none was).

    `limits` are those of the config. Raises UnreadableVideo if the file can't be opened, has no video stream
    or is over a limit, FileNotFoundError or PermissionError if the file itself can't be read.
    """

    def __init__(self, path: str | Path, limits: dict = MEDIA_LIMITS):
        self._path, self._limits = str(path), limits
        self._converter = BgrConverter()
        self._kept: tuple[ExitStack, av.VideoStream, list[av.Packet]] | None = None
        self.refusal = ""
        try:
            check_edit_lists(path, limits)
            self._packets = self._read_packets()
            self.frame_count = self._count_frames()
            self.held_count = self.frame_count
            if self.frame_count < self.declared_count:
                self.held_count = max(self.frame_count, self._count_unedited())
        except LimitExceeded as error:
            raise UnreadableVideo(str(error)) from None
        if not self.frame_count:
            raise UnreadableVideo(self.refusal or "no video frame in the file")

    def _count_frames(self) -> int:
        """Return the number of frames, after sorting their times, or decoding where they have none."""
        shown = self._packets.pts[~self._packets.discard]
        self._order = np.sort(shown)
        self._timed = not (self._packets.untimed or np.any(self._order[1:] == self._order[:-1]))
        if self._timed:
            return len(self._order)
        count = 0
        for count, _ in enumerate(self._decode_all(), 1):
            check_limit("frames", count, "frames", self._limits)
        return count

    def _read_packets(self) -> "_Packets":
        """Read the packets of all streams; return those of the video. Raises LimitExceeded."""
        pts, key, discard = array("q"), bytearray(), bytearray()
        untimed, kept, room = False, [], KEPT_BYTES
        with ExitStack() as stack:
            container, stream = stack.enter_context(self._open())
            self.declared_count, self._time_base = stream.frames, stream.time_base
            check_limit(
                "frames", len(stream.index_entries), "frames", self._limits
            )  # known in MP4, not in all
            for number, packet in enumerate(_until_error(container.demux()), 1):
                if packet.stream_index == stream.index and packet.size:
                    untimed = untimed or (packet.pts is None and not packet.is_discard)
                    pts.append(UNTIMED if packet.pts is None else packet.pts)
                    key.append(packet.is_keyframe)
                    discard.append(packet.is_discard)
                    room -= packet.size + PACKET_BYTES
                    if room >= 0:
                        kept.append(packet)
                    check_limit("frames", len(pts), "frames", self._limits)
                check_limit("packets", number, "packets", self._limits)
            if room >= 0:
                self._kept = stack.pop_all(), stream, kept
        # A damaged tail ends the packets: what was read before it counts; `declared_count` shows the loss.
        return _Packets(
            np.array(pts, np.int64), np.array(key, np.uint8) > 0, np.array(discard, np.uint8) > 0, untimed
        )

    def _count_unedited(self) -> int:
        """Return how many frames the file holds, whether or not its edit list shows them."""
        with self._open(ignore_editlist="1") as (container, stream):
            return sum(1 for packet in _until_error(container.demux(stream)) if packet.size)

    @property
    def times(self) -> np.ndarray | None:
        """The times of the frames in seconds from the first one, float64 (frames,); None if unknown."""
        if not self._timed or self._time_base is None:
            return None
        return (self._order - self._order[0]) * self._time_base.numerator / self._time_base.denominator

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
        missing = {int(self._order[i]): i for i in requested}
        yield from self._by_time(missing, self._needed(missing))
        if missing:
            yield from self._by_time(missing, b"\1" * len(self._packets.pts), sparse=False)

    def _needed(self, requested: Iterable[int]) -> bytes:
        """Return for each packet, in decoding order, 1 if the frames at these times need it, else 0.

        The first one is always needed. It alone has the version of x264, and FFmpeg's decoder goes round the
        errors of old versions: without it all later pictures of FaceForensics++ in 4:4:4 are wrong.
        """
        pts = self._packets.pts
        starts = np.union1d(np.flatnonzero(self._packets.key), [0])
        hits = np.flatnonzero(np.isin(pts, list(requested)))
        groups = np.searchsorted(starts, hits, side="right") - 1
        needed = np.zeros(len(pts), np.uint8)
        needed[:1] = 1
        for number in np.unique(groups):
            own = hits[groups == number]
            leads = number > 0 and np.any(pts[own] < pts[starts[number]])
            needed[starts[number - leads] : own[-1] + 1] = 1
        return needed.tobytes()

    def _by_time(self, missing: dict[int, int], needed: bytes, sparse: bool = True) -> Iterator[Frame]:
        """Decode the `needed` packets, and yield the frames whose times are in `missing` (time: index).

        Frames that were found are removed from `missing`.
        """
        with self._packets_again() as (stream, packets):
            decoder = stream.codec_context
            after_gap = fed = False
            for packet, need in zip(packets, needed, strict=False):
                if not missing:
                    return
                if not need:
                    after_gap = fed
                    continue
                if after_gap:
                    yield from self._pop_found(self._decode(decoder, None), missing, stream)
                    decoder.flush_buffers()
                    after_gap = False
                decoder.skip_frame = "DEFAULT" if not sparse or packet.pts in missing else "NONREF"
                fed = True
                yield from self._pop_found(self._decode(decoder, packet), missing, stream)
            yield from self._pop_found(self._decode(decoder, None), missing, stream)

    @contextmanager
    def _packets_again(self) -> Iterator[tuple[av.VideoStream, Iterable[av.Packet]]]:
        """Yield the video stream and its packets: the first time those that were kept, if they were."""
        if self._kept:
            stack, stream, packets = self._kept
            self._kept = None
            with stack:
                yield stream, packets
        else:
            with self._open() as (container, stream):
                yield stream, (packet for packet in _until_error(container.demux(stream)) if packet.size)

    def _pop_found(
        self, frames: Iterable[av.VideoFrame], missing: dict[int, int], stream: av.VideoStream
    ) -> Iterator[Frame]:
        for frame in frames:
            if frame.pts in missing and (found := self._frame(missing[frame.pts], frame, stream)):
                del missing[frame.pts]
                yield found

    def _by_number(self, requested: set[int]) -> Iterator[Frame]:
        for index, (frame, stream) in enumerate(self._decode_all()):
            if index in requested and (found := self._frame(index, frame, stream)):
                yield found
            if index >= max(requested, default=-1):
                return

    def _decode_all(self) -> Iterator[tuple[av.VideoFrame, av.VideoStream]]:
        with self._open() as (container, stream):
            for packet in _until_error(container.demux(stream)):
                for frame in self._decode(stream.codec_context, packet if packet.size else None):
                    yield frame, stream

    def _decode(self, decoder: av.VideoCodecContext, packet: av.Packet | None) -> list[av.VideoFrame]:
        try:
            return decoder.decode(packet)
        except MemoryError:
            raise
        except av.FFmpegError:  # the frame stays missing, which the caller reports
            try:
                check_pixels(decoder.width, decoder.height, self._limits)
            except LimitExceeded as error:  # the frames have become larger in mid-stream
                self.refusal = str(error)
            return []

    def _frame(self, index: int, frame: av.VideoFrame, stream: av.VideoStream) -> Frame | None:
        """Return a decoded frame with its pixels; None if it is too large, or can't be converted."""
        width, height = square_size(frame.width, frame.height, stream.sample_aspect_ratio)
        try:
            check_pixels(frame.width, frame.height, self._limits)
            check_pixels(width, height, self._limits)
            pixels = self._converter.convert(frame, width, height)
        except LimitExceeded as error:
            self.refusal = str(error)
            return None
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            if (width, height) != (frame.width, frame.height):
                self.refusal = f"can't be scaled to square pixels, {width}x{height} of them"
            return None
        if frame.rotation:
            pixels = np.ascontiguousarray(np.rot90(pixels, round(frame.rotation / 90)))
        time = float(frame.pts * stream.time_base) if frame.pts is not None else math.nan
        return Frame(index, time, pixels, frame.is_corrupt)

    @contextmanager
    def _open(self, **options: str) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        """Open the file; yield it and its video stream, whose frames are no larger than the limit."""
        most = {"max_pixels": str(self._limits["pixels"])}
        with _open_container(self._path, most | options) as container:  # opening decodes some frames, too
            stream = _video_stream(container)
            check_pixels(stream.codec_context.width, stream.codec_context.height, self._limits)
            stream.codec_context.options = most
            yield container, stream


def _open_container(path: str, options: dict[str, str]) -> av.container.InputContainer:
    try:
        # titles and the like may be in any encoding
        return av.open(path, options={"format_whitelist": FORMATS, **options}, metadata_errors="replace")
    except (FileNotFoundError, PermissionError):
        raise  # the file system failed, not the video: the job should fail and be tried again
    except MemoryError:
        raise
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UnreadableVideo(f"can't be opened: {getattr(error, 'strerror', None) or error}") from error


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
    except MemoryError:
        raise
    except av.FFmpegError:
        return
