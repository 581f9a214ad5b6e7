"""What the columns of a table mean, for the layout `csv`: guessed from its header and its values.

The column of paths is the one whose values name most of the corpus's files. The column of labels has values
that say real and fake, under a usual name; or says which method made a file, where one value means real.
Other columns are taken by usual names only.
"""

import csv
import re
from collections.abc import Callable, Iterable
from io import StringIO
from itertools import islice
from posixpath import basename

from deepfake.errors import UserError
from deepfake.layouts.csv_columns import normal_value
from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.media_types import kind_by_name
from deepfake.layouts.shared import FRAME, SPLITS
from deepfake.text_files import decode_text, find_column, read_cells

TABLE_TYPES = (".csv", ".tsv", ".txt")
MAX_LINES = 10_000  # of a table whose values are looked at
MAX_BYTES = 1 << 26  # of a table
LEAST_DIFFERENT = 0.02  # share of the values of a column of paths that differ
MAX_COLUMNS = 500
MAX_VALUES = 60  # kinds of fakes in a column that names one value for real
LEAST_NAMED = 0.2  # share of a corpus's files that a table has to name
PATH_NAMES = (
    "path",
    "file",
    "filename",
    "file_name",
    "filepath",
    "image",
    "img",
    "name",
    "video",
    "clip",
    "id",
)
LABEL_NAMES = (
    "label",
    "labels",
    "class",
    "target",
    "is_fake",
    "fake",
    "y",
    "category",
    "type",
    "ground_truth",
)
REAL_NAMES = ("is_real", "real", "genuine", "authentic", "bonafide", "is_original")
KIND_NAMES = (*LABEL_NAMES, "method", "manipulation", "technique", "generator", "model", "source")
WORDS = {
    **dict.fromkeys(("0", "real", "original", "genuine", "authentic", "pristine", "bonafide", "false"), REAL),
    **dict.fromkeys(("youtube", "actors", "nature", "0.0", "r", "human"), REAL),
    **dict.fromkeys(
        ("1", "fake", "deepfake", "manipulated", "synthetic", "generated", "forged", "true"), FAKE
    ),
    **dict.fromkeys(("altered", "tampered", "spoof", "ai", "1.0", "f", "swapped", "machine"), FAKE),
}
DIGITS = {"0", "1", "0.0", "1.0", "true", "false"}
USUAL = {
    "split": ("split", "set", "subset", "partition", "phase", "fold"),
    "method": (
        "method",
        "manipulation",
        "technique",
        "generator",
        "algorithm",
        "forgery",
        "fake_type",
        "model",
    ),
    "original": (
        "original",
        "original_file",
        "original_video",
        "real_video",
        "orig",
        "source_video",
        "original_id",
    ),
    "group": ("group", "group_id", "video", "video_id", "video_name", "clip", "clip_id"),
    "target": (
        "target_id",
        "target_person",
        "identity",
        "person",
        "person_id",
        "subject",
        "subject_id",
        "actor",
    ),
    "source": ("source_id", "source_person", "donor", "donor_id"),
}
ATTRIBUTES = ("sex", "gender", "age", "race", "ethnicity", "skin", "skin_type", "language", "scene", "audio")


def guess_tables(
    texts: Iterable[Entry], media: list[Entry], read_bytes: Callable[[Entry], bytes]
) -> list[dict]:
    """Return for each table that names files of a corpus its `corpora.<corpus>.columns`, the likeliest first.

    `texts` are the files that may be tables, `media` some of the corpus's files. Tables of one name count as
    one. A file that can't be read, or names none of the files, is left out.
    """
    found = {}
    for entry in texts:
        if entry.suffix not in TABLE_TYPES or entry.name in found:
            continue
        try:
            guess, share = _guess_table(entry, media, read_bytes)
        except (UserError, OSError):
            continue
        if guess:
            found[entry.name] = (share, guess)
    return [guess for _, guess in sorted(found.values(), key=lambda item: (-item[0], item[1]["table"]))]


def _guess_table(
    entry: Entry, media: list[Entry], read_bytes: Callable[[Entry], bytes]
) -> tuple[dict | None, float]:
    data = read_bytes(entry)
    if len(data) > MAX_BYTES:
        return None, 0.0
    text = decode_text(data, str(entry))
    lines = read_cells(text, str(entry), (*PATH_NAMES, *LABEL_NAMES))
    _, header = next(lines, (0, []))
    header = [cell.strip() for cell in header]
    if not 2 <= len(header) <= MAX_COLUMNS or len(set(header)) < len(header) or not all(header):
        return None, 0.0
    rows = _spread(cells for _, cells in lines)
    values = {name: [c[i].strip() for c in rows if i < len(c)] for i, name in enumerate(header)}
    hits = Hits(header, values, media)
    hits.add(cells for _, cells in islice(read_cells(text, str(entry), header), 1, None))
    path, share = hits.best()
    label = _label_column({name: found for name, found in values.items() if name != path}) if path else None
    if not label:
        return None, 0.0
    others = _other_columns(values, path, label["label"], media)
    return {"table": entry.name, "path": path, **label, **others}, share


