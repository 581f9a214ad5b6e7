"""What a face looks like, in few numbers: its colours, by which people of one video are told apart."""

from functools import cache

import cv2
import numpy as np

SIDE = 112  # pixels that a crop is scaled to; finer detail changes with expression and compression
BINS = (6, 24, 24)  # of brightness, which light changes, fewer than of the two colours
RANGES = (0, 256, 64, 192, 64, 192)  # colours of skin, hair and rooms lie well within these
LENGTH = 256


def describe(picture: np.ndarray) -> np.ndarray:
    """`picture`, uint8 (height, width, 3) RGB, as float16 (LENGTH,), for `unlike`.

    The square root of a histogram in YCbCr, so that distances are Hellinger's, projected at random (Johnson
    and Lindenstrauss 1984): distances change by a few per cent, and an hour of faces takes a few MB.
    """
    small = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb)
    shares = cv2.calcHist([colours], [0, 1, 2], None, list(BINS), list(RANGES)).ravel()
    filled = np.flatnonzero(shares)
    return (np.sqrt(shares[filled] / (SIDE * SIDE)) @ _projection()[filled]).astype(np.float16)


def unlike(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How unlike two looks are, from 0 to about 1; of arrays (..., LENGTH) float64 (...)."""
    difference = one.astype(np.float64) - other.astype(np.float64)
    return np.sqrt((difference**2).sum(axis=-1) / 2)


@cache
def _projection() -> np.ndarray:
    drawn = np.random.default_rng(0).standard_normal((int(np.prod(BINS)), LENGTH), dtype=np.float32)
    return drawn / np.float32(np.sqrt(LENGTH))
