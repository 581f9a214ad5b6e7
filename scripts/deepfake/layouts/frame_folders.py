"""Folders of stills in corpora of videos: the frames of one video, extracted beforehand.

    original_sequences/youtube/c23/frames/000/000.png    as DeepfakeBench stores FaceForensics++
    Celeb-real/frames/id0_0000/000.png

A folder stands for the video that it is named after, if a video of that name would fit the layout there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace

from deepfake.layouts.entries import BY_PATH, Entry, Video
from deepfake.layouts.media_types import FRAMES
from deepfake.layouts.shared import unusable

STILL = "still image, not a video"
MASKS = {"mask", "masks"}
MASK = "mask of a manipulation, not a video"


def folders_of_stills(stills: Iterable[Entry], videos: Iterable[Entry]) -> dict[Entry, list[Entry]]:
    """Return for each folder that may be the frames of a video its stills.

    Not those at the top of a corpus, nor stills that lie beside videos.
    """
    folders = defaultdict(list)
    for entry in stills:
        if "/" in entry.path:
            folders[replace(entry.folder, content=FRAMES)].append(entry)
    for folder in {entry.folder for entry in videos}:
        folders.pop(folder, None)
    return dict(folders)


def is_of_masks(folder: Entry) -> bool:
    return bool(MASKS.intersection(map(str.lower, folder.parts)))


def read_with_frames(
    read: Callable[[list[Entry]], list[Video]], videos: list[Entry], stills: list[Entry]
) -> list[Video]:
    """Return the rows of a corpus of videos, some of which may be folders of `stills`.

    `read` is given videos and folders of frames, sorted, and returns their rows. A folder that doesn't fit
    the layout is replaced by a row for each still. A folder of masks is one row.
    """
    folders = folders_of_stills(stills, videos)
    masks = [folder for folder in folders if is_of_masks(folder)]
    frames = [folder for folder in folders if not is_of_masks(folder)]
    rows = read(sorted([*videos, *frames], key=BY_PATH))
    unfit = {row.entry for row in rows if row.entry.is_frames and row.problem}
    used = {still for folder in [*masks, *frames] if folder not in unfit for still in folders[folder]}
    rows = [row for row in rows if row.entry not in unfit]
    rows += [unusable(folder, MASK) for folder in masks]
    rows += [unusable(entry, STILL) for entry in stills if entry not in used]
    return _without_second_copies(rows)


def _without_second_copies(rows: list[Video]) -> list[Video]:
    """Return the rows, with a problem for frames of a video that is in the corpus itself, or has others."""
    if not any(row.entry.is_frames for row in rows):
        return rows
    first: dict[str, Video] = {}
    for row in sorted(rows, key=_preference):
        if not row.problem:
            first.setdefault(row.name, row)
    return [
        replace(row, problem=f"the frames of a video that is there as {first[row.name].entry} too")
        if row.entry.is_frames and not row.problem and first[row.name] is not row
        else row
        for row in rows
    ]


def _preference(row: Video) -> tuple:
    """Return a key that sorts a video before its frames, and those in a folder `frames` before others."""
    is_in_frames = "frames" in map(str.lower, row.entry.parts[:-1])
    return row.entry.is_frames, not is_in_frames, row.entry.archive, row.entry.path
