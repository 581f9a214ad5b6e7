"""Encode and decode images, and the numbers by which images are compared."""

import hashlib
import io

import cv2
import numpy as np
from PIL import Image

from deepfake.errors import UserError
from deepfake.extraction.image_header import HEADER_ERRORS, UnreadableImage, read_header

HASHED_SIDE = 128  # pixels; larger images are subsampled to a shorter side of this or a little more
DCT_SIDE = 32  # pixels; the 8 x 8 lowest frequencies of a square of this side give the 64 bits


class UnwritableImage(UserError):
    """An image is too long for its format."""


def encode(pixels: np.ndarray, format: str, quality: int) -> bytes:
    """Return `pixels`, uint8 BGR (height, width, 3), as the bytes of an image file.

    `format` is "jpg" or "png"; `quality`, 1 to 100, is JPEG's. JPEG keeps colour at full resolution (4:4:4):
    at half of it, it would blur the blending traces that deepfake detectors look for. Raises UnwritableImage.
    """
    options = {
        "jpg": [
            cv2.IMWRITE_JPEG_QUALITY,
            quality,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
        ],
        "png": [cv2.IMWRITE_PNG_COMPRESSION, 1],
    }[format]
    done, data = cv2.imencode(f".{format}", pixels, options)
    if not done:
        height, width = pixels.shape[:2]
        raise UnwritableImage(
            f"{width}x{height} pixels can't be written as {format}; at most 65500 a side can"
        )
    return data.tobytes()


def decode(data: bytes, flags: int = cv2.IMREAD_COLOR, limits: dict | None = None) -> np.ndarray:
    """Return the pixels of an image file, uint8 BGR (height, width, 3), upright, as its EXIF data say.

    All programs decode images by this function, so that they see the same. `flags` are OpenCV's:
    cv2.IMREAD_GRAYSCALE gives uint8 (height, width), and is faster. `limits` are those of the config (None:
    images that this workflow wrote), checked before decoding. Raises UnreadableImage.
    """
    header = read_header(data, limits)
    if header.format == "HEIF":
        return _decode_heif(data, flags)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:  # dimensions past OpenCV's limit
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(error.err) from error
        raise UnreadableImage(error.err) from error
    if pixels is None:
        raise UnreadableImage("not an image that can be read")
    return _upright(pixels, header.orientation)


def _decode_heif(data: bytes, flags: int) -> np.ndarray:
    """Return what `decode` does for a HEIF file, which OpenCV can't read; it comes upright."""
    try:
        with Image.open(io.BytesIO(data), formats=("HEIF",)) as image:
            pixels = np.asarray(image.convert("RGB"))
    except HEADER_ERRORS as error:
        raise UnreadableImage(f"not an image that can be read: {str(error).strip()}") from error
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY if flags == cv2.IMREAD_GRAYSCALE else cv2.COLOR_RGB2BGR)


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return `pixels` as EXIF's `orientation`, 1 to 8, says how to turn and mirror them."""
    if orientation >= 5:  # mirrored along the main diagonal, and then as 1 to 4
        pixels, orientation = pixels.swapaxes(0, 1), {5: 1, 6: 2, 7: 3, 8: 4}[orientation]
    rows, columns = {1: (1, 1), 2: (1, -1), 3: (-1, -1), 4: (-1, 1)}[orientation]
    return np.ascontiguousarray(pixels[::rows, ::columns])


def perceptual_hash(data: bytes, limits: dict | None = None) -> str:
    """Return a 64-bit hash, 16 hexadecimal digits, that differs in few bits between images that look alike.

    A bit is set if one of the 64 lowest frequencies of the discrete cosine transform of the grey image
    (32 x 32 pixels) lies above their median; the mean brightness is left out of the median (Zauner 2010,
    Implementation and Benchmarking of Perceptual Image Hash Functions). Every hash has the same number of
    bits set, so two of them differ in an even number of bits. `limits` are those of `decode`. Raises
    UnreadableImage.
    """
    pixels = decode(data, cv2.IMREAD_GRAYSCALE, limits)
    step = max(1, min(pixels.shape[:2]) // HASHED_SIDE)  # a large image need not be averaged whole
    small = cv2.resize(pixels[::step, ::step], (DCT_SIDE, DCT_SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:8, :8].ravel()
    return np.packbits(low > np.median(low[1:])).tobytes().hex()


def sharpness(pixels: np.ndarray) -> float:
    """Return the variance of the Laplacian of the grey image: near 0 if it is blurred (Pech-Pacheco 2000).

    `pixels` are uint8 BGR (height, width, 3).
    """
    return float(cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def image_columns(data: bytes) -> dict[str, object]:
    """Return the columns that describe an image file in every table: `phash`, `bytes` and `sha256`."""
    return {
        "phash": perceptual_hash(data),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def image_format(data: bytes) -> str:
    """Return "jpg", "png", or "" for any other format, by the first bytes: file names can be wrong."""
    if data.startswith(b"\xff\xd8\xff"):
        return "jpg"
    return "png" if data.startswith(b"\x89PNG\r\n\x1a\n") else ""


def kept_format(data: bytes) -> str:
    """Return "jpg" or "png" for a still that a dataset stores with the bytes that it has; else "".

    A still that programs show differently has its pixels stored instead: one that EXIF turns (many programs
    don't), of 16 bits or CMYK, or with more than one frame.
    """
    format = image_format(data)
    return format if format and read_header(data).is_plain else ""
