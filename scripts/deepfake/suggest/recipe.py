"""The dataset that some corpora can carry: which of them, and how it is split."""

from dataclasses import dataclass

from deepfake.corpora.index import CLASSES
from deepfake.layouts.entries import FAKE, REAL
from deepfake.suggest.corpora import Corpus

SPLITS = (
    (30, {"train": 0.8, "val": 0.1, "test": 0.1}),
    (10, {"train": 0.6, "val": 0.2, "test": 0.2}),
    (3, {"train": 0.34, "val": 0.33, "test": 0.33}),
    (2, {"train": 0.5, "val": 0, "test": 0.5}),
    (0, {"train": 1, "val": 0, "test": 0}),
)
"""How many sets of videos of each class, none of which is divided, some splits need."""

FEW = 10


@dataclass(frozen=True)
class Recipe:
    """A dataset: its corpora, its splits, how many sets of each class there are, and what the models need.

    `official`: all its corpora have official splits for training and testing. `lacks` names the classes that
    no corpus has: without both there is no dataset.
    """

    corpora: list[Corpus]
    splits: dict[str, float]
    sets: int
    official: bool
    lacks: list[str]

    @property
    def is_few(self) -> bool:
        return self.sets < FEW

    @property
    def can_train(self) -> bool:
        return self.splits["val"] > 0


def make_recipe(corpora: list[Corpus]) -> Recipe:
    """Return the dataset of those of the corpora that can be used."""
    used = [corpus for corpus in corpora if is_usable(corpus)]
    sets = {label: sum(_sets(corpus, label) for corpus in used) for label in CLASSES}
    fewest = min(sets.values())
    splits = next(splits for least, splits in SPLITS if fewest >= least)
    official = bool(used) and all(_has_official(corpus) for corpus in used)
    lacks = [name for label, name in CLASSES.items() if not sets[label]]
    return Recipe(used, splits, fewest, official, lacks)


def is_usable(corpus: Corpus) -> bool:
    """Whether a corpus has a layout, and each class that its layout has."""
    return corpus.fit is not None and corpus.fit.is_whole


def _sets(corpus: Corpus, label: int) -> int:
    """Return how many sets there are for splits: of linked videos, or people where all are linked."""
    linked = corpus.counts.components[label]
    return linked if linked >= SPLITS[2][0] else corpus.counts.nodes[label]


def _has_official(corpus: Corpus) -> bool:
    splits = corpus.counts.splits
    return all(splits.get(name, {}).get(label) for name in ("train", "test") for label in (REAL, FAKE))
