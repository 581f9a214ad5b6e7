"""What was found, for people: on the terminal, beside the config."""

import re
from collections.abc import Iterator

from deepfake.console import printable
from deepfake.corpora.fit import Fit
from deepfake.corpora.index import CLASSES
from deepfake.corpora.label_conflicts import says_class
from deepfake.layouts.dfdc import LABELS
from deepfake.layouts.entries import FAKE
from deepfake.layouts.media_types import SEQUENCE_TYPES
from deepfake.suggest.corpora import Corpus, Found
from deepfake.suggest.oddities import find_oddities, nearest
from deepfake.suggest.recipe import Recipe, is_usable

METHODS_SHOWN = 12
FOLDERS_SHOWN = 6
DFDC = re.compile(r"(?:^|[/:])[a-z]{10}\.mp4$")
NO_FAKES = (
    "it has no fakes by its names: no folder, file or table says real or fake. A corpus needs both; if all "
    "of it is real, put it beside fakes, as real/… and fake/…"
)


def report(found: Found, recipe: Recipe) -> str:
    """Return the report: some lines for each corpus, with unprintable characters escaped."""
    lines = [line for corpus in found.corpora for line in [*_about(corpus), ""]]
    for path, reason in sorted(found.unread.items()):
        lines += [path, f"  not read: {reason}", ""]
    for path in found.unused:
        lines += [path, "  no corpus reads this label file", ""]
    if not found.corpora and not found.unread:
        lines += ["No videos, images or archives of them are there.", ""]
    lines += _about_dataset(recipe)
    return "\n".join(printable(line, None) for line in lines)


def _about(corpus: Corpus) -> Iterator[str]:
    yield corpus.source
    if corpus.fit:
        yield from _about_fit(corpus)
    elif corpus.choice.rivals:
        yield from _about_rivals(corpus.choice.rivals)
    else:
        yield from _about_nothing(corpus)


def _about_fit(corpus: Corpus) -> Iterator[str]:
    fit, counts, about = corpus.fit, corpus.counts, "about " if corpus.is_sample else ""
    yield f"  layout {fit.layout}: {about}{evidence(fit)}" + (
        f" ({len(corpus.archives)} archives)" if len(corpus.archives) > 1 else ""
    )
    if fit.columns:
        yield "  columns, a guess: " + ", ".join(f"{key}: {value}" for key, value in fit.columns.items())
    for what, numbers in (("videos", counts.videos), ("images", counts.stills)):
        if any(numbers.values()):
            yield f"  {what}: " + ", ".join(
                f"{about}{round(numbers[label]):,} {name}" for label, name in CLASSES.items()
            )
    if methods := {name or "unknown": round(n) for name, n in counts.methods.most_common() if n}:
        shown = [f"{name} {number:,}" for name, number in list(methods.items())[:METHODS_SHOWN]]
        more = f" and {len(methods) - METHODS_SHOWN} more" if len(methods) > METHODS_SHOWN else ""
        yield f"  methods: {', '.join(shown)}{more}"
    people = f"{counts.people:,} people by name" if counts.people else "people without names"
    yield f"  {people}; {counts.groups:,} groups that are never split"
    for name, split in sorted(counts.splits.items()):
        yield f"  official {name}: " + ", ".join(
            f"{about}{round(split[label]):,} {kind}" for label, kind in CLASSES.items()
        )
    if corpus.crops:
        yield f"  its images are small squares ({corpus.crops} pixels): face crops already"
    if corpus.labels:
        yield f"  label files: {', '.join(corpus.labels)}"
    yield from (f"  - {line}" for line in find_oddities(corpus))
    yield f"  takes {takes(corpus)}"


def takes(corpus: Corpus) -> str:
    """Return what a corpus takes, in words."""
    e = corpus.estimate
    frames = f"{_amount(e.frames_gb)} GB of frames, " if e.frames_gb else ""
    return (
        f"about {e.images:,} images: {frames}{_amount(e.crops_gb)} GB of faces, "
        f"{_amount(e.core_hours)} core hours"
    )


