"""FaceForensics++: 1000 videos from YouTube, manipulated by several methods, at several compressions.

The files are in the tree of faceforensics_tree.py, or in Kaggle's flat mirror
`FaceForensics++_C23/{original,<Method>}/*.mp4`. Their names are

    <id>.mp4                     000.mp4        a real; ids have three digits
    <target>_<source>.mp4        000_003.mp4    a fake; its original is the target's video

and those of DFD (see dfd.py) under `actors` and `DeepFakeDetection`. train.json, val.json and test.json,
lists of pairs such as ["071", "054"], give the official split of both ids and of both directions of a pair.

A group is all ids that fakes link, named after the smallest: 000, 003, 000_003 and 003_000, of every method
and compression. Ids of videos that were cut from the same YouTube video are linked too.

Source: Rössler et al., "FaceForensics++: Learning to Detect Manipulated Facial Images", ICCV 2019.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePosixPath

from deepfake.errors import UserError
from deepfake.groups import connected_components
from deepfake.layouts import dfd
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.faceforensics_tree import MASK, TreeFolder, mask_of, masks_of_fakes, tree_folder
from deepfake.layouts.shared import unexpected_path, unusable

# The videos come from only 977 YouTube videos; these pairs share one and are in different official splits.
SAME_YOUTUBE_VIDEO = [
    ("605", "606"), ("639", "640"), ("837", "838"), ("875", "876"), ("982", "983"),  # train and val
    ("755", "756"), ("954", "955"),  # train and test
]  # fmt: skip
METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures", "FaceShifter", "DeepFakeDetection")
COMPRESSION = re.compile(r"(?<![a-z0-9])(raw|c0|c23|c40)(?![a-z0-9])")
NAME = re.compile(r"([0-9]{3})(?:_([0-9]{3}))?")
YOUTUBE_ID = re.compile(r"[0-9]{3}")
SPLIT_FILES = {"train.json": "train", "val.json": "val", "test.json": "test"}
EXPECTED = (
    "original_sequences/<youtube or actors>/<compression>/videos/<video>, "
    "manipulated_sequences/<Method>/<compression>/videos/<video> or the mirror's <Method>/<video>"
)


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a split file can't be understood."""
    rows = [_video(entry) for entry in corpus.media]
    splits = _read_splits(corpus)
    groups = youtube_groups([row for row in rows if _is_youtube(row)])
    masks = masks_of_fakes(corpus.media)
    return [
        replace(_with_split_and_group(row, splits, groups), mask=mask_of(row.entry, masks)) for row in rows
    ]


def _video(entry: Entry) -> Video:
    """Return the row of a video by its path; without split and, but for videos of DFD, without group."""
    folder = tree_folder(entry) or _mirror_folder(entry)
    if not folder:
        return unexpected_path(entry, EXPECTED)
    if folder.is_mask:
        return unusable(entry, MASK)
    prefix = _prefix(folder.origin, folder.compression)
    if folder.origin in ("actors", "DeepFakeDetection"):
        return dfd.dfd_video(entry, folder.label, prefix, _prefix("actors", folder.compression))
    if folder.label == REAL and folder.origin != "youtube":
        return unexpected_path(entry, "original_sequences/youtube or original_sequences/actors")
    match = NAME.fullmatch(entry.stem)
    if not match or bool(match[2]) != (folder.label == FAKE):
        expected = "<target>_<source>" if folder.label == FAKE else "<id>"
        return unexpected_path(entry, f"{expected}, three digits an id")
    target, source = match.groups(default="")
    return Video(
        entry,
        name=prefix + entry.stem,
        label=folder.label,
        method=folder.origin if folder.label == FAKE else "",
        target=target,
        source=source,
        original=_prefix("youtube", folder.compression) + target,
    )


def _prefix(origin: str, compression: str) -> str:
    """Return what distinguishes videos of one id, as in `Deepfakes_c23_000_003`."""
    return f"{origin}_{compression}_" if compression else f"{origin}_"


def _mirror_folder(entry: Entry) -> TreeFolder | None:
    """Return the video's folder in the flat mirror; None if it isn't in one.

    The compression is the one that a folder or the archive is named after, "" if none is.
    """
    parent = entry.parts[-2] if len(entry.parts) > 1 else ""
    if parent not in ("original", *METHODS):
        return None
    names = [PurePosixPath(entry.archive).name, *entry.parts[:-2]]
    matches = [match[1] for name in names if (match := COMPRESSION.search(name.lower()))]
    compression = matches[-1] if matches else ""
    if parent == "original":
        return TreeFolder(REAL, "youtube", compression)
    return TreeFolder(FAKE, parent, compression)


def youtube_groups(rows: Iterable[Video]) -> dict[str, str]:
    """Return the group of each YouTube id. `rows` are videos made from YouTube's: their target is an id."""
    pairs = [(row.target, row.source if YOUTUBE_ID.fullmatch(row.source) else row.target) for row in rows]
    present = {item for pair in pairs for item in pair}
    return connected_components([*pairs, *(pair for pair in SAME_YOUTUBE_VIDEO if present.issuperset(pair))])


def _read_splits(corpus: Corpus) -> dict[str, str]:
    """Return the official split of each YouTube id."""
    splits: dict[str, str] = {}
    for entry in corpus.label_files(lambda entry: entry.name in SPLIT_FILES):
        for item in _ids(entry, corpus.text(entry)):
            if splits.setdefault(item, SPLIT_FILES[entry.name]) != SPLIT_FILES[entry.name]:
                raise UserError(f"{entry}: id {item} is in {splits[item]}.json too; remove one.")
    return splits


def _ids(entry: Entry, content: str) -> list[str]:
    expected = f'{entry}: expected a JSON list of pairs such as ["071", "054"]'
    try:
        pairs = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{expected}: {error}") from None
    if not isinstance(pairs, list):
        raise UserError(f"{expected}, got {type(pairs).__name__}")
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(item, str) for item in pair)):
            raise UserError(f"{expected}, got {pair!r}")
    return [item for pair in pairs for item in pair]


def _with_split_and_group(row: Video, splits: dict[str, str], groups: dict[str, str]) -> Video:
    if not _is_youtube(row):
        return row
    # A swap between people of two official splits belongs to neither.
    found = {splits.get(item, "") for item in (row.target, row.source or row.target)}
    return replace(row, split=found.pop() if len(found) == 1 else "", group=groups[row.target])


def _is_youtube(row: Video) -> bool:
    return not row.problem and not row.group  # videos of DFD have a group already
