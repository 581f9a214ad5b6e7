"""What is missing from a corpus, or odd about it, in a line each."""

from collections.abc import Iterator

from deepfake.corpora.fit import Fit
from deepfake.corpora.index import CLASSES
from deepfake.corpora.label_conflicts import label_warning
from deepfake.layouts import faceforensics
from deepfake.layouts.entries import FAKE, REAL
from deepfake.layouts.registry import LAYOUTS
from deepfake.suggest.corpora import Corpus, numbered_gaps

REASONS_SHOWN = 6
GAPS_SHOWN = 5
METHODS = tuple(name for name in faceforensics.METHODS if name != "DeepFakeDetection")
IDS = 1000  # videos of FaceForensics++
LISTS = {
    "celebdf": "List_of_testing_videos.txt",
    "deeperforensics": "lists/splits",
    "faceforensics": "train.json, val.json, test.json",
}
"""By layout the files that say the official splits; give them beside the corpus where they aren't in it."""


def find_oddities(corpus: Corpus) -> list[str]:
    """Return what to know of a corpus whose layout was found, the most important first."""
    if corpus.fit.error:
        return [corpus.fit.error, *corpus.notes]
    return [*_in_classes(corpus), *_in_parts(corpus), *_in_labels(corpus), *_left_out(corpus), *corpus.notes]


def _in_classes(corpus: Corpus) -> Iterator[str]:
    counts, layout = corpus.counts, LAYOUTS[corpus.fit.layout]
    numbers = {label: counts.of_class(label) for label in CLASSES}
    for label, name in CLASSES.items():
        if not numbers[label] and label in layout.classes:
            other = CLASSES[FAKE if label == REAL else REAL]
            yield f"it has no {name}s, only {other}s; a corpus needs both, so it is not in the config"
        elif not numbers[label]:
            yield f"such a corpus has no {name}s; its dataset needs another corpus that has them"
        elif numbers[label] == 1:
            yield f"only one {name}: no more than one split can have any"
    singles = [name for name, number in counts.methods.items() if name and round(number) == 1]
    if singles and numbers[FAKE] > 1:
        yield f"methods with a single fake: {', '.join(sorted(singles))}"


def _in_parts(corpus: Corpus) -> Iterator[str]:
    counts, layout = corpus.counts, corpus.fit.layout
    if gaps := numbered_gaps(corpus.top):
        more = f" and {len(gaps) - GAPS_SHOWN} more" if len(gaps) > GAPS_SHOWN else ""
        yield f"a partial download? absent: {', '.join(gaps[:GAPS_SHOWN])}{more}"
    if layout == "faceforensics":
        absent = [name for name in METHODS if name not in counts.methods]
        if absent and len(absent) < len(METHODS):
            here = len(METHODS) - len(absent)
            yield f"{here} of {len(METHODS)} methods are there; absent: {', '.join(absent)}"
        ids = {row.target for row in corpus.fit.usable if row.label == REAL and len(row.target) == 3}
        if ids and len(ids) < IDS:
            yield f"{len(ids)} of {IDS} originals are there"
    if layout in LISTS and not counts.splits:
        yield f"no official splits, without {LISTS[layout]}; give that beside the corpus if you have it"
    if counts.missing:
        yield f"originals of fakes that are not there: {len(counts.missing)}, such as {counts.missing[0]}"


def _in_labels(corpus: Corpus) -> Iterator[str]:
    fit = corpus.fit
    rows = [
        {"archive": r.entry.archive, "member": r.entry.path, "label": r.label, "reason": r.problem}
        for r in fit.usable
    ]
    if warning := label_warning(corpus.name, fit.layout, fit.columns, rows):
        yield " ".join(warning.split())
    for other in corpus.choice.equals:
        yield f"layout {other.layout} would say the same of every file"
    for other in corpus.choice.fits:
        if other.error and other.layout != fit.layout and not other.columns:
            yield f"not layout {other.layout}: {other.error}"


def _left_out(corpus: Corpus) -> Iterator[str]:
    about = "about " if corpus.is_sample else ""
    problems = list(corpus.counts.problems.items())
    for reason, (number, examples) in problems[:REASONS_SHOWN]:
        yield f"{about}{number:,} not used: {reason}, such as {examples[0]}"
    if rest := sum(number for _, (number, _) in problems[REASONS_SHOWN:]):
        yield f"{about}{rest:,} more not used, for other reasons"


def nearest(corpus: Corpus) -> list[Fit]:
    """Return the layouts that came nearest where none fits."""
    return [fit for fit in corpus.choice.fits if fit.used or fit.known or fit.error][:3]
