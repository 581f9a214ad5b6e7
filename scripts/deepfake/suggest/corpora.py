"""The corpora in what is given: each with its layout, its counts, what is odd, and what it will take."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deepfake.corpora.archives import SourceError
from deepfake.corpora.corpus_source import open_corpus
from deepfake.corpora.fit import Choice, Fit
from deepfake.corpora.index import label_entries
from deepfake.corpora.listing import Folder, Listing, evenly, sample_media
from deepfake.corpora.recognise import COUNTED, count, open_listing
from deepfake.corpora.sources import is_parquet
from deepfake.layouts.entries import Entry
from deepfake.layouts.shared import unique_path
from deepfake.suggest.arguments import sort_arguments, why_not_read
from deepfake.suggest.counts import Counts, count_rows
from deepfake.suggest.crops import LOOKED_AT, size_of_crops
from deepfake.suggest.divide import Part, divide, divide_archives, plain_name
from deepfake.suggest.estimates import Estimate, estimate

NAMES_SHOWN = 3
SEEN = 200  # media that are looked at for examples and for their headers
PART = re.compile(r"part|chunk|volume|shard|\.zip$|\.parquet$", re.IGNORECASE)
"""What numbered names have that are parts of one whole; numbers of people may have gaps."""
MAX_GROUPS = 200  # folders of archives
TAKEN = {"demo", "demo_ffpp"}  # the corpora of config.yaml, whose sources another of this name would have too


@dataclass
class Corpus:
    """A corpus that was found, or what nothing fits.

    Its source is `folder`, or `archives`. `media` is the number of its videos, stills and tars, `is_sample`
    whether only some of them are counted. `fit`, `counts` and `estimate` are None where no layout was chosen.
    `crops` is the side of stills that are face crops already, 0 if they aren't. `top` are the names of its
    folders or archives, `sample` some files; `notes` what is odd about the files themselves.
    """

    name: str
    folder: str
    archives: list[str]
    choice: Choice
    media: int
    top: list[str]
    sample: list[str]
    labels: list[str] = field(default_factory=list)
    fit: Fit | None = None
    counts: Counts | None = None
    estimate: Estimate | None = None
    crops: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def is_sample(self) -> bool:
        return self.media > COUNTED

    @property
    def examples(self) -> list[str]:
        """A few files, of different folders."""
        return evenly(self.sample, NAMES_SHOWN)

    @property
    def source(self) -> str:
        """The folder, or the archives in short."""
        if self.folder:
            return self.folder
        more = f" and {len(self.archives) - 1} more" if len(self.archives) > 1 else ""
        return f"{self.archives[0]}{more}"


@dataclass
class Found:
    """All corpora that were found; `unread` says of archives why they can't be read, `unused` label files."""

    corpora: list[Corpus] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    unused: list[str] = field(default_factory=list)


def find_corpora(paths: Sequence[str], cfg: dict) -> Found:
    """Return the corpora in folders, archives and label files; `frames` and `limits` are those of `cfg`.

    Raises UserError for a path that can't be used at all.
    """
    given = sort_arguments(paths)
    found = Found(unread=dict(given.foreign))
    labels = label_entries(given.labels)
    finder = _Finder(found, labels, cfg)
    for folder in given.folders:
        finder.in_folder(folder)
    for kind in _kinds(given.archives):
        finder.in_archives(kind)
    used = {path for corpus in found.corpora for path in corpus.labels}
    found.unused = [path for path in given.labels if path not in used]
    return found


