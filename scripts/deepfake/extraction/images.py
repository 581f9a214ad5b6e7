"""Encode and decode images, and the numbers by which images are compared."""

import hashlib

import cv2
import numpy as np

from deepfake.errors import UserError

HASHED_SIDE = 128  # pixels; larger images are subsampled to a shorter side of this or a little more
DCT_SIDE = 32  # pixels; the 8 x 8 lowest frequencies of a square of this side give the 64 bits


class UnreadableImage(UserError):
    """OpenCV can't read the bytes as an image."""


def encode(pixels: np.ndarray, format: str, quality: int) -> bytes:
    """Return `pixels`, uint8 BGR (height, width, 3), as the bytes of an image file.

    `format` is "jpg" or "png"; `quality`, 1 to 100, is JPEG's. JPEG keeps colour at full resolution (4:4:4):
    at half of it, it would blur the blending traces that deepfake detectors look for.
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
        raise ValueError(f"an image of shape {pixels.shape} can't be written as {format}")
    return data.tobytes()


def decode(data: bytes, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Return the pixels of an image file, uint8 BGR (height, width, 3), rotated as its EXIF data says.

    `flags` are OpenCV's: cv2.IMREAD_GRAYSCALE gives uint8 (height, width), and is faster. Raises
    UnreadableImage.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:  # empty input, or dimensions past OpenCV's limit
        raise UnreadableImage(error.err) from error
    if pixels is None:
        raise UnreadableImage("not an image that can be read")
    return pixels


def perceptual_hash(data: bytes) -> str:
    """Return a 64-bit hash, 16 hexadecimal digits, that differs in few bits between images that look alike.

    A bit is set if one of the 64 lowest frequencies of the discrete cosine transform of the grey image
    (32 x 32 pixels) lies above their median; the mean brightness is left out of the median (Zauner 2010,
    Implementation and Benchmarking of Perceptual Image Hash Functions). Every hash has the same number of
    bits set, so two of them differ in an even number of bits. Raises UnreadableImage.
    """
    pixels = decode(data, cv2.IMREAD_GRAYSCALE)
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
