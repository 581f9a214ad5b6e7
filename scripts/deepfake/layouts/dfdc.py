"""The DeepFake Detection Challenge (DFDC): the competition's files, the full set, the Preview, the test set.

    train_sample_videos/, test_videos/              Kaggle's sample, with metadata.json in the first alone
    [train/]dfdc_train_part_<0 to 49>/              the full set, each with its metadata.json
    validation/labels.csv, test/metadata.json       beside train/, from the authors

The videos' names mean nothing; label files in their folder or above give the labels (see dfdc_labels.py). An
archive without a label for a video is looked up in the others, since Google Drive divides a folder among zips
and puts its metadata.json into one of them.

Only the Preview says who is in a video. Its names are

    original_videos/<target>/<target>_<take>_<part>.mp4
    method_<X>/<target>/<target>_<take>/<source>_<target>_<take>_<part>.mp4

<target> is the actor who was filmed and <source> the actor whose face was put in. All parts of a take are one
recording, so the take is the group.

Elsewhere the group is the original, whether or not its file is in the corpus. Fakes without a known original
are grouped by the folder that they are in, one part of DFDC; so are all fakes of validation and of test.

Sources: Dolhansky et al., "The Deepfake Detection Challenge (DFDC) Preview Dataset", 2019, and "The DeepFake
Detection Challenge (DFDC) Dataset", 2020; the Kaggle competition `deepfake-detection-challenge`.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from deepfake.layouts.dfdc_labels import LABEL_FILES, Record, normalise, read_records, without_suffix
from deepfake.layouts.entries import BY_PATH, FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.media_types import VIDEO_TYPES
from deepfake.layouts.shared import (
    FRAME_FOLDERS,
    MISSING,
    NO_LABEL,
    TWO_LABELS,
    archive_stem,
    unexpected_path,
    unusable,
)

PREVIEW_REAL = re.compile(r"(?:.*/)?original_videos/([0-9]+)/(\1_[^_/]+)_[0-9]+")
PREVIEW_FAKE = re.compile(r"(?:.*/)?(method_[^/]+)/([0-9]+)/(\2_[^_/]+)/([0-9]+)_(\3_[0-9]+)")
PREVIEW = "original_videos/<t>/<t>_<take>_<part> or method_<X>/<t>/<t>_<take>/<source>_<t>_<take>_<part>"
NO_LABEL_FILE = f"{NO_LABEL}: no {', '.join(LABEL_FILES[:-1])} or {LABEL_FILES[-1]} in its folder or above"
LABELS = (
    "DFDC's are in metadata.json, in the folder of the videos (dataset.json in the Preview, labels.csv for "
    "the test set); if it is in another archive, list that one too, and if elsewhere, write its path at "
    "`label_files`"
)
TOP = Entry("", "")  # the folder of label files that are not in the corpus, above all archives

Records = dict[Entry, dict[str, list[Record]]]
"""By the folder of a label file, and by key: the records."""


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a label file can't be understood."""
    records = _read_all_records(corpus)
    used: dict[Entry, set[str]] = defaultdict(set)
    find = _Finder(records, used)
    rows = [_video(entry, find(entry)) for entry in corpus.media]
    rows = [
        row
        if row.problem != NO_LABEL or find.has_label_file(row.entry)
        else replace(row, problem=NO_LABEL_FILE)
        for row in rows
    ]
    lost: dict[Entry, list[Record]] = defaultdict(list)
    for folder, by_key in records.items():
        for key in by_key.keys() - used[folder]:
            lost[_below(folder, by_key[key][0].key)].extend(by_key[key])
    for entry, found in lost.items():
        problem = MISSING if entry not in corpus.entries else "labelled, but not a video"
        rows.append(replace(_video(entry, found), problem=problem))
    return _reject_fake_originals(rows)


def _read_all_records(corpus: Corpus) -> Records:
    records: Records = defaultdict(lambda: defaultdict(list))
    for entry in corpus.label_files(lambda entry: entry.name in LABEL_FILES):
        for record in read_records(corpus, entry):
            records[entry.folder][normalise(record.key)].append(record)
    return records