def _spread(lines: Iterable[list[str]]) -> list[list[str]]:
    """Return at most MAX_LINES lines, spread evenly: a table may be sorted by label."""
    taken, step = [], 1
    for number, cells in enumerate(lines):
        if number % step == 0:
            taken.append(cells)
        if len(taken) == MAX_LINES:
            taken, step = taken[::2], 2 * step
    return taken


class Hits:
    """Counts which of `media` each column names; of all lines, as those of some files may stand anywhere."""

    def __init__(self, header: list[str], values: dict[str, list[str]], media: list[Entry]):
        self._names = {name for entry in media for name in (entry.name, entry.stem)}
        self._media = media
        self._found: dict[str, set[str]] = {
            name: set() for name, found in values.items() if len(set(found)) > LEAST_DIFFERENT * len(found)
        }
        self._places = [(name, header.index(name)) for name in self._found]

    def add(self, lines: Iterable[list[str]]) -> None:
        for cells in lines:
            for column, place in self._places:
                if place < len(cells):
                    name = file_name(cells[place])
                    if name in self._names:
                        self._found[column].add(name)

    def best(self) -> tuple[str, float]:
        """Return the column that names most of the files, and the share of them; "" if it names too few."""
        scores = {
            column: sum(e.name in found or e.stem in found for e in self._media) / max(1, len(self._media))
            for column, found in self._found.items()
        }
        column = max(scores, key=lambda name: (scores[name], _rank(name, PATH_NAMES)), default="")
        return (column, scores[column]) if column and scores[column] >= LEAST_NAMED else ("", 0.0)


def file_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return basename(path.strip().replace("\\", "/"))


def lines_about(data: bytes, entry: Entry, path: str, media: list[Entry]) -> bytes:
    """Return a table with those of its lines alone that name one of `media` in the column `path`.

    A layout needs no others where it is tried on a sample of a large corpus.
    """
    names = {name for one in media for name in (one.name, one.stem)}
    lines = read_cells(decode_text(data, str(entry)), str(entry), (path,))
    _, header = next(lines)
    place = find_column(header, path)
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(c for _, c in lines if place < len(c) and file_name(c[place]) in names)
    return out.getvalue().encode("utf-8", "surrogateescape")


def _rank(name: str, usual: tuple[str, ...]) -> int:
    """Return how usual a name is, the higher the more; 0 for others."""
    plain = _plain(name)
    return len(usual) - usual.index(plain) if plain in usual else 0


def _plain(name: str) -> str:
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def _label_column(values: dict[str, list[str]]) -> dict | None:
    """Return `label`, `real` and `fake` of the columns; None if no column says what is real and what fake."""
    candidates = []
    for name, found in values.items():
        kinds = {normal_value(value) for value in found if value}
        rank = max(_rank(name, LABEL_NAMES), _rank(name, REAL_NAMES))
        if not kinds or len(kinds) > MAX_VALUES:
            continue
        if kinds <= set(WORDS) and {WORDS[kind] for kind in kinds} == {REAL, FAKE}:
            if kinds <= DIGITS and not rank:
                continue  # a column of flags may say anything
            turned = bool(_rank(name, REAL_NAMES)) and kinds <= DIGITS
            labels = {kind: (1 - WORDS[kind] if turned else WORDS[kind]) for kind in kinds}
            candidates.append(
                (2 if kinds <= DIGITS else 3, rank, name, labels)
            )  # words are surer than digits
        elif len(kinds) > 1 and _plain(name) in KIND_NAMES:
            reals = {kind for kind in kinds if WORDS.get(kind) == REAL and kind not in DIGITS}
            if len(reals) == 1 and not kinds & DIGITS:
                candidates.append((1, rank, name, {kind: REAL if kind in reals else FAKE for kind in kinds}))
    if not candidates:
        return None
    _, _, name, labels = max(candidates, key=lambda item: item[:2])
    lists = {
        key: sorted(kind for kind in labels if labels[kind] == label)
        for key, label in (("real", REAL), ("fake", FAKE))
    }
    return {"label": name, **lists}


def _other_columns(values: dict[str, list[str]], path: str, label: str, media: list[Entry]) -> dict:
    found, taken = {}, {path, label}
    for key, usual in USUAL.items():
        names = sorted((name for name in values if name not in taken), key=lambda name: -_rank(name, usual))
        for name in names:
            if _rank(name, usual) and _may_be(key, values[name], media):
                found[key] = name
                taken.add(name)
                break
    if "method" not in found and len({value for value in values[label] if value}) > 2:
        found["method"] = label
    if attributes := [name for name in values if name not in taken and _plain(name) in ATTRIBUTES]:
        found["attributes"] = attributes
    return found


def _may_be(key: str, values: list[str], media: list[Entry]) -> bool:
    """Whether a column's values fit what its name promises."""
    kinds = {value for value in values if value}
    if not kinds:
        return False
    if key == "split":
        return {value.lower() for value in kinds} <= set(SPLITS)
    if key == "original":
        return any(kind_by_name(value) for value in islice(kinds, 50)) or bool(
            kinds & {entry.stem for entry in media}
            | kinds & {match[1] for e in media if (match := FRAME.fullmatch(e.stem))}
        )
    return len(kinds) > 1
