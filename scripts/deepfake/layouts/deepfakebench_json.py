"""DeepfakeBench's lists of frames: `dataset_json/<corpus>.json`, which its preprocessing/rearrange.py writes.

    {"Celeb-DF-v2": {"CelebDFv2_real": {"train": {"00170": {"label": "CelebDFv2_real", "frames": [...]}}}}}

By corpus, label and split, and for FaceForensics++ by compression, each video has the paths of its frames.
These start at some folder above the corpus, may be absolute, and have backslashes where they were written on
Windows. In the list of DFDC a split may be a video itself, by a slip of that script, and holds videos too.
"""

import json
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deepfake.errors import UserError
from deepfake.layouts.entries import Corpus, Entry
from deepfake.layouts.path_finder import PathFinder
from deepfake.layouts.shared import SPLITS

FOLDER = re.compile(r"dataset_json\w*", re.IGNORECASE)
LISTS = re.compile(
    r"(FaceForensics\+\+|FF-(DF|F2F|FS|NT|FH)|FaceShifter|DeepFakeDetection|Celeb-DF-v[12]|DFDCP?|UADFV"
    r"|DeeperForensics-1\.0|[\w.]+_(ff|cdf))(_c23|_c40)?\.json"
)
COMPRESSIONS = {"raw", "c0", "c23", "c40"}
ROOTS = {
    *("FaceForensics++", "Celeb-DF-v1", "Celeb-DF-v2", "DFDCP", "DFDC", "DeeperForensics-1.0", "UADFV"),
    *("DF40", "DF40_train"),
}
"""The folders that DeepfakeBench keeps corpora in."""

EXPECTED = 'a JSON object such as {"UADFV": {"UADFV_Real": {"train": {"0008": {"label": …, "frames": […]}}}}}'


@dataclass(frozen=True)
class Listed:
    """A video of a list: `label` as written, the `split` that it stands for, and where its frames are.

    `folders` are the paths of the folders of its frames, from the corpus's own folder (see ROOTS) if one is
    in the path; `still` is the path of the frame if there is only one.
    """

    table: Entry
    corpus: str
    label: str
    compression: str
    video: str
    folders: tuple[str, ...]
    still: str = ""
    split: str = ""


@dataclass(frozen=True)
class _Leaf:
    """The object of one video as it was parsed; the paths of a long list of frames aren't kept."""

    label: str
    folders: tuple[str, ...]
    still: str


def lists(corpus: Corpus) -> list[Entry]:
    """Return the lists of a corpus: all .json in folders called `dataset_json`, and known names elsewhere."""
    return corpus.label_files(is_list)


def is_list(entry: Entry) -> bool:
    folder = entry.folder.name
    return entry.suffix == ".json" and bool(FOLDER.fullmatch(folder) or LISTS.fullmatch(entry.name))


def read_list(corpus: Corpus, table: Entry) -> list[Listed]:
    """Return the videos of a list, one row a video. Raises UserError, naming the file, if it is no such list.

    A video that several splits name is in the test set if val and test name it, or if all three do while
    other videos of its label are in fewer: the list of Celeb-DF has all videos in train. Where all videos of
    a label are in all three the corpus has no split.
    """
    try:
        content = json.loads(corpus.text(table), object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{table}: expected {EXPECTED}: {error}") from None
    if not isinstance(content, dict) or not content:
        raise UserError(f"{table}: expected {EXPECTED}")
    found = []
    for name, labels in content.items():
        for label, splits in _objects(table, name, labels):
            found += _of_label(table, name, label, _objects(table, label, splits))
    return found


def splits_by_folder(corpus: Corpus, folders: list[Entry]) -> dict[Entry, str]:
    """Return the split that the lists of a corpus give each of its folders of frames; "" if they differ."""
    finder = PathFinder(folders)
    splits: dict[Entry, set[str]] = defaultdict(set)
    for table in lists(corpus):
        for listed in read_list(corpus, table):
            for path in listed.folders:
                for entry in finder.by_end(table, path, False):
                    splits[entry].add(listed.split)
    return {entry: max(found) if len(found - {""}) == 1 else "" for entry, found in splits.items()}


def normal_folder(path: str) -> str:
    """Return the path of a folder from the last of ROOTS in it, else without the folders that lead to it."""
    path = re.sub(r"^[A-Za-z]:", "", path.replace("\\", "/"))
    parts = [part for part in posixpath.normpath(path).split("/") if part not in ("", ".", "..")]
    at = max((number for number, part in enumerate(parts) if part in ROOTS), default=0)
    return "/".join(parts[at:])


def _object(pairs: list[tuple[str, object]]) -> object:
    """Return a parsed object: of a video a _Leaf, of others a dict."""
    fields = dict(pairs)
    inner = [(key, value) for key, value in pairs if isinstance(value, dict | _Leaf)]
    if isinstance(fields.get("frames"), list) and not inner:
        frames = [frame for frame in fields["frames"] if isinstance(frame, str)]
        folders = {frame.replace("\\", "/").rpartition("/")[0] for frame in frames}
        label = fields.get("label")
        return _Leaf(
            label if isinstance(label, str) else "",
            tuple(sorted({normal_folder(folder) for folder in folders})),
            normal_folder(frames[0]) if len(frames) == 1 else "",
        )
    return dict(inner) if "frames" in fields else fields


def _objects(table: Entry, key: str, value: object) -> list[tuple[str, object]]:
    if not isinstance(value, dict):
        raise UserError(f"{table}: {key!r} is no object; expected {EXPECTED}")
    return list(value.items())


def _of_label(
    table: Entry, corpus: str, label: str, splits: Iterable[tuple[str, object]]
) -> Iterator[Listed]:
    """Yield the videos of a label."""
    leaves: dict[tuple[str, str], _Leaf] = {}
    named: dict[tuple[str, str], set[str]] = defaultdict(set)
    for split, videos in splits:
        if isinstance(videos, _Leaf):  # DFDC's list has the last video in place of the split
            continue
        for compression, video, leaf in _leaves(table, split, videos):
            leaves.setdefault((compression, video), leaf)
            named[compression, video].add(SPLITS.get(split.lower(), ""))
    in_all = all(len(found - {""}) == 3 for found in named.values())
    for (compression, video), leaf in leaves.items():
        split = "" if in_all else _split(named[compression, video])
        yield Listed(table, corpus, leaf.label or label, compression, video, leaf.folders, leaf.still, split)


def _leaves(table: Entry, split: str, videos: object) -> Iterator[tuple[str, str, _Leaf]]:
    """Yield compression, name and object of each video of a split."""
    for key, value in _objects(table, split, videos):
        if isinstance(value, _Leaf):
            yield "", key, value
        elif isinstance(value, dict) and key in COMPRESSIONS:
            for video, leaf in value.items():
                if not isinstance(leaf, _Leaf):
                    raise UserError(f"{table}: {video!r} has no list of frames; expected {EXPECTED}")
                yield key, video, leaf
        else:
            raise UserError(f"{table}: {key!r} has no list of frames; expected {EXPECTED}")


def _split(named: set[str]) -> str:
    """Return the split of a video that is named in several; "" if that says nothing."""
    if named == {"val", "test"} or len(named - {""}) == 3:
        return "test"
    if named == {"train", "val"}:  # DFDC's list has its training videos in val too
        return "train"
    return next(iter(named)) if len(named) == 1 else ""
