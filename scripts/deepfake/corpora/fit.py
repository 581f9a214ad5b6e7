"""Which layout fits a corpus: every reader is run over some of its names, and what fits is counted.

A layout of a certain corpus is preferred to one for tables, and that to folders called real and fake,
since it knows more of each file; but not if it fits much fewer files.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from deepfake.corpora.archives import MemberError
from deepfake.corpora.guess_columns import guess_tables, lines_about
from deepfake.errors import UserError
from deepfake.layouts.entries import Entry, Video
from deepfake.layouts.registry import LAYOUTS, read_corpus

LEAST = 0.5  # share of the files that has to fit
LEAST_OF_BEST = 0.75  # share of what the best layout of all fits
EQUAL = 0.97  # of two layouts of one rank: one that fits so many of the other's files fits as well
LARGE_TABLE = 1 << 20  # bytes
KNOWN = 0.9  # share of the files that a layout leaves out, such as masks, by which a corpus has nothing else
MAX_TABLES = 4  # tables of different names that are tried
COLUMN_DEFAULTS = {"table": "info.csv", "real": [0], "fake": [1], "attributes": []}
IRRELEVANT = ("mask", "a source video", "the frames of a video")
"""How the reasons begin of files that a layout knows, but doesn't use."""


@dataclass(frozen=True)
class Fit:
    """How a layout fits some files of a corpus.

    `used` of `total` files have a label; `known` are others that the layout expects and leaves out, such as
    masks. `rows` are those of the reader. `error` says why a label file can't be read.
    """

    layout: str
    columns: dict | None = None
    used: float = 0
    known: float = 0
    total: float = 0
    rows: list[Video] = field(default_factory=list)
    error: str = ""

    @property
    def share(self) -> float:
        """The share of the files that fits, of those that the layout doesn't leave out on purpose."""
        return self.used / max(1, self.total - self.known)

    @property
    def usable(self) -> list[Video]:
        return [row for row in self.rows if not row.problem and row.label is not None]

    @property
    def classes(self) -> set[int]:
        return {row.label for row in self.usable}

    @property
    def is_whole(self) -> bool:
        """Whether each class that such corpora have is there."""
        return self.classes >= set(LAYOUTS[self.layout].classes)


@dataclass(frozen=True)
class Choice:
    """The layout that fits a corpus, `best`, None if none does or if the `rivals` fit as well.

    `equals` are layouts that say the same of every file, and `fits` all that were tried, the best first.
    """

    best: Fit | None
    rivals: list[Fit]
    equals: list[Fit]
    fits: list[Fit]


def reader_of_sample(
    read_bytes: Callable[[Entry], bytes], columns: dict, media: list[Entry]
) -> Callable[[Entry], bytes]:
    """Return a function that reads of a large table only the lines about `media`."""

    def read(entry: Entry) -> bytes:
        data = read_bytes(entry)
        if entry.name != columns["table"] or len(data) < LARGE_TABLE:
            return data
        return lines_about(data, entry, columns["path"], media)

    return read


def fit_layout(
    layout: str,
    media: list[Entry],
    texts: Iterable[Entry],
    read_bytes: Callable[[Entry], bytes],
    columns: dict | None = None,
    weights: Mapping[tuple[str, str], float] = MappingProxyType({}),
) -> Fit:
    """Return how a layout fits the files `media`, with the label files among `texts`.

    `weights` has by archive and folder how many files one of `media` stands for; 1 for others.
    """
    total = sum(weights.get((e.archive, e.folder.path), 1) for e in media)
    settings = COLUMN_DEFAULTS | columns if columns else None
    try:
        rows = read_corpus(layout, [*media, *texts], read_bytes, settings)
    except (UserError, MemberError, OSError) as error:
        return Fit(layout, columns, total=total, error=str(error))
    stills = _stills_by_folder(media) if any(row.entry.is_frames for row in rows) else {}
    here, used, known = set(media), {}, {}
    for row in rows:
        if row.entry not in here and not row.entry.is_frames:
            continue
        number = stills.get((row.entry.archive, row.entry.path), 1) if row.entry.is_frames else 1
        folder = row.entry.path if row.entry.is_frames else row.entry.folder.path
        number *= weights.get((row.entry.archive, folder), 1)
        if not row.problem and row.label is not None:
            used[row.entry] = number
        elif row.problem.startswith(IRRELEVANT):
            known[row.entry] = number
    known = {entry: number for entry, number in known.items() if entry not in used}
    return Fit(layout, columns, sum(used.values()), sum(known.values()), total, rows)


