"""Label lists, as for classification tasks: a folder of images for each split, and a list of its labels.

    {train,validate,test}/<image>
    {train,validate,test}_label.txt    lines `69a1d6e71f594437b0dd71b4d59fbd38.jpg 1`, where 1 is fake

`corpora.<corpus>.columns` may give other values for the classes, such as {real: [1], fake: [0]}.

The usual synonyms of the splits are accepted too, in upper or lower case. A list may be beside its folder, in
it, or at the corpus's top, also if the folders are archives; the images may instead be beside the list. Names
may contain spaces. Group: the video, in its folder, that a frame's name such as `<video>_frame003` names;
else the image itself.
"""

import re
from collections import defaultdict
from io import StringIO

from deepfake.errors import UserError
from deepfake.layouts.csv_columns import labels_by_value, normal_value
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.listings import Line, videos_of_lines
from deepfake.layouts.path_finder import PathFinder
from deepfake.layouts.shared import SPLITS, folders, group_by_frame_name

LIST = re.compile(rf"({'|'.join(SPLITS)})_labels?\.txt", re.IGNORECASE)
LABELS = {"0": REAL, "1": FAKE}
NAMES = {REAL: "real", FAKE: "fake"}


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the images. Raises UserError if a line of a list can't be understood."""
    lists = corpus.label_files(lambda entry: bool(_split(entry)))
    finder, folders_of_split = PathFinder(corpus.media), _folders_by_split(corpus.media)
    lines = []
    for table in lists:
        split = _split(table)
        # Several lists of one split belong to several image sets, so each is only valid in its own folder.
        only_inside = sum(_split(other) == split for other in lists) > 1
        is_inside = SPLITS.get(table.folder.name.lower()) == split
        for name, label in _read_list(corpus, table):
            paths = [f"{folder}/{name}" for folder in folders_of_split[split] or [split]]
            matches = _find(finder, table, name, paths, only_inside)
            lines.append(Line(table, name if is_inside else paths[0], matches, label, split))
    return videos_of_lines(corpus, lines, _video, "in no label list")


def _video(entry: Entry, line: Line) -> Video:
    name = f"{line.split}_{entry.stem}"
    return Video(
        entry,
        name=name,
        label=line.label,
        original=name if line.label == REAL else "",
        group=group_by_frame_name(entry),
        split=line.split,
    )


def _find(finder: PathFinder, table: Entry, name: str, paths: list[str], only_inside: bool) -> list[Entry]:
    exact = [entry for path in [*paths, name] for entry in finder.exact(table, path)]
    found = exact or [entry for path in paths for entry in finder.by_end(table, path, only_inside)]
    found = found or [entry for path in [*paths, name] for entry in finder.by_stem(table, path, only_inside)]
    return list(dict.fromkeys(found))


def _folders_by_split(media: list[Entry]) -> dict[str, list[str]]:
    """Return for each split the names of the folders and archives that are called like it, as spelled."""
    by_split: dict[str, set[str]] = defaultdict(set)
    for entry in {(entry.archive, entry.folder.path): entry for entry in media}.values():
        for folder in folders(entry):
            if folder.lower() in SPLITS:
                by_split[SPLITS[folder.lower()]].add(folder)
    return defaultdict(list, {split: sorted(names) for split, names in by_split.items()})


def _split(entry: Entry) -> str:
    """Return the split of a label list; "" for other files."""
    match = LIST.fullmatch(entry.name)
    return SPLITS[match[1].lower()] if match else ""


def _read_list(corpus: Corpus, table: Entry) -> list[tuple[str, int]]:
    lines = []
    labels = labels_by_value(corpus.columns) if corpus.columns else LABELS
    for number, line in enumerate(StringIO(corpus.text(table)), start=1):
        cells = line.rsplit(maxsplit=1)
        if not cells:
            continue
        label = labels.get(normal_value(cells[-1])) if len(cells) > 1 else None
        if label is None:
            first = normal_value(line.split(maxsplit=1)[0])
            hint = (
                "; layout celebdf reads lists with the label first, where 1 is real"
                if first in labels
                else ""
            )
            raise UserError(f"{table}, line {number}: {_expected(labels)}, got {line.strip()!r}{hint}")
        lines.append((cells[0].strip(), label))
    return lines


def _expected(labels: dict[str, int]) -> str:
    values = {label: [value for value in labels if labels[value] == label] for label in (FAKE, REAL)}
    meanings = " or ".join(f"{', '.join(found)} for {NAMES[label]}" for label, found in values.items())
    return f"expected `name.jpg {values[FAKE][0]}` with {meanings}"
