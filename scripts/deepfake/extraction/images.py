"""Stills: encoding, decoding, and the numbers by which images are compared."""

import hashlib

import cv2
import numpy as np

HASH_SAMPLES = 128  # pixels; the shorter side is thinned out to no less than this
HASH_SIDE = 32  # pixels; the DCT's 8 x 8 lowest frequencies of such a square make the 64 bits


class UnreadableImage(ValueError):
    """The bytes are no image that OpenCV reads."""


def encode(pixels: np.ndarray, format: str, quality: int) -> bytes:
    """`pixels` uint8 (height, width, 3) BGR as the bytes of a `jpg` (quality 1 to 100, 4:4:4) or a `png`.

    JPEG keeps colour at full resolution: halved it would blur the blending traces that detectors look for.
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
    """An image file's bytes as uint8 (height, width, 3) BGR, turned as its EXIF says; or UnreadableImage.

    `flags` are OpenCV's: cv2.IMREAD_GRAYSCALE gives uint8 (height, width), and is faster.
    """
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:  # empty input, or dimensions past OpenCV's limit
        raise UnreadableImage(error.err) from error
    if pixels is None:
        raise UnreadableImage("not an image that can be read")
    return pixels


def perceptual_hash(data: bytes) -> str:
    """64 bits, as 16 hexadecimal digits, that differ in few places between image files that look alike.

    Each bit tells whether one of the 64 lowest frequencies of the image's discrete cosine transform (grey,
    32 x 32) lies above their median; the mean brightness is left out of the median (Zauner 2010). As many
    bits are set in every hash, so that two differ in an even number of them. Raises UnreadableImage.
    """
    pixels = decode(data, cv2.IMREAD_GRAYSCALE)
    step = max(1, min(pixels.shape[:2]) // HASH_SAMPLES)  # of a large frame a part of the pixels says enough
    small = cv2.resize(pixels[::step, ::step], (HASH_SIDE, HASH_SIDE), interpolation=cv2.INTER_AREA)
    low = cv2.dct(small.astype(np.float32))[:8, :8].ravel()
    return np.packbits(low > np.median(low[1:])).tobytes().hex()


def sharpness(pixels: np.ndarray) -> float:
    """The variance of the Laplacian of the grey image: near 0 when blurred (Pech-Pacheco et al. 2000)."""
    return float(cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


def facts(data: bytes) -> dict[str, object]:
    """What a table says of every image, all of it by its file: `phash`, `bytes` and `sha256`."""
    return {
        "phash": perceptual_hash(data),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def kind(data: bytes) -> str:
    """`jpg`, `png`, or "" for any other, by what the bytes begin with: file names lie."""
    return (
        "jpg" if data.startswith(b"\xff\xd8\xff") else "png" if data.startswith(b"\x89PNG\r\n\x1a\n") else ""
    )