def _stills_by_folder(media: list[Entry]) -> dict[tuple[str, str], int]:
    counts: dict[tuple[str, str], int] = {}
    for entry in media:
        key = entry.archive, entry.folder.path
        counts[key] = counts.get(key, 0) + 1
    return counts


def fit_layouts(
    media: list[Entry], texts: list[Entry], read_bytes: Callable[[Entry], bytes], is_sample: bool = False
) -> Choice:
    """Return which layout fits the files `media`; see the module. `read_bytes` reads label files.

    With `is_sample` the corpus has more files, of which nothing need be known.
    """
    fits = []
    for name in LAYOUTS:
        if name == "csv":
            tables = guess_tables(texts, media, read_bytes)[:MAX_TABLES]
            for columns in tables:
                read = reader_of_sample(read_bytes, columns, media) if is_sample else read_bytes
                fits.append(fit_layout(name, media, texts, read, columns))
        elif is_possible(name, media):
            fits.append(fit_layout(name, media, texts, read_bytes))
    return choose(fits)


def is_possible(layout: str, media: list[Entry]) -> bool:
    """Whether a name in the corpus shows that a layout may be meant, where it needs such a sign."""
    sign = LAYOUTS[layout].sign
    return sign is None or any(sign.search(entry.path) or sign.search(entry.archive) for entry in media)


def choose(fits: list[Fit]) -> Choice:
    """Return the best of `fits`, or none if a layout leaves out almost all files, as where all are masks."""
    order = sorted(fits, key=lambda fit: (-fit.used, LAYOUTS[fit.layout].rank, fit.layout))
    if leaves_out := [fit for fit in order if fit.known > KNOWN * fit.total and not fit.used]:
        return Choice(None, [], [], leaves_out)
    good = [fit for fit in order if fit.used and fit.share >= LEAST]
    most = max((fit.share for fit in good), default=0)
    good = [fit for fit in good if fit.share >= LEAST_OF_BEST * most]
    if not good:
        return Choice(None, [], [], order)
    rank = min(LAYOUTS[fit.layout].rank for fit in good)
    best, *others = [fit for fit in good if LAYOUTS[fit.layout].rank == rank]
    others = [fit for fit in others if fit.used >= EQUAL * best.used]
    if best.layout == "csv":
        plain = [fit for fit in good if fit.layout == "imagefolder" and fit.used >= EQUAL * best.used]
        if plain and labels_differ(best, plain[0]):
            return Choice(None, [best, *plain], [], order)
        if plain and not {"original", "group", "method", "target", "source"} & set(best.columns):
            best, others = plain[0], [best]
    rivals = [fit for fit in others if not say_the_same(best, fit)]
    equals = [fit for fit in others if fit not in rivals]
    return Choice(None if rivals else best, [best, *rivals] if rivals else [], equals, order)


def labels_differ(one: Fit, other: Fit) -> bool:
    """Whether two readings label any file differently."""
    labels = {row.entry: row.label for row in one.usable}
    return any(labels.get(row.entry, row.label) != row.label for row in other.usable)


def say_the_same(one: Fit, other: Fit) -> bool:
    """Whether two readings agree on the label, the split and the groups of all files that either uses."""
    rows, others = ({row.entry: row for row in fit.usable} for fit in (one, other))
    if rows.keys() != others.keys():
        return False
    pairs = {(row.group, others[entry].group) for entry, row in rows.items()}
    groups = len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    return groups and all((r.label, r.split) == (others[e].label, others[e].split) for e, r in rows.items())
