"""What layouts share: names of splits, parts of paths, and the rows of files that can't be used."""

import re
from pathlib import PurePosixPath

from deepfake.layouts.entries import Entry, Video

FRAME_FOLDERS = ("frames", "images")  # folders that hold one of frames for each video
NO_LABEL = "no label"
MISSING = "labelled, but the file is missing"
TWO_LABELS = "two labels"
SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "validate": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
FRAME = re.compile(r"(.+)[_-](?:frame[_-]?|f)[0-9]+", re.IGNORECASE)


def unusable(entry: Entry, problem: str) -> Video:
    """Return the row of a file that can't be used, with the reason `problem`."""
    return Video(entry, name=entry.stem, label=None, problem=problem)


def not_read(entry: Entry) -> str:
    """Return the reason why an image or a video in a format that isn't read can't be used."""
    return f"the format {entry.suffix} is not read: convert it to .png or .mp4"


def unexpected_path(entry: Entry, expected: str) -> Video:
    """Return the row of a file with a path that doesn't follow the corpus's pattern, `expected`."""
    return unusable(entry, f"name does not fit {expected}")


def archive_stem(entry: Entry) -> str:
    """Return the archive's name without its suffix; "" in a folder corpus."""
    return re.sub(r"(\.tar)?\.[^.]+$", "", PurePosixPath(entry.archive).name)


def folders(entry: Entry) -> tuple[str, ...]:
    """Return the names of the folders that hold a file, the outermost first.

    An archive counts as a folder, since corpora come as one zip for each folder too
    (`DFD_original sequences.zip`).
    """
    stem = archive_stem(entry)
    return (stem, *entry.parts[:-1]) if stem else entry.parts[:-1]


def unique_path(entry: Entry) -> str:
    """Return the path of a file or a folder, after the name of its archive if there is one."""
    return f"{entry.archive.rpartition('/')[2]}:{entry.path}" if entry.archive else entry.path


def video_of_frame(entry: Entry) -> str:
    """Return the `<video>` in an image's name `<video>_frame003`, `<video>_frame_03` or `<video>_f003`.

    "" for other names.
    """
    match = FRAME.fullmatch(entry.stem) if entry.is_image else None
    return match[1] if match else ""


def group_by_frame_name(entry: Entry) -> str:
    """Return as the group the video, in its folder, that a frame is named after; else the file itself."""
    video = video_of_frame(entry)
    return unique_path(entry.sibling(video) if video else entry)
