"""Limits on videos and images: on what they declare, before they are decoded, and on what decoding takes."""

from deepfake.errors import UserError

MEDIA_LIMITS = {
    "pixels": 250_000_000,
    "frames": 6_000_000,
    "packets": 15_000_000,
    "seconds": 1800,
    "memory_gb": 4,
}
"""The defaults of the config's `limits` that concern videos and images.

`pixels` of an image or of a frame: cameras take 200 million. `frames` of a video, and `packets` of all its
streams: a day of 60 frames a second, with sound, has half as many. `seconds` and `memory_gb` bound the
process that reads the file.
"""

FRAMES_PER_EXTENSION = 10_000  # frames of a video for which `seconds` is granted once more


class LimitExceeded(UserError):
    """A video or an image is over one of the limits; the message names it."""


def check_limit(key: str, value: int, unit: str, limits: dict) -> None:
    """Raise LimitExceeded where `value`, of this unit, is above `limits[key]`."""
    if value > limits[key]:
        raise LimitExceeded(f"{value} {unit}, more than limits.{key} = {limits[key]}")


def check_pixels(width: int, height: int, limits: dict) -> None:
    """Raise LimitExceeded for an image or a frame of so many pixels that it must not be decoded."""
    check_limit("pixels", width * height, f"pixels ({width}x{height})", limits)


def out_of_memory(limits: dict) -> str:
    """Return the reason why a video or an image for which memory could not be allocated is left out."""
    return f"it takes more memory than limits.memory_gb = {limits['memory_gb']}"


def extensions(frames: int) -> int:
    """Return how many times `seconds` a video of so many frames may take."""
    return 1 + frames // FRAMES_PER_EXTENSION
