"""Where one corpus ends and another begins, in a folder of several or among archives.

A folder is one corpus if a layout fits it as a whole. It is several if its folders are corpora by themselves:
each has all classes where it is read alone, and they aren't parts of one, such as train and test.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepfake.corpora.fit import Choice, Fit
from deepfake.corpora.listing import Folder, Listing
from deepfake.corpora.recognise import SAMPLE, recognise
from deepfake.layouts.entries import Entry
from deepfake.layouts.shared import SPLITS

MAX_DEPTH = 4  # folders below the one given in which corpora are looked for
MAX_CHILDREN = 40  # of a folder that are tried alone
ALONE = 300  # media of each of them that are looked at
ALL = 0.97  # share of files that fit a layout of the whole
VERSION = re.compile(r"v[0-9]+")
NUMBER = re.compile(r"[0-9]+")

Labels = dict[Entry, Path]


@dataclass
class Part:
    """A part of a listing that is one corpus, or that nothing fits: its names, and what was chosen."""

    listing: Listing
    choice: Choice

    @property
    def stands_alone(self) -> bool:
        """Whether it is a corpus with all the classes that such a corpus has."""
        return self.choice.best is not None and self.choice.best.is_whole


def divide(listing: Listing, labels: Labels, depth: int = 0) -> list[Part]:
    """Return the corpora in a folder, and the parts of it that are none."""
    whole = Part(listing, recognise(listing, labels, ALONE if depth else SAMPLE))
    children = [child for child in listing.top.folders if child.count]
    if listing.top.media or depth >= MAX_DEPTH or not children or len(children) > MAX_CHILDREN:
        return [whole]
    best = whole.choice.best
    if len(children) == 1 and best:
        return [whole]
    if best and best.share >= ALL and not _stand_alone(listing, children, labels, best):
        return [whole]
    parts = [part for child in children for part in divide(listing.below(child), labels, depth + 1)]
    fits = [part.choice.best for part in parts if part.choice.best]
    same = best and all(fit.layout == best.layout for fit in fits)
    if same and (are_parts(children) or _say_less(fits, best)):
        return [whole]
    if best and not same and _covered(parts) <= _covered([whole]):
        return [whole]  # made from corpora that lie beside its own files
    return parts if any(part.stands_alone for part in parts) else [whole]


def _covered(parts: list[Part]) -> float:
    """Return how many media are in corpora by themselves, and fit them."""
    return sum(part.choice.best.share * part.listing.top.count for part in parts if part.stands_alone)


def divide_archives(listing: Listing, labels: Labels) -> list[Part]:
    """Return the corpora in zip archives, one or several archives each, and archives that are none."""
    whole = Part(listing, recognise(listing, labels))
    archives, best = listing.top.folders, whole.choice.best
    if len(archives) < 2 or (
        best and best.share >= ALL and not _stand_alone(listing, archives, labels, best)
    ):
        return [whole]
    parts, rest = [], []
    for group in _numbered(archives):
        part = _of_archives(listing, group, labels)
        if part.stands_alone:
            parts.append(part)
        else:
            rest.append((group, part))
    if not parts and best:
        return [whole]
    found = [*parts, *(part for _, part in rest)]
    if len(rest) > 1:  # perhaps one zip for each folder of a corpus
        together = _of_archives(listing, [one for group, _ in rest for one in group], labels)
        found = [*parts, together] if together.stands_alone else found
    same = best and all(part.choice.best and part.choice.best.layout == best.layout for part in found)
    return [whole] if best and not same and _covered(found) <= _covered([whole]) else found


def _of_archives(listing: Listing, archives: list[Folder], labels: Labels) -> Part:
    top = Folder("", "", folders=list(archives), count=sum(one.count for one in archives))
    inner = listing.below(top)
    return Part(inner, recognise(inner, labels))


def _stand_alone(listing: Listing, folders: list[Folder], labels: Labels, whole: Fit) -> bool:
    """Whether the layout that fits some folders together fits each as a corpus by itself."""
    if are_parts(folders):
        return False
    fits = []
    for folder in folders:
        best = recognise(listing.below(folder), labels, ALONE).best
        if best is None or best.layout != whole.layout or not best.is_whole:
            return False
        fits.append(best)
    return not _say_less(fits, whole)


def _say_less(fits: list[Fit], whole: Fit) -> bool:
    """Whether the methods of most fakes are lost where folders are read alone: their own names say them."""
    known = {row.method for fit in fits for row in fit.usable}
    methods = [row.method for row in whole.usable if row.method]
    return 2 * sum(method in known for method in methods) < len(methods)


def are_parts(folders: list[Folder]) -> bool:
    """Whether folders or archives are parts of one corpus by their names: numbered alike, or splits."""
    names = [plain_name(folder.name) for folder in folders]
    words = {word for name in names for word in re.findall("[a-z]+", name)}
    return len(set(names)) < len(names) or not words.isdisjoint(SPLITS)


def plain_name(name: str) -> str:
    """Return a name without ending and numbers, but for those of versions: part_12 is like part_3."""
    stem = re.sub(r"\.(zip|parquet)$", "", name.lower())
    return NUMBER.sub("#", VERSION.sub("v", stem)) + "".join(VERSION.findall(stem))


def _numbered(archives: list[Folder]) -> Iterator[list[Folder]]:
    groups: dict[str, list[Folder]] = {}
    for one in archives:
        groups.setdefault(plain_name(one.name), []).append(one)
    yield from groups.values()
