"""Videos that are cut, trimmed or hostile: what they show is read, and none takes more than the limits."""

import resource
import struct
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import write_striped_video
from made.edit_list import time_scales, with_edits

from deepfake.extraction.edit_lists import check_edit_lists
from deepfake.extraction.frames import frames_of_video, shortfall
from deepfake.extraction.limits import MEDIA_LIMITS, LimitExceeded
from deepfake.extraction.video import UnreadableVideo, VideoReader
from deepfake.tables import MISSING, OK

CFG = {"strategy": "uniform", "format": "jpg", "quality": 90}
OPTIONS = {"g": "35", "bf": "2"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "a.mp4"
    return write_striped_video(path, frames=35, options=OPTIONS)


def edited(clip: Path, to: Path, *edits: tuple[float, float], limits: dict = MEDIA_LIMITS) -> VideoReader:
    """The clip with another edit list, of durations and starts in frames; the first start is at 2 frames."""
    data = clip.read_bytes()
    movie, media = (scale // 25 for scale in time_scales(data))
    delay = VideoReader(clip).frame_count - 35  # none: frames count from the first that is shown
    shown = [(round(duration * movie), round((start + delay) * media)) for duration, start in edits]
    to.write_bytes(with_edits(data, shown))
    return VideoReader(to, limits)


EDITS = {
    "all": ([(35, 2)], 35),
    "start cut off": ([(22, 15)], 22),
    "end cut off": ([(22, 2)], 22),
    "two parts": ([(10, 7), (10, 22)], 20),
    "shown three times": ([(35, 2)] * 3, 105),
}


@pytest.mark.parametrize("kind", EDITS)
def test_a_trimmed_video_is_whole(clip, tmp_path, kind):
    edits, shown = EDITS[kind]
    reader = edited(clip, tmp_path / "a.mp4", *edits)
    assert reader.frame_count == shown and reader.declared_count == 35 and not shortfall(reader)
    assert [frame.index for frame in reader.frames(range(shown))] == list(range(shown))


def test_a_trimmed_video_shows_the_frames_of_its_part(clip, tmp_path):
    whole = [frame.pixels for frame in VideoReader(clip).frames(range(35))]
    part = [frame.pixels for frame in edited(clip, tmp_path / "a.mp4", (22, 15)).frames(range(22))]
    assert np.array_equal(part, whole[13:])


def test_a_trimmed_video_that_is_cut_off_says_what_is_left(tmp_path):
    whole = write_striped_video(tmp_path / "a.mp4", frames=60, options={"g": "12"}, index_first=True)
    data = whole.read_bytes()
    with av.open(str(whole)) as source, av.open(str(tmp_path / "b.mp4"), "w", options={
        "movflags": "faststart", "use_editlist": "1"
    }) as out:  # fmt: skip
        stream = source.streams.video[0]
        copy = out.add_stream_from_template(stream)
        source.seek(24 * stream.time_base.denominator // 25, stream=stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    assert not shortfall(VideoReader(tmp_path / "b.mp4"))
    whole.write_bytes(data[: len(data) * 2 // 3])
    assert "of 60 frames" in shortfall(VideoReader(whole))


def test_an_edit_list_that_repeats_is_refused_before_it_is_expanded(clip, tmp_path):
    began = time.monotonic()
    with pytest.raises(UnreadableVideo, match=r"an edit list of 500000 parts.*limits\.packets"):
        edited(clip, tmp_path / "a.mp4", *[(35, 2)] * 500_000)
    assert time.monotonic() - began < 5


def test_damaged_boxes_pass_and_a_large_one_is_found(tmp_path):
    path = tmp_path / "a.mp4"
    for data in (
        b"",
        b"moov",
        struct.pack(">I4s", 8, b"moov"),
        struct.pack(">I4sQ", 1, b"moov", 2**64 - 1) * 3,
    ):
        path.write_bytes(data)
        check_edit_lists(path, MEDIA_LIMITS)

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4sQ", 1, kind, 16 + len(body)) + body  # sizes of 64 bits

    def movie(edits: list[tuple[int, int]]) -> bytes:
        """Ten hours at 50 frames a second: 1.8 million frames. The time scale of the movie is 10."""
        header = box(b"mvhd", bytes(12) + struct.pack(">II", 10, 360_000))
        times = box(b"mdhd", b"\1" + bytes(19) + struct.pack(">IQ", 50, 1_800_000))
        entries = b"".join(struct.pack(">IiI", *edit, 1 << 16) for edit in edits)
        edts = box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))
        sizes = box(b"minf", box(b"stbl", box(b"stsz", struct.pack(">III", 0, 1, 1_800_000))))
        return box(b"moov", header + box(b"trak", edts + box(b"mdia", times + sizes)))

    path.write_bytes(
        movie([(3600, second * 50) for second in range(0, 36_000, 360)])
    )  # 100 parts of 6 minutes
    check_edit_lists(path, MEDIA_LIMITS)
    for edit in ((360_000, 0), (0, 0)):  # the whole, ten times
        path.write_bytes(movie([edit] * 10 + [(1000, -1)]))
        with pytest.raises(LimitExceeded, match="18000011 packets .an edit list of 11 parts"):
            check_edit_lists(path, MEDIA_LIMITS)


@pytest.mark.parametrize(
    ("limit", "most", "reason"),
    [
        ("pixels", 96 * 64 - 1, "6144 pixels (96x64), more than limits.pixels = 6143"),
        ("frames", 34, "35 frames, more than limits.frames = 34"),
        ("packets", 34, "35 packets, more than limits.packets = 34"),
    ],
)
def test_a_video_over_a_limit_is_a_row_that_names_it(clip, limit, most, reason):
    ((row, data),) = frames_of_video(clip, "a", CFG, 4, MEDIA_LIMITS | {limit: most})
    assert row["status"] == "unreadable" and row["reason"] == reason and not data
    assert len(list(frames_of_video(clip, "a", CFG, 4, MEDIA_LIMITS | {limit: most + 2}))) == 4


def test_an_edit_list_that_shows_too_many_frames_is_refused_before_they_are_read(clip, tmp_path):
    began = time.monotonic()
    with pytest.raises(UnreadableVideo, match="3500000 frames, more than limits.frames = 3000000"):
        edited(clip, tmp_path / "a.mp4", *[(35, 2)] * 100_000, limits=MEDIA_LIMITS | {"frames": 3_000_000})
    assert time.monotonic() - began < 10


def test_a_title_in_another_encoding_is_no_reason_to_leave_a_video_out(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "encoding"
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for packet in [*stream.encode(av.VideoFrame(32, 32, "yuv420p")), *stream.encode(None)]:
            out.mux(packet)
    data = path.read_bytes()
    assert b"encoding" in data
    path.write_bytes(data.replace(b"encoding", "한글제목".encode("cp949")))
    assert VideoReader(path).frame_count == 1


def test_packets_of_all_streams_count(tmp_path):
    path = write_striped_video(tmp_path / "a.mp4", audio=True)
    assert VideoReader(path, MEDIA_LIMITS | {"packets": 40})
    with pytest.raises(UnreadableVideo, match="packets, more than limits.packets = 31"):
        VideoReader(path, MEDIA_LIMITS | {"packets": 31})


def test_frames_without_times_are_counted_while_they_are_decoded(tmp_path):
    path = write_striped_video(tmp_path / "a.h264", options={"bf": "0"})
    with pytest.raises(UnreadableVideo, match="limits.frames = 20"):
        VideoReader(path, MEDIA_LIMITS | {"frames": 20})


def raw(folder: Path, width: int, height: int) -> bytes:
    path = write_striped_video(folder / "a.h264", 5, width, height, options={"g": "5", "bf": "0"})
    return path.read_bytes()


def test_frames_that_become_too_large_are_missing_and_the_others_are_read(tmp_path):
    small, large = raw(tmp_path, 96, 64), raw(tmp_path, 480, 320)
    path = tmp_path / "b.h264"
    path.write_bytes(small * 20 + large + small)
    assert len(list(VideoReader(path).frames(range(110)))) == 110
    reader = VideoReader(path, MEDIA_LIMITS | {"pixels": 480 * 320 - 1})
    assert reader.frame_count == 105 and "limits.pixels = 153599" in reader.refusal


def gif(width: int, height: int) -> bytes:
    """A GIF of two frames, which is read as a video."""
    frame = b"\x2c" + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2\x44\1\0"
    return (
        b"GIF89a"
        + struct.pack("<HH", width, height)
        + b"\x80\0\0"
        + bytes(3)
        + b"\xff" * 3
        + frame * 2
        + b";"
    )


def test_a_frame_that_is_too_wide_for_a_jpeg_is_missing(tmp_path):
    (tmp_path / "a.mp4").write_bytes(gif(65535, 16))
    rows = [row for row, _ in frames_of_video(tmp_path / "a.mp4", "a", CFG, 4)]
    assert all(row["status"] == "missing" for row in rows)
    assert "65535x16 pixels can't be written as jpg" in rows[0]["reason"]
    (_, image), *_ = frames_of_video(tmp_path / "a.mp4", "a", CFG | {"format": "png"}, 4)
    assert cv2.imdecode(np.frombuffer(image, np.uint8), 1).shape == (16, 65535, 3)


def test_a_video_of_65535_by_65535_is_not_decoded(tmp_path):
    (tmp_path / "a.mp4").write_bytes(gif(65535, 65535))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = [row for row, _ in frames_of_video(tmp_path / "a.mp4", "a", CFG, 4)]
    assert rows and all(row["reason"] == "can't be decoded" for row in rows)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


def test_a_video_of_many_streams_is_read(tmp_path):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("mjpeg", rate=25) for _ in range(60)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="bgr24")
        for stream in streams:
            for packet in [*stream.encode(picture.reformat(format="yuvj420p")), *stream.encode(None)]:
                out.mux(packet)
    assert len(list(VideoReader(path).frames([0]))) == 1
    with pytest.raises(UnreadableVideo, match="limits.packets = 59"):
        VideoReader(path, MEDIA_LIMITS | {"packets": 59})


@pytest.mark.parametrize(("wide", "high", "reason"), [
    (10**9, 1, "more than limits.pixels"), (1, 10**9, "more than limits.pixels"),
    (300_000, 1, "can't be scaled"), (0, 1, ""), (1, 0, ""), (2**32 - 1, 1, ""),
])  # fmt: skip
def test_absurd_pixels_are_a_row_with_a_reason(wide, high, reason, tmp_path):
    """Ratios that FFmpeg counts as unknown are square pixels."""
    path = write_striped_video(tmp_path / "a.mp4", width=16, height=16, aspect_ratio=Fraction(1, 1))
    before, name, after = path.read_bytes().partition(b"pasp")
    path.write_bytes(before + name + struct.pack(">II", wide, high) + after[8:])
    rows = [row for row, _ in frames_of_video(path, "a", CFG, 2)]
    assert [row["status"] for row in rows] == [MISSING if reason else OK] * 2
    assert all(reason in row["reason"] for row in rows)
