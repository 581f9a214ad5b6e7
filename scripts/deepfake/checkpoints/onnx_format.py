"""How onnx_inference.py and the process that it starts, onnx_worker.py, exchange images and logits."""

import mmap
from collections.abc import Sequence

import numpy as np

AT_ONCE = 8  # images; more need more memory between the layers and are no faster

LOGITS, PROBLEM, BEYOND_MEMORY = b"L", b"P", b"M"
"""The first byte of an answer: the bytes of float32 follow, or the text of what is wrong, or nothing."""


def map_images(memory: mmap.mmap, sides: Sequence[int]) -> list[np.ndarray]:
    """Return the images in the shared memory: for each side an array (AT_ONCE, side, side, 3), uint8."""
    arrays, start = [], 0
    for side in sides:
        count = AT_ONCE * 3 * side**2
        arrays.append(np.frombuffer(memory, np.uint8, count, start).reshape(AT_ONCE, side, side, 3))
        start += count
    return arrays
