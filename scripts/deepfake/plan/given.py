"""Splits that a file gives: which videos of a dataset's corpora its lines mean, and what it leaves out."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from deepfake import tables
from deepfake.errors import UserError
from deepfake.layouts.entries import Entry
from deepfake.layouts.path_finder import PathFinder
from deepfake.names import slugify
from deepfake.plan.splits_file import Line, contradictions, digest_of_lines, read_splits
from deepfake.tables import CLASSES

EXAMPLES = 3
SHOWN = 5  # of contradictions

Video = tuple[str, str]
"""A video's corpus and name."""


class Given(NamedTuple):
    """What a file of splits says of a dataset's videos.

    `name` is the file's. `lines` has the line of each video; `several` are the videos that a line may mean
    beside others. `unknown` are the lines that mean no video, `ambiguous` those that may mean several, and
    `elsewhere` those of corpora that the dataset doesn't have.
    """

    name: str
    lines: dict[Video, Line]
    several: frozenset[Video] = frozenset()
    unknown: tuple[Line, ...] = ()
    ambiguous: tuple[Line, ...] = ()
    elsewhere: tuple[Line, ...] = ()

    def splits(self, videos: pd.DataFrame) -> pd.Series:
        """Return the split of each row with the columns corpus and video; "" if the file has none."""
        keys = zip(videos["corpus"], videos["video"], strict=True)
        splits = [self.lines[key].split if key in self.lines else "" for key in keys]
        return pd.Series(splits, index=videos.index, dtype=object)

    def reasons(self, images: pd.DataFrame) -> pd.Series:
        """Return why each image, by corpus, video and frame, isn't among what the file gives; "" if it is."""
        keys = zip(images["corpus"], images["video"], images["frame"], strict=True)
        return pd.Series([self._reason(c, v, f) for c, v, f in keys], index=images.index, dtype=object)

    def _reason(self, corpus: str, video: str, frame: int) -> str:
        line = self.lines.get((corpus, video))
        if line is None:
            several = (corpus, video) in self.several
            return f"{self.name} has a name that fits several files" if several else f"not in {self.name}"
        if line.frames is not None and frame not in line.frames:
            return f"{self.name} has other frames of it"
        return ""


def read_given(path: str | Path, index: pd.DataFrame, digest: str = "") -> Given:
    """Return what the file at `path` says of the videos of `index`, see `match_lines`.

    `digest` is that of its recipe. Raises UserError as read_splits and match_lines do, and if the digest is
    another.
    """
    lines = read_splits(path)
    if digest and (found := digest_of_lines(lines)) != digest:
        raise UserError(
            f"splits.from: {path} has the digest {found}, and its recipe says {digest}; fetch the recipe's "
            "own splits.csv, or leave `made` out of `splits`"
        )
    return match_lines(Path(path).name, lines, index)


def read_index(results: Path, corpora: list[str]) -> pd.DataFrame:
    """Return the rows of the indexes of some corpora, with the column `corpus`, all text."""
    parts = [
        pd.read_csv(results / "index" / corpus / "videos.csv", **tables.AS_TEXT).assign(corpus=corpus)
        for corpus in corpora
    ]
    return pd.concat(parts, ignore_index=True)


