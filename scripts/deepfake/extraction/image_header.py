"""What the header of an image file says, read before any pixel is decoded."""

import io
import struct
from dataclasses import dataclass
from functools import cache

from PIL import Image
from PIL.ExifTags import Base

from deepfake.corpora.contents import EMPTY
from deepfake.errors import UserError
from deepfake.extraction.limits import LimitExceeded, check_pixels
from deepfake.layouts.media_types import HEAD, VIDEO, is_heif, kind_by_content

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "AVIF", "JPEG2000", "PPM")
"""Pillow's names of the formats that are read, beside HEIF, which it reads once it is registered. A file's
content, not its name, decides which one it is."""

VIDEO_AS_IMAGE = "a video that is named like an image: give its name the ending of a video"
BIT_DEPTH = 24  # offset of the byte in a PNG file
HEADER_ERRORS = (OSError, ValueError, SyntaxError, EOFError, KeyError, IndexError, TypeError, OverflowError,
                 struct.error, RuntimeError)  # fmt: skip
"""What Pillow was seen to raise, or may raise, for damaged or crafted headers."""

Image.MAX_IMAGE_PIXELS = None  # `limits.pixels` is checked instead, and is the same in all threads


class UnreadableImage(UserError):
    """The bytes can't be read as an image."""


@dataclass(frozen=True)
class ImageHeader:
    """`format` is Pillow's name, `width` and `height` are in stored pixels.

    `orientation` is that of EXIF, 1 to 8: 1 if the stored pixels are upright. `is_plain` tells whether every
    program shows the same pixels: 8 bits, grey or RGB, upright, one image.
    """

    format: str
    width: int
    height: int
    orientation: int
    is_plain: bool


def read_header(data: bytes, limits: dict | None = None) -> ImageHeader:
    """Return the header of an image file.

    Raises UnreadableImage, also for more pixels than `limits["pixels"]` (None: any number).
    """
    if not data:
        raise UnreadableImage(EMPTY)
    formats = FORMATS
    if is_heif(data):
        register_heif()
        formats = ("HEIF",)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            if limits:
                check_pixels(*image.size, limits)
            return _header(image, data)
    except Image.UnidentifiedImageError:
        is_video = kind_by_content(data[:HEAD]) == VIDEO
        raise UnreadableImage(VIDEO_AS_IMAGE if is_video else "not an image that can be read") from None
    except LimitExceeded as error:
        raise UnreadableImage(str(error)) from None
    except HEADER_ERRORS as error:
        raise UnreadableImage(f"not an image that can be read: {str(error).strip()}") from error


@cache
def register_heif() -> None:
    """Let Pillow read HEIF (.heic). It is loaded for the first such file only: that takes 44 ms."""
    from pillow_heif import register_heif_opener

    register_heif_opener(thumbnails=False)


def _header(image: Image.Image, data: bytes) -> ImageHeader:
    format = "JPEG" if image.format == "MPO" else image.format  # more pictures may follow the first JPEG
    orientation = _orientation(image, data)
    is_plain = orientation == 1 and image.mode in ("1", "L", "P", "RGB", "RGBA", "LA", "PA")
    if format == "PNG":
        is_plain = is_plain and data[BIT_DEPTH] <= 8 and not getattr(image, "is_animated", False)
    return ImageHeader(format, *image.size, orientation, is_plain)


def _orientation(image: Image.Image, data: bytes) -> int:
    """Return the EXIF orientation; 1 where there is none, or no valid one."""
    if image.format == "TIFF":
        return 1  # OpenCV turns it by itself
    try:
        # Pillow's own getexif of a PNG decodes it first, for EXIF data that come after the pixels.
        late = image.format == "PNG" and b"eXIf" in data and "exif" not in image.info
        read = type(image).getexif if image.format != "PNG" or late else Image.Image.getexif
        orientation = read(image).get(Base.Orientation, 1)
    except HEADER_ERRORS:
        return 1
    return orientation if orientation in range(1, 9) else 1
