"""Distortions that images undergo on the web: a function for each, with a level."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from deepfake.errors import UserError


@dataclass(frozen=True)
class Bounds:
    """The levels that a distortion accepts, and their meaning."""

    least: float
    most: float
    whole: bool  # whole numbers only
    falls: bool  # a lower level is a stronger distortion
    unit: str


BOUNDS = {
    "jpeg": Bounds(1, 100, True, True, "JPEG quality"),
    "blur": Bounds(0, 50, False, False, "Gaussian blur, sigma in pixels"),
    "noise": Bounds(0, 255, False, False, "Gaussian noise, standard deviation of 255"),
    "resize": Bounds(0.01, 1, False, True, "scaled down to this part and back"),
    "brightness": Bounds(0.05, 20, False, False, "brightness, times"),
}


def distort(image: np.ndarray, kind: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """Return `image`, uint8 (H, W, 3) RGB, with the distortion `kind` at `level`.

    The result has the same shape and dtype. Only noise uses `rng`. Raises UserError like `check_levels`.
    """
    check_levels(kind, [level])
    return DISTORTIONS[kind](image, level, rng)


def check_levels(kind: str, levels: Iterable[float]) -> None:
    """Raise UserError if `kind` isn't one of DISTORTIONS, or a level is outside its BOUNDS."""
    if kind not in BOUNDS:
        raise UserError(f"{kind!r} is no distortion; there are {', '.join(BOUNDS)}")
    bounds = BOUNDS[kind]
    numbers = "whole numbers" if bounds.whole else "numbers"
    for level in levels:
        is_number = isinstance(level, int | float) and not isinstance(level, bool)
        inside = is_number and bounds.least <= level <= bounds.most
        if not inside or (bounds.whole and level != int(level)):
            raise UserError(
                f"{kind}: {level!r} is no level; write {numbers} from {bounds.least:g} to {bounds.most:g}"
            )


def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image after JPEG compression, with colour at half the resolution as on most web sites.

    `quality` is from 1 to 100.
    """
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        int(quality),
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"an image of shape {image.shape} can't be written as JPEG")
    return cv2.cvtColor(cv2.imdecode(data, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def blur(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image after a Gaussian blur of `sigma` pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image.copy()


def noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image with Gaussian noise of this standard deviation, drawn for each pixel and channel.

    The deviation is in the range of the values, 0 to 255.
    """
    drawn = rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + np.float32(deviation) * drawn), 0, 255).astype(np.uint8)


def resize(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image scaled by `factor`, at most 1, and back: down by area, up bilinearly."""
    height, width = image.shape[:2]
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def brightness(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Return the image with every value multiplied by `factor`, and clipped at 255."""
    return np.clip(np.rint(image * np.float32(factor)), 0, 255).astype(np.uint8)


DISTORTIONS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "jpeg": jpeg,
    "blur": blur,
    "noise": noise,
    "resize": resize,
    "brightness": brightness,
}
