"""The three kinds of label files of the DeepFake Detection Challenge.

    metadata.json   {"aagfhgtpmv.mp4": {"label": "FAKE", "split": "train", "original": "vudstovrck.mp4"}}
    dataset.json    {"original_videos/643049/643049_A_001.mp4": {"label": "real", "set": "train"}}
    labels.csv      filename,label with 1 for fake

In test/metadata.json there is `is_fake`, 0 or 1, in place of `label`. Where a file names no split, its folder
does (validation, test); in any other folder `is_fake` and labels.csv are of the test set, whose labels were
published later than its videos.

Sources: Dolhansky et al., "The Deepfake Detection Challenge (DFDC) Preview Dataset", 2019, and "The DeepFake
Detection Challenge (DFDC) Dataset", 2020; the Kaggle competition `deepfake-detection-challenge`; DFDC2.py, a
loader of the full set that several projects share; preprocessing/rearrange.py in SCLBD/DeepfakeBench.
"""

import json
import unicodedata
from dataclasses import dataclass

from deepfake.errors import UserError
from deepfake.layouts.entries import FAKE, REAL, Corpus, Entry
from deepfake.layouts.media_types import VIDEO_TYPES
from deepfake.layouts.shared import SPLITS
from deepfake.text_files import find_column, read_cells

LABEL_FILES = ("metadata.json", "dataset.json", "labels.csv")
LABEL_NAMES = {"REAL": REAL, "FAKE": FAKE}
LABEL_DIGITS = {"0": REAL, "1": FAKE}


@dataclass(frozen=True)
class Record:
    """What a label file says of the video `key`, a path from the folder of that file.

    `label` is None if there is none, and `problem` says why. `is_preview`: the file is dataset.json.
    """

    key: str
    label: int | None
    original: str = ""
    split: str = ""
    is_preview: bool = False
    problem: str = ""


def read_records(corpus: Corpus, entry: Entry) -> list[Record]:
    """Return the records of the label file `entry`; a key that the file has twice gives two.

    Raises UserError, naming the file, where it is no such file at all. A value that can't be used is a
    problem of its record.
    """
    content = corpus.text(entry)
    if entry.name == "labels.csv":
        return _from_csv(entry, content)
    return _from_json(entry, content, is_preview=entry.name == "dataset.json")


def normalise(key: str) -> str:
    """Return the form in which keys and paths are compared: composed Unicode, suffix in lower case."""
    stem, dot, suffix = unicodedata.normalize("NFC", key).rpartition(".")
    return f"{stem}.{suffix.lower()}" if is_video_name(key) else stem + dot + suffix


def without_suffix(key: str) -> str:
    """Return the key without the suffix of a video; a key without one is unchanged, whatever its dots."""
    return key.rpartition(".")[0] if is_video_name(key) else key


def is_video_name(key: str) -> bool:
    stem, dot, suffix = key.rpartition(".")
    return bool(stem) and dot + suffix.lower() in VIDEO_TYPES


class _Pairs(list):
    """A JSON object as its pairs: a dict would keep only the last of two equal keys."""


def _from_json(entry: Entry, content: str, is_preview: bool) -> list[Record]:
    expected = f'{entry}: expected a JSON object such as {{"x.mp4": {{"label": "REAL"}}}}'
    try:
        pairs = json.loads(content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{expected}: {error}") from None
    if not isinstance(pairs, _Pairs):
        raise UserError(f"{expected}, got {type(pairs).__name__}")
    return [record for key, value in pairs for record in _from_value(entry, key, value, is_preview)]


def _from_value(entry: Entry, key: str, value: object, is_preview: bool) -> list[Record]:
    if not isinstance(value, _Pairs):
        problem = f"{entry.name} gives no object for it"
        return [Record(key, None, is_preview=is_preview, problem=problem)]
    fields = dict(value)
    original = fields.get("original") or ""
    split = fields.get("split", fields.get("set"))
    split = SPLITS.get(split.lower(), "") if isinstance(split, str) else ""
    if not split and "is_fake" in fields:
        split = _split_of_folder(entry)
    if not isinstance(original, str):
        problem = f"original is {original!r}, not the name of a video"
        return [Record(key, None, split=split, is_preview=is_preview, problem=problem)]
    original = without_suffix(unicodedata.normalize("NFC", original))
    labels = [_label(name, text) for name, text in value if name in ("label", "is_fake")]
    return [
        Record(key, label, original, split, is_preview, problem)
        for label, problem in labels or [(None, f"{entry.name} gives it no label")]
    ]


def _label(field: str, value: object) -> tuple[int | None, str]:
    """Return the label, or None and the problem."""
    if field == "is_fake":
        is_digit = isinstance(value, int) and not isinstance(value, bool)
        label = LABEL_DIGITS.get(str(value)) if is_digit else None
        return label, "" if label is not None else f"is_fake is {value!r}, neither 0 nor 1"
    label = LABEL_NAMES.get(value.strip().upper()) if isinstance(value, str) else None
    return label, "" if label is not None else f"label is {value!r}, neither REAL nor FAKE"


def _from_csv(entry: Entry, content: str) -> list[Record]:
    columns = ("filename", "label")
    lines = read_cells(content, str(entry), columns)
    _, header = next(lines, (0, []))
    name_at, label_at = (find_column(header, column) for column in columns)
    if name_at is None or label_at is None:
        raise UserError(f"{entry}: expected the columns filename,label, got {','.join(header)!r}")
    records = []
    for _, cells in lines:
        key, value = (cells[at].strip() if at < len(cells) else "" for at in (name_at, label_at))
        label = LABEL_DIGITS.get(value)
        problem = "" if label is not None else f"label is {value!r}, neither 0 nor 1"
        records.append(Record(key, label, split=_split_of_folder(entry), problem=problem))
    return records


def _split_of_folder(entry: Entry) -> str:
    """Return the split that a label file's folder is named after, else test."""
    return SPLITS.get(entry.folder.name.lower(), "test")
