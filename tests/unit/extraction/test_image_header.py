"""Images from outside: one upright picture for every program, and no pixel decoded beyond the limits."""

import io
import resource
import struct
import zlib
from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from deepfake.audit.files import read_files
from deepfake.extraction import images
from deepfake.extraction.faces import center_crop
from deepfake.extraction.frame_faces import decode_frame
from deepfake.extraction.frames import convert_still, frames_of_stills
from deepfake.extraction.image_header import ImageHeader, read_header
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.inputs import pixels as rgb


def picture(width: int = 60, height: int = 40) -> Image.Image:
    coarse = np.random.default_rng(0).integers(0, 255, (4, 6, 3), np.uint8)
    return Image.fromarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def written(image: Image.Image, format: str, orientation: int = 0, **options: object) -> bytes:
    exif, out = Image.Exif(), io.BytesIO()
    if orientation:
        exif[0x112] = orientation
    image.save(out, format, exif=exif, **options)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG without pixels."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize(("format", "most"), [("JPEG", 0), ("PNG", 0), ("WEBP", 1), ("TIFF", 0), ("AVIF", 6)])
def test_images_are_decoded_upright(format, most, orientation):
    data = written(picture(), format, orientation)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    found = images.decode(data)[..., ::-1]
    assert found.shape == expected.shape and np.abs(found.astype(int) - expected).max() <= most
    assert images.decode(data, cv2.IMREAD_GRAYSCALE).shape == expected.shape[:2]


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_still_is_stored_upright_so_that_every_program_sees_the_same(format, orientation):
    data = written(picture(64, 64), format, orientation)
    row = {"video": "a", "frame": 0, "time": "", "status": "ok", "reason": ""}
    ((frame, stored),) = frames_of_stills([(row, data)])
    shown = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB"))  # as a program that ignores EXIF
    assert np.array_equal(shown, images.decode(data)[..., ::-1]) and frame["image"].endswith(".png")
    assert np.array_equal(shown, rgb.decode(stored)) and np.array_equal(shown, rgb.decode(data))
    crop = center_crop(images.decode(data), data, {"size": 64, "format": "png", "quality": 90})
    assert crop.format == "png" and np.array_equal(rgb.decode(crop.data), shown) and crop.data != data


PLAIN = [
    ("JPEG", "RGB"),
    ("JPEG", "L"),
    ("PNG", "RGB"),
    ("PNG", "L"),
    ("PNG", "1"),
    ("PNG", "P"),
    ("PNG", "RGBA"),
]


@pytest.mark.parametrize(("format", "mode"), PLAIN)
def test_what_all_programs_show_alike_keeps_its_bytes(format, mode):
    data = written(picture().convert(mode), format)
    pixels, stored, name = convert_still(data)
    assert stored == data and name == {"JPEG": "jpg", "PNG": "png"}[format]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), pixels[..., ::-1])


def sixteen_bits() -> bytes:
    return cv2.imencode(".png", np.arange(2400, dtype=np.uint16).reshape(40, 60) * 27)[1].tobytes()


def animated() -> bytes:
    frames = [ImageOps.mirror(picture())]
    return written(picture(), "PNG", save_all=True, append_images=frames, default_image=True)


@pytest.mark.parametrize(
    "data",
    [written(picture().convert("CMYK"), "JPEG"), sixteen_bits(), animated()],
    ids=["cmyk", "16", "apng"],
)
def test_what_programs_show_differently_is_stored_as_the_pixels_that_were_hashed(data):
    pixels, stored, format = convert_still(data)
    assert format == "png" and stored != data
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(stored))), pixels[..., ::-1])


def test_orientation_behind_the_pixels_of_a_png_counts():
    data = written(picture(), "PNG")
    exif = Image.Exif()
    exif[0x112] = 6
    late = data[:-12] + chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + data[-12:]
    assert images.decode(late).shape == (60, 40, 3)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_exif_data_turn_nothing():
    data = written(picture(), "JPEG", 6)
    at = data.index(b"Exif\0\0")
    for end in range(6, 32):
        broken = data[: at + end] + bytes(32 - end) + data[at + 32 :]
        assert images.decode(broken).shape in ((40, 60, 3), (60, 40, 3))


