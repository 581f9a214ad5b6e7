"""What the faces of a fake take from its original: the boxes and landmarks, and the frames to compare with.

A frame of a fake has the same index as the frame of the original that it was made from. Only where the
original was sampled at that index, and its frame has the same size, can they be compared.
"""

from dataclasses import dataclass, replace
from tempfile import SpooledTemporaryFile

import cv2
import numpy as np

from deepfake.extraction import images
from deepfake.extraction.alignment import Place
from deepfake.extraction.boxes import Face
from deepfake.extraction.masks import manipulated_region, mask_of_crop
from deepfake.extraction.settings import is_aligned
from deepfake.extraction.tars import MASK_DATA, mask_columns
from deepfake.extraction.tracking import Detections

IN_MEMORY = 1 << 25  # bytes of an original's frames; more go to a file in TMPDIR that has no name

NO_ORIGINAL = "no original in its shard"
NOT_SAMPLED = "the original was not sampled at this frame"
OTHER_SIZE = "the original's frame has another size"
"""Why a crop has no mask."""


@dataclass(frozen=True)
class _Frame:
    """The faces of a frame, its height and width, and where the bytes of its image are stored."""

    found: Detections
    size: tuple[int, int]
    offset: int
    length: int


class Original:
    """The faces that were found in an original's frames, and, `with_frames`, these frames, for its fakes."""

    def __init__(self, with_frames: bool):
        self._with_frames = with_frames
        self._frames: dict[int, _Frame] = {}
        self._file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  lives as long as this object

    def add(self, row: dict, data: bytes, pixels: np.ndarray, found: Detections) -> None:
        """Keep a frame: its row, the bytes of its image, its pixels and its faces."""
        data = data if self._with_frames else b""
        offset = self._file.seek(0, 2)
        self._file.write(data)
        self._frames[int(row["frame"])] = _Frame(found, pixels.shape[:2], offset, len(data))

    def frame(self, row: dict) -> _Frame | None:
        """Return the frame with the index of a fake's `row`; None if the original has none."""
        return self._frames.get(int(row["frame"]))

    def pixels(self, frame: _Frame, limits: dict | None) -> np.ndarray:
        """Return the pixels of a frame, uint8 BGR (height, width, 3); `limits` as for images.decode."""
        self._file.seek(frame.offset)
        return images.decode(self._file.read(frame.length), limits=limits)


class Pair:
    """A fake's side of a pair. `original` is None if the fake has none in its shard.

    `cfg` is the `faces` section of the config, and `limits` are those of images.decode.
    """

    def __init__(self, original: Original | None, cfg: dict, limits: dict | None = None):
        self._original, self._cfg, self._limits = original, cfg, limits

    def faces(self, row: dict, pixels: np.ndarray) -> Detections | None:
        """Return the original's faces for a frame of the fake; None if its own have to be found."""
        if self._cfg.get("boxes") != "original" or not self._original:
            return None
        frame = self._original.frame(row)
        if frame is None or frame.size != pixels.shape[:2]:
            return None
        return replace(frame.found, faces=[replace(face, found_by="original") for face in frame.found.faces])

    def mask(self, row: dict, pixels: np.ndarray, face: Face, place: Place) -> dict:
        """Return the columns `mask`, `mask_sha256` and `mask_from` of a crop, and its bytes as MASK_DATA.

        `row` and `pixels` are those of the frame; the corpus's own mask of it comes with `row`. `place` is
        where the crop was cut. Without a mask there is only `mask_from`, which says why.
        """
        if not self._cfg.get("masks"):
            return {}
        if MASK_DATA in row:
            region = images.decode(row[MASK_DATA], cv2.IMREAD_GRAYSCALE)
            if region.shape == pixels.shape[:2]:
                return self._columns(row, region, place) | {"mask_from": "corpus"}
        frame = self._original.frame(row) if self._original else None
        if frame is None:
            return {"mask_from": NOT_SAMPLED if self._original else NO_ORIGINAL}
        if frame.size != pixels.shape[:2]:
            return {"mask_from": OTHER_SIZE}
        region = manipulated_region(pixels, self._original.pixels(frame, self._limits), face.xywh)
        return self._columns(row, region, place) | {"mask_from": "difference"}

    def _columns(self, row: dict, region: np.ndarray, place: Place) -> dict:
        mask = mask_of_crop(region, place, self._cfg["size"], is_aligned(self._cfg))
        return mask_columns(row, images.encode(mask, "png", 0))
