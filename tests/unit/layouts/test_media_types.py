"""What a file is, by its name and by its first bytes, as OpenCV, Pillow and FFmpeg write them."""

import io
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from PIL import Image

from deepfake.layouts.entries import Entry
from deepfake.layouts.media_types import (
    HEAD,
    IMAGE,
    OTHER,
    UNREAD,
    VIDEO,
    kind_by_content,
    kind_by_name,
)

PIXELS = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)


def video(format, codec, frames=3):
    out = io.BytesIO()
    with av.open(out, "w", format=format) as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = 64, 48
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(PIXELS, "rgb24")))
        container.mux(stream.encode())
    return out.getvalue()


def image(format, count=1, **options):
    out = io.BytesIO()
    frames = [Image.fromarray(np.roll(PIXELS, n)) for n in range(count)]
    more = {"save_all": True, "append_images": frames[1:]} if count > 1 else {}
    frames[0].save(out, format, **more, **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("format", "codec"),
    [("mp4", "mpeg4"), ("mov", "mpeg4"), ("3gp", "mpeg4"), ("avi", "mpeg4"), ("matroska", "mpeg4"),
     ("webm", "libvpx"), ("flv", "flv"), ("asf", "msmpeg4v3"), ("mpegts", "mpeg2video"), ("ivf", "libvpx"),
     ("ogg", "libvpx"), ("mpeg", "mpeg2video"), ("mpeg2video", "mpeg2video"), ("h264", "libx264")],
)  # fmt: skip
def test_videos_are_known_by_their_first_bytes(format, codec):
    assert kind_by_content(video(format, codec)[:HEAD]) == VIDEO


@pytest.mark.parametrize(
    "data",
    [
        b"OggS" + b"\0" * 24 + b"\x80theora",
        b"\0\0\0\x08wide\0\0\0\0mdat",
        (b"\0" * 4 + b"G" + b"\xff" * 187) * 9,
    ],
)
def test_theora_old_quicktime_and_blu_ray_are_videos(data):
    assert kind_by_content(data) == VIDEO


@pytest.mark.parametrize(
    "ending", [".jpg", ".png", ".bmp", ".webp", ".tiff", ".jp2", ".avif", ".ppm", ".pgm", ".pbm"]
)
def test_images_are_known_by_their_first_bytes(ending):
    pixels = PIXELS[..., 0] if ending in (".pgm", ".pbm") else PIXELS
    data = cv2.imencode(ending, pixels)[1].tobytes()
    assert kind_by_content(data[:HEAD]) == kind_by_name(f"a{ending}") == IMAGE


def test_a_gif_with_several_images_is_a_video():
    assert kind_by_content(image("GIF")) == IMAGE
    assert kind_by_content(image("GIF", 2)) == kind_by_content(image("GIF", 5, duration=40, loop=0)) == VIDEO
    assert kind_by_content(image("GIF")[:20]) == IMAGE


@pytest.mark.parametrize("format", ["WEBP", "PNG", "AVIF", "TIFF"])
def test_other_animated_images_are_stills(format):
    assert kind_by_content(image(format, 3)[:HEAD]) == IMAGE


@pytest.mark.parametrize(
    "data",
    [b"", b"BM is how this text begins, and more of it", b"P6 P7 P8", b"\0\0\0 ftypM4A ", b"GGGG" * 90,
     b"RIFF\0\0\0\0WAVEfmt ", b"OggS" + b"\0" * 24 + b"\x01vorbis", b"export const a = 1", b"{}", b"PK\3\4"],
)  # fmt: skip
def test_what_is_neither_image_nor_video(data):
    assert kind_by_content(data) == ""


def test_names_that_tell_and_names_that_do_not():
    kinds = {"a.HEIC": IMAGE, "a.jfif": IMAGE, "x/a.wmv": VIDEO, "a.b.M2TS": VIDEO, "a.npy": OTHER}
    kinds |= {"a.tar.gz": OTHER, "a.psd": UNREAD, "a.gif": "", "a.ts": "", "a.MTS": "", "a": "", ".jpg": ""}
    assert {name: kind_by_name(name) for name in kinds} == kinds
    assert {name: Entry("", name).kind for name in kinds} == kinds
    assert Entry("", "a.jpg", VIDEO).is_video and not Entry("", "a.jpg", VIDEO).is_image


@pytest.mark.parametrize("seed", range(20))
def test_no_bytes_raise_an_exception(seed):
    rng = np.random.default_rng(seed)
    for start in (b"GIF89a", b"BM", b"P6 ", b"RIFF", b"OggS", b"\0\0\0 ftyp", b""):
        assert kind_by_content(start + rng.bytes(int(rng.integers(0, 300)))) in ("", IMAGE, VIDEO)
