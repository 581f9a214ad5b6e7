"""Descriptors of how a face looks: its colours, by which the people of one video are told apart."""

from functools import cache

import cv2
import numpy as np

SIDE = 112  # pixels that a crop is scaled to; finer detail changes with expression and compression
BINS = (6, 24, 24)  # fewer for brightness, which changes with the light, than for the two colour channels
RANGES = (0, 256, 64, 192, 64, 192)  # the colours of skin, hair and rooms lie well within
LENGTH = 256


def describe(image: np.ndarray) -> np.ndarray:
    """Return the descriptor of `image`, uint8 (height, width, 3) RGB, as float16 (LENGTH,).

    The square root of a histogram in YCbCr, so that distances are Hellinger distances, after a random
    projection (Johnson and Lindenstrauss 1984): distances change by a few per cent, and the faces of an
    hour of video take a few MB.
    """
    small = cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    counts = cv2.calcHist([colours], [0, 1, 2], None, list(BINS), list(RANGES)).ravel()
    filled = np.flatnonzero(counts)
    return (np.sqrt(counts[filled] / (SIDE * SIDE)) @ _projection()[filled]).astype(np.float16)


def distance(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the distances, 0 to about 1, between descriptors (..., LENGTH), as float64 (...)."""
    difference = one.astype(np.float64) - other.astype(np.float64)
    return np.sqrt((difference**2).sum(axis=-1) / 2)


@cache
def _projection() -> np.ndarray:
    matrix = np.random.default_rng(0).standard_normal((int(np.prod(BINS)), LENGTH), dtype=np.float32)
    return matrix / np.float32(np.sqrt(LENGTH))