class _Finder:
    """Finds the records of videos; the keys that were found are added to `used`, by their folder."""

    def __init__(self, records: Records, used: dict[Entry, set[str]]):
        self._records, self._used = records, used
        self._archives: dict[str, list[str]] = defaultdict(list)  # with label files in a folder, by its path
        for folder in sorted(records, key=BY_PATH):
            self._archives[folder.path].append(folder.archive)

    def __call__(self, entry: Entry) -> list[Record]:
        """Return all records of a video: those of its own folder's label files first, then of folders above.

        The corpus's top is above all archives. If its own archive has none, those for the same folders in
        other archives. A key may be the video's path from the folder, or its name alone, with or without its
        suffix.
        """
        above = list(_folders_above(entry))
        own = [(Entry(entry.archive, path), depth) for path, depth in above]
        found = self._in_folders(entry, own if not entry.archive else [*own, (TOP, 0)])
        return found or self._in_folders(
            entry,
            [
                (Entry(archive, path), depth)
                for path, depth in above
                for archive in self._archives[path]
                if archive != entry.archive
            ],
        )

    def has_label_file(self, entry: Entry) -> bool:
        """Whether any label file lies where it may be about a video."""
        return any(self._archives[path] for path, _ in _folders_above(entry))

    def _in_folders(self, entry: Entry, folders: list[tuple[Entry, int]]) -> list[Record]:
        found = []
        for folder, depth in folders:
            if folder not in self._records:
                continue
            for key in _keys(entry, entry.parts[depth:]):
                if key in self._records[folder]:
                    found += self._records[folder][key]
                    self._used[folder].add(key)
        return found


def _folders_above(entry: Entry) -> Iterator[tuple[str, int]]:
    """Yield the path of each folder that holds a file, the innermost first, and its number of parts."""
    for depth in range(len(entry.parts) - 1, -1, -1):
        yield "/".join(entry.parts[:depth]), depth


def _keys(entry: Entry, parts: tuple[str, ...]) -> list[str]:
    """Return the keys that a label file may have for a video at the path `parts` below its folder.

    A folder of frames has the keys of the video that it is named after.
    """
    paths = [normalise("/".join(parts)), normalise(parts[-1])]
    if not entry.is_frames:
        return list(dict.fromkeys(key for path in paths for key in (path, without_suffix(path))))
    paths.insert(1, "/".join([part for part in parts[:-1] if part.lower() not in FRAME_FOLDERS] + [paths[1]]))
    return list(dict.fromkeys(path + ending for path in paths for ending in ("", *sorted(VIDEO_TYPES))))


def _video(entry: Entry, records: list[Record]) -> Video:
    if not records:
        return unusable(entry, NO_LABEL)
    first = records[0]
    split = next((record.split for record in records if record.split), "")
    problem = next((record.problem for record in records if record.problem), "")
    originals = sorted({record.original for record in records if record.original})
    if len({record.label for record in records if not record.problem}) > 1:
        problem = TWO_LABELS
    elif len(originals) > 1:
        problem = f"two originals: {', '.join(originals)}"
    if problem:
        return replace(unusable(entry, problem), split=split)
    if first.is_preview:
        return replace(preview_video(entry, first), split=split)
    name = without_suffix(normalise(entry.name))
    if first.label == REAL:
        return Video(entry, name, REAL, original=name, group=name, split=split)
    original = originals[0] if originals else ""
    part = next((part for part in entry.parts[-2::-1] if part.lower() not in FRAME_FOLDERS), "")
    group = original or f"part:{part or archive_stem(entry)}"
    return Video(entry, name, FAKE, original=original, group=group, split=split)


def preview_video(entry: Entry, record: Record) -> Video:
    """Return the row of a video of the Preview by its path, the key of its record."""
    path = without_suffix(record.key)
    if match := PREVIEW_REAL.fullmatch(path):
        name = path.rpartition("/")[2]
        row = Video(entry, name, REAL, target=match[1], original=name, group=match[2])
    elif match := PREVIEW_FAKE.fullmatch(path):
        method, target, take, source, original = match.groups()
        # Both methods swapped the same pairs of actors, so the name contains the method.
        name = f"{method}_{source}_{original}"
        row = Video(entry, name, FAKE, method, target, source, original, group=take)
    else:
        return unexpected_path(entry, PREVIEW)
    if row.label != record.label:
        folder, file = ("real", "fake") if row.label == REAL else ("fake", "real")
        return unusable(entry, f"{TWO_LABELS}: its folder says {folder}, dataset.json {file}")
    return row


def _reject_fake_originals(rows: list[Video]) -> list[Video]:
    """Return the rows, with a problem for fakes of an original that is fake too: one label must be wrong."""
    fakes = {row.name for row in rows if row.label == FAKE}
    return [
        replace(row, problem=f"its original {row.original} is labelled FAKE")
        if row.label == FAKE and row.original in fakes and not row.problem
        else row
        for row in rows
    ]


def _below(folder: Entry, key: str) -> Entry:
    return Entry(folder.archive, f"{folder.path}/{key}" if folder.path else key)
