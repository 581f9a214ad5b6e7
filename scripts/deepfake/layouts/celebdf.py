"""Celeb-DF v1 and v2: interviews of celebrities, and face swaps between them.

    Celeb-real/id0_0000.mp4             <target>_<number>
    YouTube-real/00170.mp4              <number>; nobody says who it is
    Celeb-synthesis/id0_id1_0000.mp4    <target>_<source>_<number>, made from Celeb-real/<target>_<number>
    List_of_testing_videos.txt          lines `1 YouTube-real/00170.mp4`, where 1 means REAL

Names carry their folder, as the numbers of the three begin anew. Where there is a list, what it names is
officially for testing and all else for training; it holds for the whole corpus, so v1 and v2 are best read as
two.

Source: Li et al., "Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics", CVPR 2020.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import (
    MISSING,
    TWO_LABELS,
    folders,
    in_order,
    misfit,
    refuse,
    sift,
    text,
    where,
)

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


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The videos of a Celeb-DF corpus. ValueError where a line of the test list can't be understood."""
    clips, rows = sift(entries)
    present = {_key(entry) for entry in clips}
    lists = sorted(
        {e for e in entries if e.name == LIST and not e.is_fork}, key=lambda e: (e.archive, e.path)
    )
    tests = _tests(lists, read_bytes)
    for entry in clips:
        row = _row(entry)
        if _key(entry) in tests:
            row = _judge(row, [label for _, label in tests[_key(entry)]])
        elif lists and not row.problem:
            row = replace(row, split="train")
        rows.append(row)
    for key, claims in tests.items():
        if key not in present:
            lost = _judge(_row(claims[0][0]), [label for _, label in claims])
            rows.append(replace(lost, problem=MISSING))
    return in_order(rows)


def _row(entry: Entry) -> Video:
    folder = _folder(entry)
    if not folder:
        return misfit(entry, "Celeb-real, YouTube-real or Celeb-synthesis/<video>")
    pattern, expected = NAMES[folder]
    found = pattern.fullmatch(entry.stem)
    if not found:
        return misfit(entry, expected)
    said = found.groupdict(default="")
    name = f"{folder}_{entry.stem}"
    original = f"Celeb-real_{said['target']}_{said['number']}" if folder == "Celeb-synthesis" else name
    return Video(
        entry,
        name=name,
        label=FAKE if folder == "Celeb-synthesis" else REAL,
        method="Celeb-synthesis" if folder == "Celeb-synthesis" else "",
        target=said.get("target", ""),
        source=said.get("source", ""),
        original=original,
        group=original,
    )


def _folder(entry: Entry) -> str:
    """The innermost of the corpus's folders above the video, as the corpus spells it; "" without one."""
    known = [FOLDERS[name.lower()] for name in folders(entry) if name.lower() in FOLDERS]
    return known[-1] if known else ""


def _key(entry: Entry) -> tuple[str, str]:
    return _folder(entry), entry.name.lower()


def _tests(lists: list[Entry], read_bytes: Callable) -> dict[tuple[str, str], list[tuple[Entry, int]]]:
    """The listed videos: where each should lie, and its label, once for each line that names it."""
    tests = defaultdict(list)
    for entry in lists:
        for number, line in enumerate(text(entry, read_bytes).splitlines(), start=1):
            if not line.strip():
                continue
            found = LINE.fullmatch(line.strip())
            if not found:
                raise ValueError(
                    f"{where(entry)}, line {number}: expected `1 YouTube-real/00170.mp4` with 1 for real "
                    f"or 0 for fake, got {line!r}"
                )
            video = entry.beside(found[2])
            tests[_key(video)].append((video, REAL if found[1] == "1" else FAKE))
    return tests


def _judge(row: Video, listed: list[int]) -> Video:
    """The row with what the test list says of it: the labels of all the lines that name it."""
    if row.problem:
        return replace(row, split="test")
    if len(set(listed)) > 1:
        return replace(refuse(row.entry, f"{TWO_LABELS} in the test list"), split="test")
    if listed[0] != row.label:
        folder, line = ("real", "fake") if row.label == REAL else ("fake", "real")
        problem = f"{TWO_LABELS}: its folder says {folder}, the test list {line}"
        return replace(refuse(row.entry, problem), split="test")
    return replace(row, split="test")
