"""FaceForensics++: 1000 clips from YouTube, manipulated by several methods, at several compressions.

Grammar: the tree of tree.py, or Kaggle's flat mirror `FaceForensics++_C23/{original,<Method>}/*.mp4`, with

    <id>.mp4                     000.mp4        a real; ids have three digits
    <target>_<source>.mp4        000_003.mp4    a fake, whose original is the target's clip

and the names of DFD (see dfd.py) under `actors` and `DeepFakeDetection`. train.json, val.json and test.json,
lists of pairs such as ["071", "054"], give the official split to both ids and to both directions of a pair.

A group is all the ids that fakes join, named by the smallest: 000, 003, 000_003 and 003_000, by every method
and at every compression. Joined besides are the ids whose clips were cut from one YouTube video.

Source: Rössler et al., "FaceForensics++: Learning to Detect Manipulated Facial Images", ICCV 2019.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePosixPath

from deepfake.groups import connected_components
from deepfake.layouts import dfd
from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.faceforensics_tree import MASK, Place, place
from deepfake.layouts.shared import in_order, misfit, refuse, sift, text, where

# The clips come from 977 videos only; these pairs share one and cross the official splits.
ONE_YOUTUBE_VIDEO = [
    ("605", "606"), ("639", "640"), ("837", "838"), ("875", "876"), ("982", "983"),  # train and val
    ("755", "756"), ("954", "955"),  # train and test
]  # fmt: skip
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter", "DeepFakeDetection")
COMPRESSION = re.compile(r"(?<![a-z0-9])(raw|c0|c23|c40)(?![a-z0-9])")
NAME = re.compile(r"([0-9]{3})(?:_([0-9]{3}))?")
SPLIT_FILES = {"train.json": "train", "val.json": "val", "test.json": "test"}


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The videos of a FaceForensics++ corpus. ValueError where a split file can't be understood."""
    clips, refused = sift(entries)
    rows = [_row(entry) for entry in clips]
    splits = _splits(entries, read_bytes)
    groups = _groups(rows)
    return in_order([*refused, *(_complete(row, splits, groups) for row in rows)])


def _row(entry: Entry) -> Video:
    """All that the clip's own path says: everything but split and group, DFD's group excepted."""
    spot = place(entry) or _mirror(entry)
    if not spot:
        return misfit(
            entry,
            "original_sequences/<youtube or actors>/<compression>/videos/<video>, "
            "manipulated_sequences/<Method>/<compression>/videos/<video> or the mirror's <Method>/<video>",
        )
    if spot.is_mask:
        return refuse(entry, MASK)
    prefix = _prefix(spot.origin, spot.compression)
    if spot.origin in ("actors", "DeepFakeDetection"):
        return dfd.describe(entry, spot.label, prefix, _prefix("actors", spot.compression))
    if spot.label == REAL and spot.origin != "youtube":
        return misfit(entry, "original_sequences/youtube or original_sequences/actors")
    found = NAME.fullmatch(entry.stem)
    if not found or bool(found[2]) != (spot.label == FAKE):
        return misfit(entry, f"{'<target>_<source>' if spot.label == FAKE else '<id>'}, three digits an id")
    target, source = found.groups(default="")
    return Video(
        entry,
        name=prefix + entry.stem,
        label=spot.label,
        method=spot.origin if spot.label == FAKE else "",
        target=target,
        source=source,
        original=_prefix("youtube", spot.compression) + target,
    )


def _prefix(origin: str, compression: str) -> str:
    """What tells one id's clips apart, as in `Deepfakes_c23_000_003`; the mirror may hide its compression."""
    return f"{origin}_{compression}_" if compression else f"{origin}_"


def _mirror(entry: Entry) -> Place | None:
    """The clip's place in the flat mirror, where a folder or the archive is named after the compression."""
    parent = entry.parts[-2] if len(entry.parts) > 1 else ""
    if parent not in ("original", *METHODS):
        return None
    names = [PurePosixPath(entry.archive).name, *entry.parts[:-2]]
    known = [found[1] for name in names if (found := COMPRESSION.search(name.lower()))]
    compression = known[-1] if known else ""
    return Place(REAL, "youtube", compression) if parent == "original" else Place(FAKE, parent, compression)


def _groups(rows: list[Video]) -> dict[str, str]:
    """Each YouTube id with the name of its group."""
    pairs = [(row.target, row.source or row.target) for row in rows if _is_youtube(row)]
    present = {item for pair in pairs for item in pair}
    return connected_components([*pairs, *(pair for pair in ONE_YOUTUBE_VIDEO if present.issuperset(pair))])


def _splits(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> dict[str, str]:
    """Each YouTube id with its official split."""
    splits: dict[str, str] = {}
    files = {e for e in entries if e.name in SPLIT_FILES and not e.is_fork}
    for entry in sorted(files, key=lambda e: (e.archive, e.path)):
        for item in _ids(entry, text(entry, read_bytes)):
            if splits.setdefault(item, SPLIT_FILES[entry.name]) != SPLIT_FILES[entry.name]:
                raise ValueError(f"{where(entry)}: id {item} stands in {splits[item]}.json too; keep one.")
    return splits


def _ids(entry: Entry, content: str) -> list[str]:
    expected = f'{where(entry)}: expected a JSON list of pairs such as ["071", "054"]'
    try:
        pairs = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{expected}: {error}") from None
    if not isinstance(pairs, list):
        raise ValueError(f"{expected}, got {type(pairs).__name__}")
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(item, str) for item in pair)):
            raise ValueError(f"{expected}, got {pair!r}")
    return [item for pair in pairs for item in pair]


def _complete(row: Video, splits: dict[str, str], groups: dict[str, str]) -> Video:
    if not _is_youtube(row):
        return row
    # A swap across two official splits belongs to neither.
    found = {splits.get(item, "") for item in (row.target, row.source or row.target)}
    return replace(row, split=found.pop() if len(found) == 1 else "", group=groups[row.target])


def _is_youtube(row: Video) -> bool:
    return not row.problem and not row.group  # the rows of DFD's part have their group already
