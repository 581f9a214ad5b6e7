"""The DeepFake Detection dataset (DFD): 363 videos of 28 paid actors in 16 scenes, and 3068 face swaps.

    <target>__<scene>.mp4                        01__exit_phone_room.mp4
    <target>_<source>__<scene>__<code>.mp4       01_02__exit_phone_room__YVGY8LOK.mp4

Actors are two digits, scenes have single underscores, codes eight characters. A fake's original is
`<target>__<scene>`, and the group is that original. The folder gives the label. There are two forms:
Kaggle's copy, with `DFD_original sequences/` and `DFD_manipulated_sequences/DFD_manipulated_sequences/`
(folders or zips, a space or an underscore); or `actors` and `DeepFakeDetection` inside the FaceForensics++
tree (see faceforensics_tree.py).

Source: Dufour and Gully, "Contributing Data to Deepfake Detection Research", Google AI Blog, 2019.
"""

import re
from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.faceforensics_tree import MASK, mask_of, masks_of_fakes, tree_folder
from deepfake.layouts.shared import folders, unexpected_path, unusable

NAME = re.compile(r"([0-9]{2})(?:_([0-9]{2}))?__([^_]+(?:_[^_]+)*?)(?:__([0-9A-Za-z]{8}))?")
EXPECTED = "<target>__<scene> or <target>_<source>__<scene>__<8 characters>"
FOLDER = re.compile(r"(original|manipulated)[ _]sequences", re.IGNORECASE)


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos, in either form; there are no label files."""
    masks = masks_of_fakes(corpus.media)
    return [replace(_video(entry), mask=mask_of(entry, masks)) for entry in corpus.media]


def _video(entry: Entry) -> Video:
    if folder := tree_folder(entry):
        if folder.is_mask:
            return unusable(entry, MASK)
        if folder.origin not in ("actors", "DeepFakeDetection"):
            return unusable(entry, f"{folder.origin} is no part of DFD: read it as faceforensics")
        return dfd_video(entry, folder.label, f"{folder.compression}_", f"{folder.compression}_")
    sides = [match[1].lower() for folder in folders(entry) if (match := FOLDER.search(folder))]
    if not sides:
        return unexpected_path(entry, "DFD_original sequences/<video> or DFD_manipulated_sequences/<video>")
    return dfd_video(entry, REAL if sides[-1] == "original" else FAKE)


def dfd_video(entry: Entry, label: int, prefix: str = "", original_prefix: str = "") -> Video:
    """Return the row of a video by its name; `label` is that of its folder.

    The prefixes of its name and of its original's name distinguish copies at several compressions. The group
    has no prefix, so that these copies stay together.
    """
    match = NAME.fullmatch(entry.stem)
    target, source, scene, code = match.groups(default="") if match else ("",) * 4
    if not match or bool(source) != bool(code):
        return unexpected_path(entry, EXPECTED)
    if bool(source) != (label == FAKE):
        folder, name = ("fake", "real") if label == FAKE else ("real", "fake")
        return unusable(entry, f"two labels: its folder says {folder}, its name {name}")
    recording = f"{target}__{scene}"
    return Video(
        entry,
        name=prefix + entry.stem,
        label=label,
        method="DeepFakeDetection" if label == FAKE else "",
        target=target,
        source=source,
        original=original_prefix + recording,
        group=recording,
    )
