"""Labels from a table that contradict the folders of their files, as where 1 means real instead of fake."""

import json
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from deepfake.console import printable
from deepfake.corpora.unique_names import row_path
from deepfake.layouts.entries import FAKE, REAL, Entry
from deepfake.layouts.registry import LAYOUTS
from deepfake.layouts.shared import folders

WORDS = {
    **dict.fromkeys(
        "real reals original originals authentic genuine pristine bonafide youtube nature".split(), REAL
    ),
    **dict.fromkeys(
        "fake fakes deepfake deepfakes manipulated synthetic synthesis synthesized".split(), FAKE
    ),
    **dict.fromkeys("generated forged forgery tampered altered swapped spoof spoofed ai gan".split(), FAKE),
    **dict.fromkeys("faceswap faceshifter face2face neuraltextures stylegan stargan pggan".split(), FAKE),
}
"""What a word in the name of a folder says of the files in it."""

NEGATIONS = {"no", "non", "not", "un"}
WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[^\W\d_]+")
CLASSES = {REAL: "real", FAKE: "fake"}
EXAMPLES = 2  # files named of each class


def label_warning(corpus: str, layout: str, columns: dict | None, rows: list[dict]) -> str:
    """Return a warning if most labels contradict what the files' folders say; "" if not.

    `rows` are those of a corpus's index; `layout` and `columns` the corpus's settings, for what to write. A
    folder that holds all files says nothing of one, and there is no warning where the folders name one class
    only, or where the layout takes the labels from the folders themselves.
    """
    rows = [row for row in rows if not row["reason"]] if LAYOUTS[layout].from_tables else []
    said = dict(zip(map(row_path, rows), _labels_of_folders(rows), strict=True))
    told = [row for row in rows if said[row_path(row)] is not None]
    wrong = [row for row in told if said[row_path(row)] != row["label"]]
    if {said[row_path(row)] for row in told} != {REAL, FAKE} or 2 * len(wrong) <= len(told):
        return ""
    shown = [row for label in CLASSES for row in [r for r in wrong if r["label"] == label][:EXAMPLES]]
    examples = ", ".join(f"{printable(row_path(row))} is labelled {CLASSES[row['label']]}" for row in shown)
    return (
        f"{corpus}: {len(wrong)} of {len(told)} labels contradict the folders of their files, such as "
        f"{examples}. {_advice(corpus, layout, columns)}"
    )


def _advice(corpus: str, layout: str, columns: dict | None) -> str:
    if layout == "dfdc":
        return "If the labels are the wrong way round, correct the label file."
    given = columns or {"real": [0], "fake": [1]}
    real, fake = (_without_words(given[key]) for key in ("fake", "real"))
    lines = [
        f"    real: {json.dumps(real, ensure_ascii=False)}",
        f"    fake: {json.dumps(fake, ensure_ascii=False)}",
    ]
    meaning = f"If {' or '.join(map(str, real))} means real in this table"
    return "\n".join([f"{meaning}, write under corpora.{corpus}.columns:", *lines])


def _without_words(values: list) -> list:
    """Return the values that are not words which say the class themselves, if there are others."""
    return [value for value in values if str(value).strip().lower() not in WORDS] or list(values)


def _labels_of_folders(rows: list[dict]) -> Iterable[int | None]:
    """Yield for each row what the innermost folder that says a class says, else the file's name; or None."""
    entries = [Entry(row["archive"], row["member"]) for row in rows]
    parts = [folders(entry) for entry in entries]
    common = 0
    while parts and len({folder[common : common + 1] for folder in parts}) == 1 and len(parts[0]) > common:
        common += 1
    known: dict[str, int | None] = {}
    for entry, above in zip(entries, parts, strict=True):
        for name in (*reversed(above[common:]), PurePosixPath(entry.name).stem):
            if name not in known:
                known[name] = _label_of_name(name)
            if known[name] is not None:
                break
        yield known[name]


def _label_of_name(name: str) -> int | None:
    """Return the one class that the words of a name say; None if they say none, both, or the contrary."""
    words = {word.lower() for word in WORD.findall(name)}
    words |= {"".join(c for c in name.lower() if c.isalnum())}
    labels = {WORDS[word] for word in words if word in WORDS}
    return labels.pop() if len(labels) == 1 and not words & NEGATIONS else None


def says_class(paths: Iterable[str], label: int) -> bool:
    """Whether a folder or a file of some paths is named after a class."""
    names = {name for path in paths for name in PurePosixPath(path).with_suffix("").parts}
    return any(_label_of_name(name) == label for name in names)
