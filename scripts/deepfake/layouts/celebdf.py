"""Celeb-DF v1 and v2: interviews of celebrities, and face swaps between them.

    Celeb-real/id0_0000.mp4             <target>_<number>
    YouTube-real/00170.mp4              <number>; the people are unknown
    Celeb-synthesis/id0_id1_0000.mp4    <target>_<source>_<number>, made from Celeb-real/<target>_<number>
    Celeb-real/frames/id0_0000/*.png    a video's frames, in any of the three folders
    List_of_testing_videos.txt          lines `1 YouTube-real/00170.mp4`, where 1 means REAL

A video's name contains its folder, because the numbers of the three folders overlap. If there is a list, the
videos in it are the official test set and all others are for training. It holds for the whole corpus, so v1
and v2 should be two corpora in the config.

Source: Li et al., "Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics", CVPR 2020.
"""

import re
from collections import defaultdict
from dataclasses import replace

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import MISSING, TWO_LABELS, folders, unexpected_path, unusable

LIST = "List_of_testing_videos.txt"
LINE = re.compile(r"([01])\s+(\S.*)")
FOLDERS = {name.lower(): name for name in ("Celeb-real", "YouTube-real", "Celeb-synthesis")}
NAMES = {
    "Celeb-real": (re.compile(r"(?P<target>id[0-9]+)_[0-9]+"), "Celeb-real/<target>_<number>"),
    "YouTube-real": (re.compile(r"[0-9]+"), "YouTube-real/<number>"),
    "Celeb-synthesis": (
        re.compile(r"(?P<target>id[0-9]+)_(?P<source>id[0-9]+)_(?P<number>[0-9]+)"),
        "Celeb-synthesis/<target>_<source>_<number>",
    ),
}

Key = tuple[str, str]
"""Folder of a video, and its name without its ending, by which the list and the files are compared."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a line of the test list can't be understood."""
    lists = corpus.label_files(lambda entry: entry.name == LIST)
    tests = _read_lists(corpus, lists)
    rows = []
    for entry in corpus.media:
        row = _video(entry)
        if _key(entry) in tests:
            row = _in_test_split(row, [label for _, label in tests[_key(entry)]])
        elif lists and not row.problem:
            row = replace(row, split="train")
        rows.append(row)
    present = {_key(entry) for entry in corpus.media}
    for key, listed in tests.items():
        if key not in present:
            row = _in_test_split(_video(listed[0][0]), [label for _, label in listed])
            rows.append(replace(row, problem=MISSING))
    return rows


def _video(entry: Entry) -> Video:
    folder = _folder(entry)
    if not folder:
        return unexpected_path(entry, "Celeb-real, YouTube-real or Celeb-synthesis/<video>")
    pattern, expected = NAMES[folder]
    match = pattern.fullmatch(entry.stem)
    if not match:
        return unexpected_path(entry, expected)
    parts = match.groupdict(default="")
    is_fake = folder == "Celeb-synthesis"
    name = f"{folder}_{entry.stem}"
    original = f"Celeb-real_{parts['target']}_{parts['number']}" if is_fake else name
    return Video(
        entry,
        name=name,
        label=FAKE if is_fake else REAL,
        method="Celeb-synthesis" if is_fake else "",
        target=parts.get("target", ""),
        source=parts.get("source", ""),
        original=original,
        group=original,
    )


def _folder(entry: Entry) -> str:
    """Return the innermost of the corpus's folders that holds the file, in its official spelling; or ""."""
    known = [FOLDERS[name.lower()] for name in folders(entry) if name.lower() in FOLDERS]
    return known[-1] if known else ""


def _key(entry: Entry) -> Key:
    return _folder(entry), entry.stem.lower()


def _read_lists(corpus: Corpus, lists: list[Entry]) -> dict[Key, list[tuple[Entry, int]]]:
    """Return for each listed video its expected file and its label, once for each line that lists it."""
    tests = defaultdict(list)
    for entry in lists:
        for number, line in enumerate(corpus.text(entry).splitlines(), start=1):
            if not line.strip():
                continue
            match = LINE.fullmatch(line.strip())
            if not match:
                raise UserError(
                    f"{entry}, line {number}: expected `1 YouTube-real/00170.mp4` with 1 for real "
                    f"or 0 for fake, got {line!r}"
                )
            video = entry.sibling(match[2])
            tests[_key(video)].append((video, REAL if match[1] == "1" else FAKE))
    return tests


def _in_test_split(row: Video, labels: list[int]) -> Video:
    """Return the row of a listed video, with a problem if `labels`, those of the list, contradict it."""
    if row.problem:
        return replace(row, split="test")
    if len(set(labels)) > 1:
        return replace(unusable(row.entry, f"{TWO_LABELS} in the test list"), split="test")
    if labels[0] != row.label:
        folder, line = ("real", "fake") if row.label == REAL else ("fake", "real")
        problem = f"{TWO_LABELS}: its folder says {folder}, the test list {line}"
        return replace(unusable(row.entry, problem), split="test")
    return replace(row, split="test")
