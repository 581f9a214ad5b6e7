"""The folder tree of FaceForensics++, which holds DFD too.

    original_sequences/{youtube,actors}/{raw,c23,c40}/videos/*.mp4
    manipulated_sequences/<Method>/{raw,c23,c40}/videos/*.mp4
    manipulated_sequences/<Method>/masks/videos/*.mp4
    {original,manipulated}_sequences/<folder>/{raw,c23,c40}/{frames,images}/<video>/*.png

The last holds frames that were extracted beforehand: `images` by the authors' script, `frames` by others.
Source: the README of the FaceForensics++ data (Rössler et al., ICCV 2019).
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from deepfake.layouts.entries import FAKE, REAL, Entry

TREE = re.compile(r"(?:^|/)(original|manipulated)_sequences/([^/]+)/([^/]+)/(?:videos|frames|images)/[^/]+$")
MASK = "mask, not a video"


class TreeFolder(NamedTuple):
    """The folder of a video: `origin` is youtube or actors for a real, the manipulation method for a fake."""

    label: int
    origin: str
    compression: str

    @property
    def is_mask(self) -> bool:
        return self.label == FAKE and self.compression == "masks"


def tree_folder(entry: Entry) -> TreeFolder | None:
    """Return the video's folder in the tree, below any other folders; None if it isn't in such a tree."""
    match = TREE.search(entry.path)
    if not match:
        return None
    side, origin, compression = match.groups()
    return TreeFolder(REAL if side == "original" else FAKE, origin, compression)


def masks_of_fakes(media: Iterable[Entry]) -> dict[tuple[str, str], Entry]:
    """Return the videos of masks by method and name: a fake's, at any compression, has the same name."""
    folders = ((entry, tree_folder(entry)) for entry in media)
    return {(folder.origin, entry.stem): entry for entry, folder in folders if folder and folder.is_mask}


def mask_of(entry: Entry, masks: dict[tuple[str, str], Entry]) -> Entry | None:
    """Return the mask of a video among `masks`, those of masks_of_fakes; None for a real."""
    folder = tree_folder(entry)
    if not folder or folder.label == REAL or folder.is_mask or not entry.is_video:
        return None
    return masks.get((folder.origin, entry.stem))