class _Finder:
    """Adds to `found` the corpora of one source after another."""

    def __init__(self, found: Found, labels: dict[Entry, Path], cfg: dict):
        self._found, self._labels, self._cfg = found, labels, cfg
        self._names = set(TAKEN)

    def in_folder(self, root: str) -> None:
        with open_listing([root], self._cfg["limits"]) as listing:
            parts = divide(listing, self._labels) if listing.top.count else []
            for part in parts:
                path = os.path.join(root, part.listing.top.path).rstrip("/") or "/"
                corpus = self._add(part, os.path.basename(path), folder=path)
                corpus.notes += _inside(_innermost(part.listing.top)) if part.choice.best else []
                corpus.notes += _not_listed(listing.unread)
            taken = [_innermost(part.listing.top).path for part in parts if part.choice.best]
            groups, packed = _archive_groups(listing, taken, root)
            if parts and packed:
                corpus.notes += [
                    f"{name} is not looked at: a folder of its name lies beside it" for name in packed
                ]
            for folder in listing.top.walk():
                paths = [os.path.join(root, folder.join(name)) for name in folder.foreign]
                self._found.unread |= {path: why_not_read(path) for path in paths}
        for group in groups[MAX_GROUPS:]:
            why = f"archives in more than {MAX_GROUPS} folders; give this folder alone"
            self._found.unread[os.path.dirname(group[0])] = why
        for group in groups[:MAX_GROUPS]:
            for kind in _kinds(group):
                self.in_archives(kind)

    def in_archives(self, paths: list[str]) -> None:
        paths = [path for path in paths if self._can_be_read(path)]
        if not paths:
            return
        with open_listing(paths, self._cfg["limits"]) as listing:
            top = os.path.commonpath([os.path.dirname(path) for path in paths])
            for part in divide_archives(listing, self._labels):
                archives = _own_archives(part, paths, top)
                corpus = self._add(part, _name_of_archives(archives), archives=archives)
                corpus.notes += _not_listed(listing.unread)

    def _can_be_read(self, path: str) -> bool:
        open_one = open_listing if is_parquet(path) else open_corpus  # the latter lists nothing
        try:
            with open_one([path], self._cfg["limits"]):
                return True
        except SourceError as error:
            self._found.unread[path] = str(error).removeprefix(f"{path}: ")
            return False

    def _add(self, part: Part, base: str, folder: str = "", archives: Sequence[str] = ()) -> Corpus:
        listing, best = part.listing, part.choice.best
        media, _ = sample_media(listing, SEEN)
        corpus = Corpus(
            self._name(base, best.layout if best else "corpus"),
            folder,
            list(archives),
            part.choice,
            listing.top.count,
            [child.name for child in listing.top.folders],
            [unique_path(entry) for entry in media],
        )
        self._found.corpora.append(corpus)
        if best:
            corpus.fit, weights, read = count(listing, best, self._labels)
            corpus.labels = sorted(str(self._labels[entry]) for entry in read if entry in self._labels)
            corpus.counts = count_rows(corpus.fit, weights, corpus.is_sample)
            faces = [e for e in media if not re.search("mask|landmark", e.path, re.IGNORECASE)]
            # In Parquet an image can't be read without those before it.
            most = 1 if any(map(is_parquet, corpus.archives)) else LOOKED_AT
            corpus.crops = size_of_crops(listing, faces, most)
            frames = self._cfg["frames"]
            corpus.estimate = estimate(corpus.counts, frames["count"], frames["boost"], bool(corpus.crops))
        return corpus

    def _name(self, base: str, layout: str) -> str:
        """Return a name that the config allows and no other corpus has."""
        stem = re.sub(r"\.(zip|parquet)$", "", base.lower())
        plain = re.sub(r"[^a-z0-9]+", "_", stem)[:50].strip("_")
        name = plain = plain or layout
        number = 2
        while name in self._names:
            name, number = f"{plain}_{number}", number + 1
        self._names.add(name)
        return name


def _innermost(folder: Folder) -> Folder:
    """Return the folder below which all media of `folder` are: archives outside of it are no part of them."""
    while not folder.media and len(inner := [child for child in folder.folders if child.count]) == 1:
        folder = inner[0]
    return folder


def _kinds(paths: list[str]) -> list[list[str]]:
    """Return archives as lists of zips and of Parquet files, which can't be one corpus."""
    kinds = [[path for path in paths if is_parquet(path) == parquet] for parquet in (False, True)]
    return [kind for kind in kinds if kind]


def _archive_groups(listing: Listing, taken: list[str], root: str) -> tuple[list[list[str]], list[str]]:
    """Return the archives of each folder that is in no corpus, and those beside what is in them."""
    groups, packed = [], []
    for folder in listing.top.walk():
        if any(not top or folder.path == top or folder.path.startswith(f"{top}/") for top in taken):
            continue
        beside = {child.name.lower() for child in folder.folders if child.count}
        there = [name for name in folder.archives if name.lower().removesuffix(".zip") in beside]
        packed += map(folder.join, there)
        if names := [name for name in folder.archives if name not in there]:
            groups.append([os.path.join(root, folder.join(name)) for name in names])
    return groups, packed


def _inside(top: Folder) -> list[str]:
    """Return a note about archives that lie in a corpus's folder."""
    names = [folder.join(name) for folder in top.walk() for name in folder.archives]
    if not names:
        return []
    return [f"{len(names)} archives inside are not read, such as {names[0]}: unpack them, or give them alone"]


def _not_listed(unread: list[str]) -> list[str]:
    return [f"{len(unread)} files or folders can't be read, such as {unread[0]}"] if unread else []


def _own_archives(part: Part, paths: list[str], top: str) -> list[str]:
    """Return which of `paths` a part consists of; an inner archive stands for the one that it is in."""
    names = {folder.archive for folder in part.listing.top.walk() if folder.archive}
    relative = {path: Path(os.path.relpath(path, top)).as_posix() for path in paths}
    return [
        path
        for path, own in relative.items()
        if any(name == own or name.startswith(f"{own}/") for name in names)
    ]


def _name_of_archives(archives: list[str]) -> str:
    """Return what archives have in common: the beginning of their names, or else their folder's name."""
    stems = [os.path.basename(path) for path in archives]
    if len(stems) == 1:
        return stems[0]
    common = os.path.commonprefix([stem.lower() for stem in stems])
    whole = re.sub(r"[^a-z0-9]+$", "", re.sub(r"(part|_|-|\d)+$", "", common))
    return whole if len(whole) > 2 else os.path.basename(os.path.dirname(archives[0]))


def numbered_gaps(names: Sequence[str]) -> list[str]:
    """Return which numbers are absent among names that are numbered alike, such as dfdc_train_part_2."""
    series: dict[str, dict[int, str]] = {}
    for name in names:
        numbers = re.findall(r"[0-9]+", name)
        if numbers and PART.search(name):
            start, _, end = name.rpartition(numbers[-1])
            series.setdefault(f"{plain_name(start)}{{}}{end}", {})[int(numbers[-1])] = f"{start}{{}}{end}"
    gaps = []
    for found in series.values():
        if len(found) > 2 and max(found) < 10 * len(found):
            template = next(iter(found.values()))
            gaps += [template.format(n) for n in range(min(found), max(found)) if n not in found]
    return gaps
