"""FFIW-10K: 10,000 videos from YouTube with several faces a frame, and fakes in which some are swapped.

    source/train/train_00000000.mp4         <split>_<eight digits>: a real
    target/val/val_00000000.mp4             a fake
    target_mask/train/train_00000000.mp4    where the fake of that name is manipulated, in white
    source/val/videos/val_00000000.mp4      also in a folder `videos`, or as a folder of stills in `frames`

The splits are train and val; test is a download of its own, with the same folders. All three folders have the
same names. The authors don't say whether a fake was made from the real of its name, so no original is given;
but both are one group, in case it was.

Sources: Zhou et al., "Face Forensics in the Wild", CVPR 2021; the README of tfzhou/FFIW for the folders;
data/datasets.md of mapooon/SelfBlendedImages and builders/ffiw10k.py of dfwb-research/deepfake-workbench for
names and labels, which several other loaders share.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import FRAME_FOLDERS, folders, unexpected_path, unusable

SIDES = {"source": REAL, "target": FAKE, "target_mask": None}
NAME = re.compile(r"(train|val|test)_[0-9]{8}")
BETWEEN = ("videos", *FRAME_FOLDERS)
MASK = "mask, not a video"
EXPECTED = "source/<split>/<split>_<number> or target/<split>/<split>_<number>, with eight digits"


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos; there are no label files."""
    masks = _masks(corpus.media)
    rows = [_video(entry) for entry in corpus.media]
    return [
        replace(row, mask=masks.get(row.entry.stem))
        if row.label == FAKE and not row.entry.is_frames and not row.problem
        else row
        for row in rows
    ]


def _video(entry: Entry) -> Video:
    side = _side(entry)
    if not side:
        return unexpected_path(entry, EXPECTED)
    if SIDES[side] is None:
        return unusable(entry, MASK)
    name = f"{side}_{entry.stem}"
    return Video(
        entry,
        name=name,
        label=SIDES[side],
        method="FFIW" if side == "target" else "",
        original=name if side == "source" else "",
        group=entry.stem,
        split=entry.stem.partition("_")[0],
    )


def _side(entry: Entry) -> str:
    """Return which of SIDES a file is in; "" if its folders or its name don't fit."""
    above = [name.lower() for name in folders(entry) if name.lower() not in BETWEEN]
    match = NAME.fullmatch(entry.stem)
    fits = match and len(above) > 1 and above[-2] in SIDES and above[-1] == match[1]
    return above[-2] if fits else ""


def _masks(media: Iterable[Entry]) -> dict[str, Entry]:
    """Return the videos of masks by their names, those of the fakes."""
    return {entry.stem: entry for entry in media if entry.is_video and _side(entry) == "target_mask"}