def tag(width: int) -> bytes:
    """TIFF's ImageWidth, a 32-bit number."""
    return struct.pack("<HHII", 256, 4, 1, width)


def declaring(format: str, old: bytes, new: bytes) -> bytes:
    """A small file whose header declares another size."""
    data = written(picture(60, 40), format)
    assert old in data
    return data.replace(old, new)


HUGE = {
    "png of 1 bit": lambda: png_header(32_000, 32_000, 1, 0),
    "png of 16 bits": lambda: png_header(2**31 - 1, 2**31 - 1, 16, 6),
    "tiff": lambda: declaring("TIFF", tag(60), tag(60_000_000)),
    "bmp": lambda: declaring("BMP", struct.pack("<II", 60, 40), struct.pack("<II", 30_000, 30_000)),
    "ppm": lambda: declaring("PPM", b"60 40", b"30000 30000"),
    "gif": lambda: declaring("GIF", struct.pack("<HH", 60, 40), struct.pack("<HH", 65535, 65535)),
    "jpeg": lambda: declaring("JPEG", struct.pack(">HH", 40, 60), struct.pack(">HH", 65535, 65535)),
    "jpeg 2000": lambda: declaring(
        "JPEG2000", struct.pack(">II", 40, 60), struct.pack(">II", 40_000, 60_000)
    ).replace(struct.pack(">II", 60, 40), struct.pack(">II", 60_000, 40_000)),
    "avif": lambda: declaring("AVIF", struct.pack(">II", 60, 40), struct.pack(">II", 16_384, 16_384)),
    "webp": lambda: b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0VP8L\0\0\0\0",
}  # fmt: skip
REFUSED = {"webp"}  # by Pillow itself, in other words


@pytest.mark.parametrize("kind", HUGE)
def test_an_image_of_too_many_pixels_is_not_decoded(kind):
    data = HUGE[kind]()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(images.UnreadableImage) as error:
        images.decode(data, limits=MEDIA_LIMITS)
    if kind not in REFUSED:
        assert "), more than limits.pixels = 250000000" in str(error.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KB


def test_a_still_over_the_limit_is_a_row_that_names_it():
    row = {"video": "a", "frame": 0, "time": "", "status": "ok", "reason": ""}
    ((found, data),) = frames_of_stills([(row, png_header(32_000, 32_000, 1, 0))], MEDIA_LIMITS)
    assert found["status"] == "unreadable" and "limits.pixels" in found["reason"] and not data
    found, pixels = decode_frame(row, png_header(32_000, 32_000, 1, 0), 640, MEDIA_LIMITS)
    assert found["status"] == "unreadable" and "limits.pixels" in found["reason"] and pixels is None


def strips(sides: Sequence[tuple[int, int]]) -> list[tuple[dict, np.ndarray | None]]:
    row = {"video": "a", "frame": 0, "time": "", "status": "ok", "reason": ""}
    return [decode_frame(row, images.encode(np.zeros((h, w, 3), np.uint8), "png", 0), 640) for w, h in sides]


def test_a_strip_that_a_detector_would_search_at_a_hundred_times_the_cost_is_not_searched():
    for row, pixels in strips([(640, 30_000), (100, 5000), (30_000, 640)]):
        assert pixels is None and row["status"] == "no_face" and "too thin" in row["reason"]
    assert all(pixels is not None for _, pixels in strips([(640, 5000), (5000, 640), (100, 300)]))


def test_the_header_says_what_is_there():
    assert read_header(written(picture(), "JPEG", 6)) == ImageHeader("JPEG", 60, 40, 6, False)
    assert read_header(written(picture(), "PNG")) == ImageHeader("PNG", 60, 40, 1, True)


def test_an_image_of_a_dataset_from_elsewhere_is_within_the_limits(tmp_path):
    data = png_header(32_000, 32_000, 1, 0)
    with pytest.raises(rgb.InvalidImage, match="limits.pixels"):
        rgb.decode(data)
    (tmp_path / "a.png").write_bytes(data)
    assert "limits.pixels" in read_files(tmp_path, ["a.png"], ["a.png"])["a.png"].problem
