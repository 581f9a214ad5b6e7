"""How many videos and stills a corpus has: by class, method, person, group and official split."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from deepfake.corpora.fit import Fit
from deepfake.corpora.index import CLASSES
from deepfake.groups import connected_components
from deepfake.layouts.entries import FAKE, REAL, Video
from deepfake.layouts.shared import NO_LABEL

EXAMPLES = 3


@dataclass
class Counts:
    """Counts of a corpus's usable rows; of a corpus of more than recognise.COUNTED files they are estimates.

    `videos` and `stills` by label; `methods` of fakes; `splits` by split and label; `people` with names;
    `groups`; `components` and `nodes` by label: how many sets of linked videos there are, and how many people
    or else groups. `problems` are the reasons why files aren't used, each with its number and examples.
    `missing` are the originals of fakes that aren't there.
    """

    videos: Counter = field(default_factory=Counter)
    stills: Counter = field(default_factory=Counter)
    methods: Counter = field(default_factory=Counter)
    splits: dict[str, Counter] = field(default_factory=dict)
    people: int = 0
    groups: int = 0
    components: dict[int, int] = field(default_factory=dict)
    nodes: dict[int, int] = field(default_factory=dict)
    problems: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def of_class(self, label: int) -> int:
        """Return the number of videos and stills of a class."""
        return round(self.videos[label] + self.stills[label])

    @property
    def classes(self) -> list[str]:
        return [name for label, name in CLASSES.items() if self.of_class(label)]


def count_rows(fit: Fit, weights: Mapping[tuple[str, str], float], is_sample: bool = False) -> Counts:
    """Return the counts of a corpus. `weights` are those of recognise.count.

    With `is_sample` not all files were looked at, so that nothing can be said of files that are missing.
    """
    counts, problems, examples = Counts(), Counter(), {}
    usable = fit.usable
    for row in fit.rows:
        entry = row.entry
        weight = 1 if entry.is_frames else weights.get((entry.archive, entry.folder.path), 1)
        if row.problem or row.label is None:
            reason = row.problem or NO_LABEL
            if is_sample and reason.startswith("labelled, but"):
                continue
            problems[reason] += weight
            examples.setdefault(reason, []).append(str(entry))
            continue
        (counts.stills if entry.is_image else counts.videos)[row.label] += weight
        if row.label == FAKE:
            counts.methods[row.method] += weight
        if row.split:
            counts.splits.setdefault(row.split, Counter())[row.label] += weight
    counts.people = len({name for row in usable for name in (row.target, row.source) if name})
    counts.groups = len({row.group for row in usable})
    counts.components = _linked(usable)
    counts.nodes = {
        label: len({row.target or row.group for row in usable if row.label == label}) for label in CLASSES
    }
    counts.problems = {
        reason: (round(number), examples[reason][:EXAMPLES]) for reason, number in problems.most_common()
    }
    lost = {row.original for row in usable if row.label == FAKE and row.original}
    counts.missing = [] if is_sample else sorted(lost - {row.name for row in usable})
    return counts


def _linked(rows: list[Video]) -> dict[int, int]:
    """Return by label in how many sets of linked videos there is one."""
    pairs = []
    for row in rows:
        group = f"g{row.group}"
        pairs += [(group, group), *((group, f"p{name}") for name in (row.target, row.source) if name)]
    component = connected_components(pairs)
    return {
        label: len({component[f"g{row.group}"] for row in rows if row.label == label})
        for label in (REAL, FAKE)
    }
