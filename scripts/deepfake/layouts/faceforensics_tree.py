"""The folder tree of FaceForensics++, which carries DFD as well.

    original_sequences/{youtube,actors}/{raw,c23,c40}/videos/*.mp4
    manipulated_sequences/<Method>/{raw,c23,c40}/videos/*.mp4
    manipulated_sequences/<Method>/masks/videos/*.mp4

Source: the README of the FaceForensics++ data (Rössler et al., ICCV 2019).
"""

import re
from typing import NamedTuple

from deepfake.layouts.entries import FAKE, REAL, Entry

PLACE = re.compile(r"(?:^|/)(original|manipulated)_sequences/([^/]+)/([^/]+)/videos/[^/]+$")
MASK = "mask, not a video"


class Place(NamedTuple):
    """Where a clip lies: `origin` is youtube or actors for a real, the manipulation method for a fake."""

    label: int
    origin: str
    compression: str

    @property
    def is_mask(self) -> bool:
        return self.label == FAKE and self.compression == "masks"


def place(entry: Entry) -> Place | None:
    """The clip's place in the tree, under any leading folders; None where it doesn't lie in such a tree."""
    found = PLACE.search(entry.path)
    if not found:
        return None
    side, origin, compression = found.groups()
    return Place(REAL if side == "original" else FAKE, origin, compression)
