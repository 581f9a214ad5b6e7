"""DeepSpeak v1, v1.1 and v2: people who talk to their webcams, and fakes of them by several engines.

    <person>-<recording>.mp4                                                      87-0.mp4
    <engine>--<source>-<target>--<source's recording>-<target's>--<number>.mp4
                                                      in v1: facefusion--10-11--4100-4897--0.mp4
    <engine>-<source's recording>-<target's recording>-<audio>.mp4
                                                      in v2: diff2lip-3-0-playht.mp4
    annotations-real.csv         columns video-file, identity, …
    annotations-fake.csv         columns video-file, kind, engine, identity-source, identity-target,
                                 recording-source, recording-target, audio-config, …
    annotations-split-def.csv    columns identity, split: train or test

The videos may lie in any folder: their names are unique, and the two tables say what they show. A video that
neither lists has no label. The target is who is seen in the recording that a fake was made from, the source
whose face or voice was put in. All fakes have a forged picture: their `kind` is face-swap, lip-sync or the
like. v1 and v2 should be two corpora, since their numbers may be those of other people.

The original is `<target>-<target's recording>`, and the group too.

Sources: Barrington, Bohacek and Farid, "The DeepSpeak Dataset", arXiv:2408.05366; the cards of
faridlab/deepspeak_v1_1 and faridlab/deepspeak_v2; Woleek/SynthWeave (synthweave/utils/datasets.py);
dfwb-research/deepfake-workbench (builders/deepspeak.py, and its test).
"""

import re
from collections import defaultdict
from dataclasses import replace

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry, Video
from deepfake.layouts.shared import MISSING, NO_LABEL, SPLITS, TWO_LABELS, unexpected_path, unusable
from deepfake.text_files import find_column, read_cells

TABLES = {"annotations-real.csv": REAL, "annotations-fake.csv": FAKE}
SPLIT_TABLE = "annotations-split-def.csv"
REAL_NAME = re.compile(r"([0-9]+)-([0-9]+)")
FAKE_NAMES = (
    re.compile(r"[a-z0-9_]+--(?P<source>[0-9]+)-(?P<target>[0-9]+)--[0-9]+-(?P<recording>[0-9]+)--[0-9]+"),
    re.compile(r"[a-z0-9_]+-[0-9]+-(?P<recording>[0-9]+)-[a-z0-9_]+"),
)
EXPECTED = "<person>-<recording>, <engine>--<people>--<recordings>--<number> or <engine>-<recordings>-<audio>"
LABELS = "DeepSpeak's are in annotations-real.csv and annotations-fake.csv"

Row = dict[str, str]


def read(corpus: Corpus) -> list[Video]:
    """Return the rows of the videos. Raises UserError if a table lacks a column."""
    fits = any(_fits(entry.stem) for entry in corpus.media)
    listed = _read_tables(corpus) if fits else {}
    splits = _read_splits(corpus) if fits else {}
    rows = []
    for entry in corpus.media:
        if not _fits(entry.stem):
            rows.append(unexpected_path(entry, EXPECTED))
        elif entry.stem not in listed:
            rows.append(unusable(entry, f"{NO_LABEL}: neither {' nor '.join(TABLES)} lists it"))
        else:
            rows.append(_video(entry, listed[entry.stem], splits))
    present = {entry.stem for entry in corpus.media}
    for stem in listed.keys() - present:
        table, row = listed[stem][0]
        entry = table.sibling(row["video-file"].rpartition("/")[2])
        rows.append(replace(_video(entry, listed[stem], splits), problem=MISSING))
    return rows


def _fits(stem: str) -> bool:
    return any(pattern.fullmatch(stem) for pattern in (REAL_NAME, *FAKE_NAMES))


def _read_tables(corpus: Corpus) -> dict[str, list[tuple[Entry, Row]]]:
    """Return the lines of the two tables, with the table, for each file name without its ending."""
    listed = defaultdict(list)
    for table in corpus.label_files(lambda entry: entry.name in TABLES):
        for row in _rows(corpus, table, ("video-file",)):
            name = row["video-file"].rpartition("/")[2]
            listed[name.removesuffix(".mp4")].append((table, row))
    listed.pop("", None)
    return listed


def _read_splits(corpus: Corpus) -> dict[str, str]:
    """Return the split of each person; "" for one with two."""
    splits: dict[str, str] = {}
    for table in corpus.label_files(lambda entry: entry.name == SPLIT_TABLE):
        for row in _rows(corpus, table, ("identity", "split")):
            split = SPLITS.get(row["split"].lower(), "")
            if splits.setdefault(row["identity"], split) != split:
                splits[row["identity"]] = ""
    return splits


def _rows(corpus: Corpus, table: Entry, needed: tuple[str, ...]) -> list[Row]:
    lines = read_cells(corpus.text(table), str(table), needed)
    _, header = next(lines, (0, []))
    for column in needed:
        if find_column(header, column) is None:
            raise UserError(f"{table}: no column {column!r}; it has {', '.join(header)}")
    names = [cell.strip() for cell in header]
    return [dict(zip(names, map(str.strip, cells), strict=False)) for _, cells in lines]


def _video(entry: Entry, lines: list[tuple[Entry, Row]], splits: dict[str, str]) -> Video:
    labels = {TABLES[table.name] for table, _ in lines}
    _, row = lines[0]
    if len(labels) > 1 or any(other != row for _, other in lines):
        return unusable(entry, f"{TWO_LABELS} in {' and '.join(sorted({t.name for t, _ in lines}))}")
    if labels == {REAL}:
        return _real(entry, row, splits)
    return _fake(entry, row, splits)


def _real(entry: Entry, row: Row, splits: dict[str, str]) -> Video:
    match = REAL_NAME.fullmatch(entry.stem)
    if not match or row.get("identity", match[1]) not in ("", match[1]):
        return unusable(entry, f"{TWO_LABELS}: annotations-real.csv has it, its name is another person's")
    person = match[1]
    return Video(
        entry,
        entry.stem,
        REAL,
        target=person,
        original=entry.stem,
        group=entry.stem,
        split=splits.get(person, ""),
        attributes={"audio": "real"},
    )


def _fake(entry: Entry, row: Row, splits: dict[str, str]) -> Video:
    if REAL_NAME.fullmatch(entry.stem):
        return unusable(entry, f"{TWO_LABELS}: annotations-fake.csv has it, its name is a recording's")
    named = next((match.groupdict() for p in FAKE_NAMES if (match := p.fullmatch(entry.stem))), None)
    if named is None:
        return unexpected_path(entry, EXPECTED)
    target = row.get("identity-target", "") or named.get("target", "")
    source = row.get("identity-source", "") or named.get("source", "")
    original = f"{target}-{named['recording']}" if target else ""
    attributes = {"kind": row.get("kind", ""), "audio": row.get("audio-config", "")}
    return Video(
        entry,
        entry.stem,
        FAKE,
        row.get("engine", "") or entry.stem.partition("-")[0],
        target=target,
        source=source,
        original=original,
        group=original or entry.stem,
        split=splits.get(target, ""),
        attributes={key: value for key, value in attributes.items() if value},
    )