def match_lines(name: str, lines: list[Line], index: pd.DataFrame) -> Given:
    """Return which videos the lines of a file mean.

    `index` has corpus, video, archive, member and reason of all videos. A line means the video of its name;
    else the one file whose path is, or ends with, the name, with or without its ending. `corpus`, where the
    line has it, must be the video's.

    Raises UserError if a video is in two splits, or if no line means one.
    """
    finders = {corpus: _Finder(part) for corpus, part in index.groupby("corpus")}
    found: list[tuple[Line, Video]] = []
    groups: dict[str, list[Line]] = {"unknown": [], "ambiguous": [], "elsewhere": []}
    several: set[Video] = set()
    for line in lines:
        if line.corpus and line.corpus not in finders:
            groups["elsewhere"].append(line)
            continue
        meant = _meant(line, {line.corpus: finders[line.corpus]} if line.corpus else finders)
        if len(meant) == 1:
            found.append((line, meant[0]))
        else:
            groups["ambiguous" if meant else "unknown"].append(line)
            several.update(meant)
    if problems := list(contradictions(found)):
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(f"splits.from: {name}: {'; '.join(problems[:SHOWN])}{more}; leave one of them out")
    by_video: dict[Video, Line] = {}
    for line, video in found:
        by_video.setdefault(video, line)
    given = Given(
        name, by_video, frozenset(several - by_video.keys()), **{k: tuple(v) for k, v in groups.items()}
    )
    if not by_video:
        corpus, video = index.iloc[0][["corpus", "video"]] if len(index) else ("<corpus>", "<video>")
        raise UserError(
            f"splits.from: no line of {name} is about a video of {', '.join(finders)} "
            f"({'; '.join(given_problems(given))}); write names of results/index/<corpus>/videos.csv, such "
            f"as {video} of {corpus}, or paths of the corpus's files"
        )
    return given


def given_problems(given: Given) -> Iterator[str]:
    """Yield a text for each kind of lines that mean no video, with their number and examples."""
    texts = {
        "unknown": "fit no video",
        "ambiguous": "fit several, so none is taken",
        "elsewhere": "are of corpora that the dataset doesn't have",
    }
    total = sum(map(len, (given.lines, given.unknown, given.ambiguous, given.elsewhere)))
    for kind, text in texts.items():
        if lines := getattr(given, kind):
            examples = ", ".join(line.name for line in lines[:EXAMPLES])
            yield f"{len(lines)} of {total} lines {text}, such as {examples}"


def check_given(videos: pd.DataFrame, splits: pd.Series, given: Given) -> None:
    """Raise UserError if a split of the file lacks a class; `videos` has the column class."""
    wanted = {line.split for line in given.lines.values()}
    present = set(zip(splits, videos["class"], strict=True))
    absent = [
        f"{split} without {name}"
        for split in tables.SPLITS
        for name in CLASSES.values()
        if split in wanted and (split, name) not in present
    ]
    if not absent:
        return
    frames = any(line.frames is not None for line in given.lines.values())
    advice = (
        "; its column `frames` names images: with other settings of `frames` leave that column out"
        if frames
        else ""
    )
    raise UserError(
        f"splits.from: {given.name} gives {', '.join(absent)}, of the videos with usable images; put in "
        f"videos of that class, or take the split out{advice}"
    )


class _Finder:
    """The videos of one corpus, by their names and by the paths of their files."""

    def __init__(self, index: pd.DataFrame):
        self.names = set(index["video"])
        self.usable = set(index["video"][index["reason"] == ""])
        entries = [
            Entry(archive, member.rstrip("/"))
            for archive, member in zip(index["archive"], index["member"], strict=True)
        ]
        self.videos: dict[Entry, list[str]] = defaultdict(list)
        for entry, video in zip(entries, index["video"], strict=True):
            self.videos[entry].append(video)
        self.paths = PathFinder(list(self.videos))

    def by_path(self, path: str) -> list[str]:
        top = Entry("", "splits.csv")  # paths start at the top of the corpus
        return [video for entry in self.paths.find(top, path, False) for video in self.videos[entry]]


def _meant(line: Line, finders: dict[str, _Finder]) -> list[Video]:
    """Return the videos that a line may mean; usable ones count first."""
    for name in filter(None, (line.video, slugify(line.video) if line.video else "")):
        if found := [(corpus, name) for corpus, finder in finders.items() if name in finder.names]:
            return found
    for path in filter(None, (line.file, line.video)):
        if found := [(corpus, video) for corpus, finder in finders.items() for video in finder.by_path(path)]:
            usable = [(corpus, video) for corpus, video in found if video in finders[corpus].usable]
            return usable if len(usable) == 1 else found
    return []
