"""Label lists, as classification tasks come with them: stills in a folder for each phase, and a list of it.

    {train,validate,test}/<still>
    {train,validate,test}_label.txt    lines `69a1d6e71f594437b0dd71b4d59fbd38.jpg 1`, where 1 is fake

The phases' usual synonyms do too, in any case. A list may lie beside its folder, in it, or at the corpus's
top, also where the folders are archives; its stills may lie beside it instead. Names may hold spaces. The
list's phase is the split. Group: the video, in its folder, that a frame name such as `<video>_frame003`
calls its own; else the still itself.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from io import StringIO

from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.finder import Finder
from deepfake.layouts.listed_files import Line, settle
from deepfake.layouts.shared import SPLITS, folders, frame_group, in_order, sift, text, where

LIST = re.compile(rf"({'|'.join(SPLITS)})_labels?\.txt", re.IGNORECASE)
LABELS = {"0": REAL, "1": FAKE}


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The stills of a corpus with label lists. ValueError where a line of a list can't be understood."""
    media, refused = sift(entries, stills=True)
    lists = sorted({e for e in entries if _split(e) and not e.is_fork}, key=lambda e: (e.archive, e.path))
    finder, folders_of = Finder(media), _folders_by_split(media)
    lines = []
    for table in lists:
        split = _split(table)
        # Several lists of one phase are those of several sets, each of which speaks for its own folder.
        confined = sum(_split(other) == split for other in lists) > 1
        is_inside = SPLITS.get(table.folder.name.lower()) == split
        for name, label in _lines(table, read_bytes):
            paths = [f"{folder}/{name}" for folder in folders_of[split] or [split]]
            found = _find(finder, table, name, paths, confined)
            lines.append(Line(table, name if is_inside else paths[0], found, label, split))
    others = set(entries).difference(media)
    return in_order([*refused, *settle(media, others, lines, _row, "in no label list")])


def _row(entry: Entry, line: Line) -> Video:
    name = f"{line.split}_{entry.stem}"
    return Video(
        entry,
        name=name,
        label=line.label,
        original=name if line.label == REAL else "",
        group=frame_group(entry),
        split=line.split,
    )


def _find(finder: Finder, table: Entry, name: str, paths: list[str], confined: bool) -> list[Entry]:
    places = [entry for path in [*paths, name] for entry in finder.exact(table, path)]
    ends = [] if places else [entry for path in paths for entry in finder.ending(table, path, confined)]
    return list(dict.fromkeys(places or ends))


def _folders_by_split(media: list[Entry]) -> dict[str, list[str]]:
    """The names, as they are spelled, of the folders and archives that stand for each split."""
    by_split: dict[str, set[str]] = defaultdict(set)
    for entry in {(entry.archive, entry.folder.path): entry for entry in media}.values():
        for folder in folders(entry):
            if folder.lower() in SPLITS:
                by_split[SPLITS[folder.lower()]].add(folder)
    return defaultdict(list, {split: sorted(names) for split, names in by_split.items()})


def _split(entry: Entry) -> str:
    """The split that a list is of; "" for other files."""
    found = LIST.fullmatch(entry.name)
    return SPLITS[found[1].lower()] if found else ""


def _lines(table: Entry, read_bytes: Callable[[Entry], bytes]) -> list[tuple[str, int]]:
    found = []
    for number, line in enumerate(StringIO(text(table, read_bytes)), start=1):
        cells = line.rsplit(maxsplit=1)
        if not cells:
            continue
        if len(cells) < 2 or cells[1] not in LABELS:
            raise ValueError(
                f"{where(table)}, line {number}: expected `name.jpg 1` with 1 for fake or 0 for real, "
                f"got {line.strip()!r}"
            )
        found.append((cells[0].strip(), LABELS[cells[1]]))
    return found
