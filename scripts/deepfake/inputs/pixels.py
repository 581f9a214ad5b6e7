"""From an image's bytes to the pixels that a network takes."""

import io

import numpy as np
from PIL import Image

from deepfake.inputs.geometry import Geometry


class BadImage(ValueError):
    """A file that isn't the image that it should be."""


def fit(image: np.ndarray, geometry: Geometry) -> np.ndarray:
    """`image`, uint8 (height, width, 3) RGB, as uint8 (size, size, 3); smaller ones are smoothed first."""
    height, width = image.shape[:2]
    wide, high = geometry.resize, geometry.resize
    if geometry.resize != geometry.size:
        scale = geometry.resize / min(height, width)
        wide, high = (max(geometry.resize, round(side * scale)) for side in (width, height))
    if (width, height) != (wide, high):
        picture = Image.fromarray(image).resize((wide, high), Image.Resampling[geometry.resample.upper()])
        image = np.asarray(picture)
    top, left = (high - geometry.size) // 2, (wide - geometry.size) // 2
    return np.ascontiguousarray(image[top : top + geometry.size, left : left + geometry.size])


def decode(data: bytes, name: str = "the image") -> np.ndarray:
    """The picture that `data` holds, uint8 (height, width, 3) RGB. BadImage where it can't be read whole."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadImage(f"{name} can't be decoded: {error}") from None
