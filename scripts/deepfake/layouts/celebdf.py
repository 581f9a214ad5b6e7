"""Celeb-DF v1, v2 and v3 (Celeb-DF++): interviews of celebrities, and fakes made from them.

    Celeb-real/id0_0000.mp4             <target>_<number>
    YouTube-real/00170.mp4              <number>; the people are unknown
    Celeb-synthesis/id0_id1_0000.mp4    <target>_<source>_<number>, made from Celeb-real/<target>_<number>
    Celeb-real/frames/id0_0000/*.png    a video's frames, in any of the three folders
    List_of_testing_videos.txt          lines `1 YouTube-real/00170.mp4`, where 1 means REAL

Fakes of v3 have a folder for each method, in one for each kind:

    Celeb-synthesis/FaceSwap/SimSwap/id0_id1_0000.mp4       <target>_<source>_<number>, as in v2
    Celeb-synthesis/FaceReenact/DaGAN/id3_id28_0001.mp4     the same
    Celeb-synthesis/TalkingFace/SadTalker/id40_0000_test_id00866_usqvLtEq2qQ.mp4

A talking face is made from Celeb-real/<target>_<number>; what follows `test` is the recording of VoxCeleb2
whose voice drives it, and that person isn't seen. v2's own fakes are there as FaceSwap/Celeb-DF or
FaceSwap/Celeb-DF-v2, and have the method and the names that they have in v2. The same names recur in each
method's folder, so the list is compared by path.

A video's name contains its folder, because the numbers of the three folders overlap. If there is a list, the
videos in it are the official test set and all others are for training. It holds for the whole corpus, so v1,
v2 and v3 should be corpora of their own in the config.

Sources: Li et al., "Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics", CVPR 2020, and
"Celeb-DF++: A Large-scale Challenging Video DeepFake Benchmark for Generalizable Forensics", 2025; the README
of OUC-VAS/Celeb-DF-PP for v3's folders; for its names, builders/celebdf.py and its tests in
dfwb-research/deepfake-workbench, and loaders of the talking faces.
"""

import re
from collections import defaultdict
from dataclasses import replace

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import (
    FRAME_FOLDERS,
    MISSING,
    TWO_LABELS,
    folders,
    unexpected_path,
    unusable,
)

LIST = "List_of_testing_videos.txt"
LINE = re.compile(r"([01])\s+(\S.*)")
FOLDERS = {name.lower(): name for name in ("Celeb-real", "YouTube-real", "Celeb-synthesis")}
KINDS = {name.lower(): name for name in ("FaceSwap", "FaceReenact", "TalkingFace")}
OF_V2 = {"celeb-df", "celeb-df-v2"}  # v3's folder of v2's fakes
NAMES = {
    "Celeb-real": (re.compile(r"(?P<target>id[0-9]+)_[0-9]+"), "Celeb-real/<target>_<number>"),
    "YouTube-real": (re.compile(r"[0-9]+"), "YouTube-real/<number>"),
    "Celeb-synthesis": (
        re.compile(r"(?P<target>id[0-9]+)_(?P<source>id[0-9]+)_(?P<number>[0-9]+)"),
        "Celeb-synthesis/<target>_<source>_<number>",
    ),
}
TALKING_FACE = (
    re.compile(r"(?P<target>id[0-9]+)_(?P<number>[0-9]+)_test_id[0-9]+_.+"),
    "TalkingFace/<method>/<target>_<number>_test_<recording>",
)

Key = tuple[str, str]
"""Folder of a video, and its name without its ending, by which the list and the files are compared."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a line of the test list can't be understood."""
    lists = corpus.label_files(lambda entry: entry.name == LIST)
    tests = _read_lists(corpus, lists)
    rows, present = [], set()
    for entry in corpus.media:
        row, key = _video(entry), _key(entry)
        present.add(key)
        if key in tests:
            row = _in_test_split(row, [label for _, label in tests[key]])
        elif lists and not row.problem:
            row = replace(row, split="train")
        rows.append(row)
    for key, listed in tests.items():
        if key not in present:
            row = _in_test_split(_video(listed[0][0]), [label for _, label in listed])
            rows.append(replace(row, problem=MISSING))
    return rows


def _video(entry: Entry) -> Video:
    folder = _folder(entry)
    if not folder:
        return unexpected_path(entry, "Celeb-real, YouTube-real or Celeb-synthesis/<video>")
    top, *below = folder.split("/")
    if len(below) == 1:
        return unexpected_path(entry, f"{folder}/<method>/<video>")
    pattern, expected = TALKING_FACE if below[:1] == ["TalkingFace"] else NAMES[top]
    match = pattern.fullmatch(entry.stem)
    if not match:
        return unexpected_path(entry, expected)
    parts = match.groupdict(default="")
    is_fake = top == "Celeb-synthesis"
    name = "_".join([top, *below, entry.stem])
    original = f"Celeb-real_{parts['target']}_{parts['number']}" if is_fake else name
    return Video(
        entry,
        name=name,
        label=FAKE if is_fake else REAL,
        method=(below or [top])[-1] if is_fake else "",
        target=parts.get("target", ""),
        source=parts.get("source", ""),
        original=original,
        group=original,
    )


def _folder(entry: Entry) -> str:
    """Return the innermost of the corpus's folders that holds the file, in its official spelling; or "".

    For fakes of v3 also the folders of their kind and method, as in `Celeb-synthesis/FaceSwap/SimSwap`.
    """
    above = folders(entry)
    known = [at for at, name in enumerate(above) if name.lower() in FOLDERS]
    if not known:
        return ""
    top = FOLDERS[above[known[-1]].lower()]
    below = [name for name in above[known[-1] + 1 :] if name.lower() not in ("videos", *FRAME_FOLDERS)]
    if top != "Celeb-synthesis" or not below or below[0].lower() not in KINDS:
        return top
    if len(below) > 1 and below[1].lower() in OF_V2:
        return top
    return "/".join([top, KINDS[below[0].lower()], *below[1:2]])


def _key(entry: Entry) -> Key:
    return _folder(entry).lower(), entry.stem.lower()


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
