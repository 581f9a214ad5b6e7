"""What every layout does alike: take the media out of a corpus, word its refusals, read its small files."""

import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from deepfake.layouts.entries import Entry, Video

TOP = Entry("", "")  # the corpus's own folder, where label files from elsewhere are put
FORK = "macOS resource fork, not a video"
MISSING = "labelled, but the file is missing"
TWO_LABELS = "two labels"
SPLITS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "validate": "val",
    "test": "test", "testing": "test",
}  # fmt: skip
FRAME = re.compile(r"(.+)[_-](?:frame[_-]?|f)[0-9]+", re.IGNORECASE)


def sift(
    entries: Iterable[Entry], stills: bool = False, sequences: bool = False
) -> tuple[list[Entry], list[Video]]:
    """The media that a layout has to read, sorted, and the rows of those that no layout can.

    An entry that stands twice counts once. Without `stills`, images are among the refused. Tars are media
    only with `sequences`; to other layouts they are files like any others.
    """
    kept, refused = [], []
    for entry in sorted(set(entries), key=lambda e: (e.archive, e.path)):
        is_image = entry.is_image
        if not (is_image or entry.is_video or (sequences and entry.is_sequence)):
            continue
        if entry.is_fork:
            refused.append(refuse(entry, FORK))
        elif is_image and not stills:
            refused.append(refuse(entry, "still image, not a video"))
        else:
            kept.append(entry)
    return kept, refused


def in_order(videos: Iterable[Video]) -> list[Video]:
    """Sorted by archive and path."""
    return sorted(videos, key=lambda v: (v.entry.archive, v.entry.path, v.name))


def refuse(entry: Entry, problem: str) -> Video:
    """The row of a file of which nothing is known but why it can't be used."""
    return Video(entry, name=entry.stem, label=None, problem=problem)


def misfit(entry: Entry, expected: str) -> Video:
    """The row of a file whose path doesn't follow the corpus's grammar, here in short as `expected`."""
    return refuse(entry, f"name does not fit {expected}")


def archive_stem(entry: Entry) -> str:
    """The archive's name without its ending; "" in a folder corpus."""
    return re.sub(r"(\.tar)?\.[^.]+$", "", PurePosixPath(entry.archive).name)


def folders(entry: Entry) -> tuple[str, ...]:
    """The folders above it from the outermost. The archive's name is the first, where there is an archive:
    corpora come as one zip a folder too (`DFD_original sequences.zip`).
    """
    stem = archive_stem(entry)
    return (stem, *entry.parts[:-1]) if stem else entry.parts[:-1]


def frame_of(entry: Entry) -> str:
    """The video that a still's name, such as `<video>_frame003`, `<video>_frame_03` or `<video>_f003`, calls
    its own; "" for other names.
    """
    found = FRAME.fullmatch(entry.stem) if entry.is_image else None
    return found[1] if found else ""


def place(entry: Entry) -> str:
    """A file or a folder by its whole path, and its archive, where there is one."""
    return f"{entry.archive.rpartition('/')[2]}:{entry.path}" if entry.archive else entry.path


def frame_group(entry: Entry) -> str:
    """The video, in its folder, that a frame's name calls its own; else the file itself."""
    video = frame_of(entry)
    return place(entry.beside(video) if video else entry)


def where(entry: Entry) -> str:
    """Archive and path, for messages."""
    return f"{entry.archive}: {entry.path}" if entry.archive else entry.path


def text(entry: Entry, read_bytes: Callable[[Entry], bytes]) -> str:
    """The text of a small file of the corpus. ValueError, naming it, where it isn't UTF-8."""
    try:
        return read_bytes(entry).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{where(entry)} is not UTF-8 text ({error}); fetch that file again.") from None
