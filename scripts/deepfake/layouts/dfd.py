"""The DeepFake Detection dataset (DFD): 363 clips of 28 paid actors in 16 scenes, and 3068 face swaps.

Grammar of the names:

    <target>__<scene>.mp4                        01__exit_phone_room.mp4
    <target>_<source>__<scene>__<mark>.mp4       01_02__exit_phone_room__YVGY8LOK.mp4

Actors have two digits, scenes single underscores, marks eight characters. A fake's original is
`<target>__<scene>`, and group is that original. It arrives as Kaggle's copy, with `DFD_original sequences/`
and `DFD_manipulated_sequences/DFD_manipulated_sequences/` (folders or zips, a space or an underscore), or as
`actors` and `DeepFakeDetection` inside the FaceForensics++ tree (see tree.py). The folder gives the label.

Source: Dufour and Gully, "Contributing Data to Deepfake Detection Research", Google AI Blog, 2019.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.faceforensics_tree import MASK, place
from deepfake.layouts.shared import folders, in_order, misfit, refuse, sift

NAME = re.compile(r"([0-9]{2})(?:_([0-9]{2}))?__([^_]+(?:_[^_]+)*?)(?:__([0-9A-Za-z]{8}))?")
GRAMMAR = "<target>__<scene> or <target>_<source>__<scene>__<8 characters>"
FOLDER = re.compile(r"(original|manipulated)[ _]sequences", re.IGNORECASE)


class Clip(NamedTuple):
    """What a name says; `source` is "" for an original."""

    target: str
    source: str
    scene: str

    @property
    def label(self) -> int:
        return FAKE if self.source else REAL

    @property
    def original(self) -> str:
        return f"{self.target}__{self.scene}"


def parse(stem: str) -> Clip | None:
    """The clip's actors and scene from its name without the ending; None where it doesn't fit the grammar."""
    found = NAME.fullmatch(stem)
    if not found:
        return None
    target, source, scene, mark = found.groups(default="")
    return Clip(target, source, scene) if bool(source) == bool(mark) else None


def describe(entry: Entry, label: int, prefix: str = "", original_prefix: str = "") -> Video:
    """The row of a clip whose folder gives `label`.

    The prefixes tell apart its copies at several compressions; the group has none, so these stay together.
    """
    clip = parse(entry.stem)
    if not clip:
        return misfit(entry, GRAMMAR)
    if clip.label != label:
        folder, name = ("fake", "real") if label == FAKE else ("real", "fake")
        return refuse(entry, f"two labels: its folder says {folder}, its name {name}")
    return Video(
        entry,
        name=prefix + entry.stem,
        label=label,
        method="DeepFakeDetection" if label == FAKE else "",
        target=clip.target,
        source=clip.source,
        original=original_prefix + clip.original,
        group=clip.original,
    )


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The videos of a DFD corpus in either arrangement."""
    clips, refused = sift(entries)
    return in_order([*refused, *map(_row, clips)])


def _row(entry: Entry) -> Video:
    if spot := place(entry):
        if spot.is_mask:
            return refuse(entry, MASK)
        if spot.origin not in ("actors", "DeepFakeDetection"):
            return refuse(entry, f"{spot.origin} is no part of DFD: read it as faceforensics")
        return describe(entry, spot.label, f"{spot.compression}_", f"{spot.compression}_")
    sides = [found[1].lower() for folder in folders(entry) if (found := FOLDER.search(folder))]
    if not sides:
        return misfit(entry, "DFD_original sequences/<video> or DFD_manipulated_sequences/<video>")
    return describe(entry, REAL if sides[-1] == "original" else FAKE)
