"""The masks of manipulated regions that a corpus has: a video with a frame for each frame of a fake."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from deepfake.console import log
from deepfake.extraction import images
from deepfake.extraction.video import UnreadableVideo, VideoReader

DARKEST = 32  # of 255: what is brighter is manipulated, in whatever grey or colour; below lies compression


def masks_of_video(path: Path, indices: Iterable[int], limits: dict) -> dict[int, bytes]:
    """Return the masks of the frames at `indices` as the bytes of PNG files, uint8 (height, width), 0 or 255.

    Frames that the video of the masks at `path` doesn't have, or that can't be decoded, have none.
    """
    try:
        reader = VideoReader(path, limits)
    except UnreadableVideo as error:
        log.warning("%s: %s", path.name, error)
        return {}
    there = [index for index in indices if index < reader.frame_count]
    return {frame.index: _encode(frame.pixels) for frame in reader.frames(there)}


def _encode(pixels: np.ndarray) -> bytes:
    _, mask = cv2.threshold(pixels.max(axis=2), DARKEST, 255, cv2.THRESH_BINARY)
    return images.encode(mask, "png", 0)
