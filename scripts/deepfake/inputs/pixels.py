"""From an image file to the pixels that a network takes."""

import cv2
import numpy as np
from PIL import Image

from deepfake.errors import UserError
from deepfake.extraction import images
from deepfake.extraction.image_header import UnreadableImage
from deepfake.extraction.images import image_format
from deepfake.extraction.limits import MEDIA_LIMITS
from deepfake.inputs.geometry import Geometry


class InvalidImage(UserError):
    """An image, or a file of decoded images, can't be read or isn't what it should be."""


def fit(image: np.ndarray, geometry: Geometry) -> np.ndarray:
    """Return `image`, uint8 (height, width, 3) RGB, as uint8 (size, size, 3) of that geometry.

    Pillow resizes it, with antialiasing where the image is made smaller.
    """
    height, width = image.shape[:2]
    new_width, new_height = geometry.resize, geometry.resize
    if geometry.resize != geometry.size:
        scale = geometry.resize / min(height, width)
        new_width, new_height = (max(geometry.resize, round(side * scale)) for side in (width, height))
    if (width, height) != (new_width, new_height):
        resample = Image.Resampling[geometry.resample.upper()]
        image = np.asarray(Image.fromarray(image).resize((new_width, new_height), resample))
    top, left = (new_height - geometry.size) // 2, (new_width - geometry.size) // 2
    return np.ascontiguousarray(image[top : top + geometry.size, left : left + geometry.size])


def decode(data: bytes, name: str = "the image") -> np.ndarray:
    """Return the pixels of a JPEG or PNG file, uint8 (height, width, 3) RGB, upright.

    A dataset may come from anywhere: an image over MEDIA_LIMITS isn't decoded. Raises InvalidImage, which
    calls it `name`, where `data` can't be decoded whole.
    """
    if not image_format(data):
        raise InvalidImage(f"{name} can't be decoded: neither a JPEG nor a PNG file")
    try:
        return cv2.cvtColor(images.decode(data, limits=MEDIA_LIMITS), cv2.COLOR_BGR2RGB)
    except UnreadableImage as error:
        raise InvalidImage(f"{name} can't be decoded: {error}") from None
