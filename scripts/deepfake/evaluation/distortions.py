"""What happens to pictures on their way through the web: a function for each damage, at a given level."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from deepfake.errors import UserError


@dataclass(frozen=True)
class Bounds:
    """Which levels a distortion takes, and what they mean."""

    least: float
    most: float
    whole: bool  # only whole numbers
    falls: bool  # a lower level is more damage
    unit: str


BOUNDS = {
    "jpeg": Bounds(1, 100, True, True, "JPEG quality"),
    "blur": Bounds(0, 50, False, False, "Gaussian blur, sigma in pixels"),
    "noise": Bounds(0, 255, False, False, "Gaussian noise, standard deviation of 255"),
    "resize": Bounds(0.01, 1, False, True, "scaled down to this part and back"),
    "brightness": Bounds(0.05, 20, False, False, "brightness, times"),
}


def distort(image: np.ndarray, kind: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """`image`, uint8 (H, W, 3) RGB, with the distortion `kind` at `level`; shape and dtype stay.

    `rng` is drawn from by noise alone. Raises UserError as `check_levels`.
    """
    check_levels(kind, [level])
    return DISTORTIONS[kind](image, level, rng)


def check_levels(kind: str, levels: Iterable[float]) -> None:
    """Raises UserError where `kind` isn't one of DISTORTIONS, or one of `levels` is outside its BOUNDS."""
    if kind not in BOUNDS:
        raise UserError(f"{kind!r} is no distortion; there are {', '.join(BOUNDS)}")
    bounds = BOUNDS[kind]
    what = "whole numbers" if bounds.whole else "numbers"
    for level in levels:
        number = isinstance(level, int | float) and not isinstance(level, bool)
        inside = number and bounds.least <= level <= bounds.most
        if not inside or (bounds.whole and level != int(level)):
            raise UserError(
                f"{kind}: {level!r} is no level; write {what} from {bounds.least:g} to {bounds.most:g}"
            )


def jpeg(image: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    """Written as JPEG of this quality, 1 to 100, colour at half the resolution as web sites do, and read."""
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
    """Blurred by a Gaussian of `sigma` pixels of the image."""
    return cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image.copy()


def noise(image: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Plus Gaussian noise of this standard deviation, of 255, drawn for each pixel and channel from `rng`."""
    drawn = rng.standard_normal(image.shape, np.float32)
    return np.clip(np.rint(image + np.float32(deviation) * drawn), 0, 255).astype(np.uint8)


def resize(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Scaled by `factor`, at most 1, each pixel the mean of those it covers, and back up bilinearly."""
    height, width = image.shape[:2]
    small = (max(1, round(width * factor)), max(1, round(height * factor)))
    image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)


def brightness(image: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    """Every value times `factor`; what passes 255 is white."""
    return np.clip(np.rint(image * np.float32(factor)), 0, 255).astype(np.uint8)


DISTORTIONS: dict[str, Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    "jpeg": jpeg,
    "blur": blur,
    "noise": noise,
    "resize": resize,
    "brightness": brightness,
}
