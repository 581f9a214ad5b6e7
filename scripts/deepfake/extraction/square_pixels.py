"""The size at which a frame has square pixels, as players show it."""

from fractions import Fraction


def square_size(width: int, height: int, aspect_ratio: Fraction | None) -> tuple[int, int]:
    """Return the width and height of a frame in square pixels.

    `aspect_ratio` is the width of a pixel divided by its height; None or 0, for unknown, counts as 1. Wide
    pixels widen the frame and high ones make it higher, so that no detail is lost; mpv does the same. The
    result may be of any size, since a file can declare any ratio: check it before it is used.
    """
    if not aspect_ratio or aspect_ratio < 0:
        return width, height
    if aspect_ratio > 1:
        return max(1, round(width * aspect_ratio)), height
    return width, max(1, round(height / aspect_ratio))
