"""The three label files of the DeepFake Detection Challenge, each read to claims about videos.

    metadata.json   {"aagfhgtpmv.mp4": {"label": "FAKE", "split": "train", "original": "vudstovrck.mp4"}}
    dataset.json    {"original_videos/643049/643049_A_001.mp4": {"label": "real", "set": "train"}}
    labels.csv      filename,label with 1 for fake

The test set's metadata.json has `is_fake`, 0 or 1, in place of `label`. Sources: Dolhansky et al., "The
Deepfake Detection Challenge (DFDC) Preview Dataset", 2019, and "The DeepFake Detection Challenge (DFDC)
Dataset", 2020; the Kaggle competition `deepfake-detection-challenge`.
"""

import csv
import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from deepfake.layouts.entries import FAKE, REAL, VIDEO_TYPES, Entry
from deepfake.layouts.shared import SPLITS, text, where

FILES = {"metadata.json", "dataset.json", "labels.csv"}
WORDS = {"REAL": REAL, "FAKE": FAKE}
DIGITS = {"0": REAL, "1": FAKE}


@dataclass(frozen=True)
class Claim:
    """What a label file says of the video `key`, which is a path from the folder of that file."""

    key: str
    label: int | None
    original: str = ""
    split: str = ""
    preview: bool = False
    problem: str = ""


def claims(entry: Entry, read_bytes: Callable[[Entry], bytes]) -> list[Claim]:
    """The claims of one label file, a key that stands twice with all it says.

    ValueError, naming the file, where it is no such file at all; a bad value is its claim's problem.
    """
    content = text(entry, read_bytes)
    if entry.name == "labels.csv":
        return _from_csv(entry, content)
    return _from_json(entry, content, preview=entry.name == "dataset.json")


def normal(key: str) -> str:
    """The form in which keys and paths are compared: macOS decomposes letters, cameras shout endings."""
    stem, dot, ending = unicodedata.normalize("NFC", key).rpartition(".")
    return f"{stem}.{ending.lower()}" if is_video_name(key) else stem + dot + ending


def without_ending(key: str) -> str:
    """The key without a video's ending; a key that has none stays whole, dots and all."""
    return key.rpartition(".")[0] if is_video_name(key) else key


def is_video_name(key: str) -> bool:
    stem, dot, ending = key.rpartition(".")
    return bool(stem) and dot + ending.lower() in VIDEO_TYPES


class _Pairs(list):
    """A JSON object as its pairs: a dict would keep only the last of two equal keys."""


def _from_json(entry: Entry, content: str, preview: bool) -> list[Claim]:
    expected = f'{where(entry)}: expected a JSON object such as {{"x.mp4": {{"label": "REAL"}}}}'
    try:
        pairs = json.loads(content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{expected}: {error}") from None
    if not isinstance(pairs, _Pairs):
        raise ValueError(f"{expected}, got {type(pairs).__name__}")
    return [claim for key, record in pairs for claim in _from_record(entry, key, record, preview)]


def _from_record(entry: Entry, key: str, record: object, preview: bool) -> list[Claim]:
    if not isinstance(record, _Pairs):
        return [Claim(key, None, preview=preview, problem=f"{entry.name} gives no object for it")]
    fields = dict(record)
    original = fields.get("original") or ""
    split = fields.get("split", fields.get("set"))
    split = SPLITS.get(split.lower(), "") if isinstance(split, str) else ""
    if not isinstance(original, str):
        problem = f"original is {original!r}, not the name of a video"
        return [Claim(key, None, split=split, preview=preview, problem=problem)]
    original = without_ending(unicodedata.normalize("NFC", original))
    labels = [_label(name, value) for name, value in record if name in ("label", "is_fake")]
    return [
        Claim(key, label, original, split, preview, problem)
        for label, problem in labels or [(None, f"{entry.name} gives it no label")]
    ]


def _label(field: str, value: object) -> tuple[int | None, str]:
    """The label and, where there is none, the problem."""
    if field == "is_fake":
        label = DIGITS.get(str(value)) if isinstance(value, int) and not isinstance(value, bool) else None
        return label, "" if label is not None else f"is_fake is {value!r}, neither 0 nor 1"
    label = WORDS.get(value.strip().upper()) if isinstance(value, str) else None
    return label, "" if label is not None else f"label is {value!r}, neither REAL nor FAKE"


def _from_csv(entry: Entry, content: str) -> list[Claim]:
    expected = f"{where(entry)}: expected the columns filename,label"
    try:
        header, *lines = csv.reader(content.splitlines() or [""])
    except csv.Error as error:
        raise ValueError(f"{expected}: {error}") from None
    if [cell.strip().lower() for cell in header[:2]] != ["filename", "label"]:
        raise ValueError(f"{expected}, got {','.join(header)!r}")
    found = []
    for line in lines:
        if not line:
            continue
        key, value = line[0], line[1].strip() if len(line) > 1 else ""
        label = DIGITS.get(value)
        problem = "" if label is not None else f"label is {value!r}, neither 0 nor 1"
        # The official labels are those of the test set: it was published without, and they came after.
        found.append(Claim(key, label, split="test", problem=problem))
    return found
