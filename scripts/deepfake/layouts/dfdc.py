"""The DeepFake Detection Challenge (DFDC): the competition's files, the full set, the Preview, the test set.

The videos' names mean nothing; files beside or above them give the labels (see dfdc_labels.py). Of people
only the Preview speaks. Its names are

    original_videos/<target>/<target>_<take>_<part>.mp4
    method_<X>/<target>/<target>_<take>/<source>_<target>_<take>_<part>.mp4

where the folders, which originals have as well, name the actor who was filmed, and the first number of a fake
the one whose face was put in. All parts of a take are one recording, so the take is the group.

Elsewhere the group is the original, whether or not its file is there; a fake that names none is grouped by
its part, the folder that it lies in.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from deepfake.layouts.dfdc_labels import FILES, Claim, claims, normal, without_ending
from deepfake.layouts.entries import FAKE, REAL, Entry, Video
from deepfake.layouts.shared import MISSING, TOP, TWO_LABELS, archive_stem, in_order, misfit, refuse, sift

PREVIEW_REAL = re.compile(r"(?:.*/)?original_videos/([0-9]+)/(\1_[^_/]+)_[0-9]+")
PREVIEW_FAKE = re.compile(r"(?:.*/)?(method_[^/]+)/([0-9]+)/(\2_[^_/]+)/([0-9]+)_(\3_[0-9]+)")
PREVIEW = "original_videos/<t>/<t>_<take>_<part> or method_<X>/<t>/<t>_<take>/<source>_<t>_<take>_<part>"

Tables = dict[Entry, dict[str, list[Claim]]]  # folder of the label files → key → claims


def read(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> list[Video]:
    """The videos of a DFDC corpus. ValueError where a label file is none."""
    clips, refused = sift(entries)
    tables = _tables(entries, read_bytes)
    used: dict[Entry, set[str]] = defaultdict(set)
    rows = [_row(entry, _claims(entry, tables, used)) for entry in clips]
    lost: dict[Entry, list[Claim]] = defaultdict(list)
    for folder, table in tables.items():
        for key in table.keys() - used[folder]:
            lost[_inside(folder, table[key][0].key)].extend(table[key])
    everything = set(entries)
    for entry, found in lost.items():
        problem = MISSING if entry not in everything else "labelled, but not a video"
        rows.append(replace(_row(entry, found), problem=problem))
    return in_order([*refused, *_doubt_originals(rows)])


def _tables(entries: list[Entry], read_bytes: Callable[[Entry], bytes]) -> Tables:
    tables: Tables = defaultdict(lambda: defaultdict(list))
    files = {e for e in entries if e.name in FILES and not e.is_fork}
    for entry in sorted(files, key=lambda e: (e.archive, e.path)):
        for claim in claims(entry, read_bytes):
            tables[entry.folder][normal(claim.key)].append(claim)
    return tables


def _claims(entry: Entry, tables: Tables, used: dict[Entry, set[str]]) -> list[Claim]:
    """All that is said of a video, by the label files of its own folder first, then by those above.

    The corpus's top lies above all archives. A key may be the video's path from there, or from its archive,
    or its bare name, with its ending or without. The keys that were found are added to `used`.
    """
    found, parts = [], entry.parts
    depths = range(len(parts) - 1, -1, -1)
    above = [(Entry(entry.archive, "/".join(parts[:depth])), depth) for depth in depths]
    for folder, depth in above if not entry.archive else [*above, (TOP, 0)]:
        if folder not in tables:
            continue
        inside = normal("/".join(parts[depth:]))
        bare = inside.rpartition("/")[2]
        for key in dict.fromkeys([inside, without_ending(inside), bare, without_ending(bare)]):
            if key in tables[folder]:
                found += tables[folder][key]
                used[folder].add(key)
    return found


def _row(entry: Entry, found: list[Claim]) -> Video:
    if not found:
        return refuse(entry, "no label")
    said = found[0]
    split = next((claim.split for claim in found if claim.split), "")
    problem = next((claim.problem for claim in found if claim.problem), "")
    originals = sorted({claim.original for claim in found if claim.original})
    if len({claim.label for claim in found if not claim.problem}) > 1:
        problem = TWO_LABELS
    elif len(originals) > 1:
        problem = f"two originals: {', '.join(originals)}"
    if problem:
        return replace(refuse(entry, problem), split=split)
    if said.preview:
        return replace(_preview(entry, said), split=split)
    name = _stem(entry)
    if said.label == REAL:
        return Video(entry, name, REAL, original=name, group=name, split=split)
    original = originals[0] if originals else ""
    return Video(entry, name, FAKE, original=original, group=original or _part(entry), split=split)


def _preview(entry: Entry, said: Claim) -> Video:
    path = without_ending(said.key)
    if found := PREVIEW_REAL.fullmatch(path):
        name = path.rpartition("/")[2]
        row = Video(entry, name, REAL, target=found[1], original=name, group=found[2])
    elif found := PREVIEW_FAKE.fullmatch(path):
        method, target, take, source, original = found.groups()
        # Both methods have swapped the same pairs of actors, so the name carries its method.
        name = f"{method}_{source}_{original}"
        row = Video(entry, name, FAKE, method, target, source, original, group=take)
    else:
        return misfit(entry, PREVIEW)
    if row.label != said.label:
        folder, file = ("real", "fake") if row.label == REAL else ("fake", "real")
        return refuse(entry, f"{TWO_LABELS}: its folder says {folder}, dataset.json {file}")
    return row


def _doubt_originals(rows: list[Video]) -> list[Video]:
    """The rows, fakes refused whose original is a fake too: one of the two labels must be wrong."""
    fakes = {row.name for row in rows if row.label == FAKE}
    return [
        replace(row, problem=f"its original {row.original} is labelled FAKE")
        if row.label == FAKE and row.original in fakes and not row.problem
        else row
        for row in rows
    ]


def _stem(entry: Entry) -> str:
    return without_ending(normal(entry.name))


def _inside(folder: Entry, key: str) -> Entry:
    return Entry(folder.archive, f"{folder.path}/{key}" if folder.path else key)


def _part(entry: Entry) -> str:
    """The group of fakes whose original nobody names."""
    return f"part:{entry.folder.name or archive_stem(entry)}"
