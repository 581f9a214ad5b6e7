"""Frames are exactly those of a sequential read, whatever the codec and container."""

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from conftest import write_striped_video

from deepfake.extraction.sampling import sample_indices
from deepfake.extraction.video import UnreadableVideo, VideoReader

UNIFORM, COUNT = {"strategy": "uniform"}, 5
B_FRAMES = {"g": "12", "bf": "3", "b-pyramid": "normal"}
KINDS = {
    "h264 with B-frames": ("a.mp4", dict(options=B_FRAMES)),
    "h264 open group": ("a.mp4", dict(options={**B_FRAMES, "x264-params": "open-gop=1"}, frames=60)),
    "h264 one keyframe only": ("a.mp4", dict(options={"g": "999"}, frames=60)),
    "h264 all keyframes": ("a.mp4", dict(options={"g": "1"})),
    "h264 4:4:4": ("a.mp4", dict(pix_fmt="yuv444p", options=B_FRAMES)),
    "h264 10 bit": ("a.mp4", dict(pix_fmt="yuv420p10le", options=B_FRAMES)),
    "h265 open group": (
        "a.mp4",
        dict(codec="libx265", frames=60, options={"x265-params": "keyint=12:bframes=4"}),
    ),
    "variable frame rate": ("a.mp4", dict(times=[i * 2 + i // 7 * 5 for i in range(30)], options=B_FRAMES)),
    "odd size": ("a.mp4", dict(width=97, height=63, pix_fmt="yuv444p")),
    "one frame": ("a.mp4", dict(frames=1)),
    "no count in the container": ("a.mkv", dict(options=B_FRAMES)),
    "transport stream": ("a.ts", dict(options=B_FRAMES)),
    "mpeg4 in avi": ("a.avi", dict(codec="mpeg4")),
    "no times at all": ("a.h264", dict(options=B_FRAMES)),
    "vp9 with hidden frames": (
        "a.webm",
        dict(codec="libvpx-vp9", frames=40, options={"auto-alt-ref": "1", "b": "200k"}),
    ),
    "with sound and cover art": ("a.mp4", dict(audio=True, cover=True, options=B_FRAMES)),
}


def sequential(path) -> list[np.ndarray]:
    """All frames as OpenCV reads them, one after the other."""
    capture, frames = cv2.VideoCapture(str(path)), []
    while True:
        got, frame = capture.read()
        if not got:
            return frames
        frames.append(frame)


@pytest.mark.parametrize("kind", KINDS)
def test_any_frames_are_those_of_a_sequential_read(kind, tmp_path):
    name, options = KINDS[kind]
    path = write_striped_video(tmp_path / name, **options)
    expected = sequential(path)
    reader = VideoReader(path)
    assert reader.frame_count == len(expected) == options.get("frames", 30)
    for indices in (
        range(reader.frame_count),
        [reader.frame_count - 1],
        [0],
        range(3, reader.frame_count, 13),
        [reader.frame_count // 2],
    ):
        reader = VideoReader(path)
        for packets in ("those of the first pass", "read again"):
            frames = list(reader.frames(indices))
            assert sorted(f.index for f in frames) == list(indices)
            assert not any(f.damaged for f in frames)
            for frame in frames:
                assert np.array_equal(frame.pixels, expected[frame.index]), (
                    f"frame {frame.index} of {list(indices)}, packets {packets}"
                )


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_honoured(rotation, tmp_path):
    path = write_striped_video(tmp_path / "turned.mp4", rotation=rotation)
    expected = sequential(path)
    frames = list(VideoReader(path).frames([0, 7]))
    assert frames[0].pixels.shape == ((96, 64, 3) if rotation != 180 else (64, 96, 3))
    for frame in frames:
        assert np.array_equal(frame.pixels, expected[frame.index])


@pytest.mark.parametrize(("ratio", "rotation", "size"), [
    ("1/1", 0, (96, 64)), ("4/3", 0, (128, 64)), ("3/4", 0, (96, 85)), ("4/3", 90, (64, 128)),
    ("3/4", 270, (85, 96)), ("3/4", 180, (96, 85)),
])  # fmt: skip
def test_frames_have_square_pixels(ratio, rotation, size, tmp_path):
    """Wide pixels widen the frame as it is stored, high ones heighten it; then it is turned."""
    path = write_striped_video(tmp_path / "a.mp4", rotation=rotation, aspect_ratio=Fraction(ratio))
    plain = write_striped_video(tmp_path / "b.mp4", rotation=rotation)
    for scaled, stored in zip(*(VideoReader(clip).frames([0, 7]) for clip in (path, plain)), strict=True):
        expected = cv2.resize(stored.pixels, size, interpolation=cv2.INTER_CUBIC)
        assert scaled.pixels.shape == expected.shape
        assert np.abs(scaled.pixels.astype(int) - expected).mean() < 6  # its chroma is scaled alone


def test_times_are_those_of_presentation(tmp_path):
    path = write_striped_video(tmp_path / "a.mp4", times=[0, 1, 2, 10, 11, 40], frames=6)
    assert [round(f.time * 25) for f in VideoReader(path).frames(range(6))] == [0, 1, 2, 10, 11, 40]


def test_a_truncated_video_gives_what_can_be_read(tmp_path):
    path = write_striped_video(tmp_path / "a.mp4", frames=60, options={"g": "12"}, index_first=True)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 2 // 3])
    reader = VideoReader(path)
    assert 0 < reader.frame_count < reader.declared_count == 60
    assert len(list(reader.frames(range(reader.frame_count)))) >= reader.frame_count - 1


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"not a video at all"])
def test_a_file_that_is_no_video_is_unreadable(content, tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    with pytest.raises(UnreadableVideo):
        VideoReader(path)


def test_a_missing_file_is_not_an_unreadable_video(tmp_path):
    """A network file system may show it late: the job has to fail and be tried again."""
    with pytest.raises(FileNotFoundError):
        VideoReader(tmp_path / "missing.mp4")


def test_sound_alone_is_unreadable(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as out:
        sound = out.add_stream("aac", rate=48000)
        tone = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        tone.sample_rate = 48000
        out.mux(sound.encode(tone))
        out.mux(sound.encode(None))
    with pytest.raises(UnreadableVideo, match="no video stream"):
        VideoReader(path)


def test_an_index_past_the_end_is_an_error(tmp_path):
    with pytest.raises(IndexError, match="0 to 29"):
        list(VideoReader(write_striped_video(tmp_path / "a.mp4")).frames([30]))


def test_real_videos_give_the_frames_of_opencv(data):
    for path in sorted(data.glob("ffpp/**/*.mp4")):
        reader = VideoReader(path)
        frames = {
            f.index: f.pixels
            for f in reader.frames(sample_indices(reader.frame_count, UNIFORM, path.stem, COUNT))
        }
        capture = cv2.VideoCapture(str(path))
        for index in range(max(frames) + 1):
            assert capture.grab()
            if index in frames:
                assert np.array_equal(frames[index], capture.retrieve()[1]), f"{path.name} frame {index}"
        assert len(frames) == COUNT
        (last,) = VideoReader(path).frames([max(frames)])
        assert np.array_equal(last.pixels, frames[last.index]), f"{path.name}: the last frame by itself"


def test_a_playlist_of_other_files_is_unreadable(tmp_path):
    write_striped_video(tmp_path / "secret.mp4")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(UnreadableVideo, match="can't be opened"):
        VideoReader(tmp_path / "list.mp4")