def _amount(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{max(number, 0.01):.2g}"


def evidence(fit: Fit) -> str:
    """Return how many files fit a layout, in words."""
    known = f", {round(fit.known):,} it leaves out" if fit.known else ""
    return f"{round(fit.used):,} of {round(fit.total):,} files fit{known}"


def _about_rivals(rivals: list[Fit]) -> Iterator[str]:
    yield "  several layouts fit, so that you have to choose; write one into the config:"
    for fit in rivals:
        example = next(iter(fit.usable))
        said = CLASSES[example.label]
        yield f"  - {fit.layout}: {evidence(fit)}; it takes {example.entry} for {said}"


def _about_nothing(corpus: Corpus) -> Iterator[str]:
    yield f"  no layout fits its {corpus.media:,} files, such as {', '.join(corpus.examples)}"
    if any(path.lower().endswith(SEQUENCE_TYPES) for path in corpus.sample):
        yield "  - tar archives are not read, but for those of WildDeepfake: unpack them, and give the folder"
    for fit in nearest(corpus):
        problems: dict[str, str] = {}
        for row in fit.rows:
            if row.problem:
                problems.setdefault(row.problem, str(row.entry))
        why = fit.error or "; ".join(f"{path}: {why}" for why, path in list(problems.items())[:2])
        yield f"  - nearest is {fit.layout}: {evidence(fit)}; {why}"
    if lacks_metadata(corpus):
        yield f"  - named like DFDC's, but without labels. {LABELS}"
    elif has_no_fakes(corpus):
        yield f"  - {NO_FAKES}"
    yield "  - say the label of each file: `--table mine.csv` writes a table of all files to fill in"
    yield f"  - or put them into folders called real and fake, as layout imagefolder reads them{_top(corpus)}"


def _top(corpus: Corpus) -> str:
    """Return the names of a few folders of a corpus, in words."""
    shown = ", ".join(corpus.top[:FOLDERS_SHOWN])
    more = " …" if len(corpus.top) > FOLDERS_SHOWN else ""
    return f"; its own are {shown}{more}" if shown and corpus.folder else ""


def has_no_fakes(corpus: Corpus) -> bool:
    """Whether nothing says fake of a corpus that no layout fits."""
    return not nearest(corpus) and not says_class(corpus.sample, FAKE)


def lacks_metadata(corpus: Corpus) -> bool:
    """Whether most files are named like those of DFDC, which say nothing without their label file."""
    return 2 * sum(bool(DFDC.search(path)) for path in corpus.sample) > len(corpus.sample)


def _about_dataset(recipe: Recipe) -> Iterator[str]:
    if recipe.lacks and recipe.corpora:
        yield f"No dataset: no corpus has {' and '.join(recipe.lacks)} videos or images."
    elif recipe.corpora:
        splits = ", ".join(f"{name} {part}" for name, part in recipe.splits.items() if part)
        few = " (few: their scores will be rough)" if recipe.is_few else ""
        yield (
            f"One dataset of {', '.join(c.name for c in recipe.corpora)}: {recipe.sets:,} sets of people or "
            f"originals of each class{few}; {splits}"
        )
    else:
        yield "Nothing can be used as it is."


def as_json(found: Found, recipe: Recipe) -> dict:
    """Return what was found as JSON's types, for programs."""
    return {
        "corpora": [_corpus_as_json(corpus) for corpus in found.corpora],
        "unread": found.unread,
        "unused_label_files": found.unused,
        "dataset": {
            "corpora": [corpus.name for corpus in recipe.corpora],
            "splits": recipe.splits,
            "lacks": recipe.lacks,
        },
    }


def _corpus_as_json(corpus: Corpus) -> dict:
    fit, counts = corpus.fit, corpus.counts
    found = {
        "name": corpus.name,
        "folder": corpus.folder or None,
        "archives": corpus.archives,
        "media": corpus.media,
        "layout": fit.layout if fit else None,
        "usable": is_usable(corpus),
        "could_be": [one.layout for one in corpus.choice.rivals],
        "nearest": [{"layout": one.layout, "fits": one.used, "of": one.total} for one in nearest(corpus)],
    }
    if not fit:
        return found
    classes = {name: counts.of_class(label) for label, name in CLASSES.items()}
    return found | {
        "fits": round(fit.used),
        "columns": fit.columns,
        "label_files": corpus.labels,
        "classes": classes,
        "methods": {name: round(number) for name, number in sorted(counts.methods.items())},
        "people": counts.people,
        "groups": counts.groups,
        "splits": {
            name: {kind: round(split[label]) for label, kind in CLASSES.items()}
            for name, split in sorted(counts.splits.items())
        },
        "crops": corpus.crops,
        "odd": find_oddities(corpus),
        "estimate": vars(corpus.estimate),
        "fakes_only": FAKE in fit.classes and len(fit.classes) == 1,
    }
