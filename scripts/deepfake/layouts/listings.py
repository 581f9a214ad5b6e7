"""Rows of files that tables list: a file may be listed once, several times, or not at all."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from deepfake.layouts.entries import Corpus, Entry, Video
from deepfake.layouts.path_finder import normal_path
from deepfake.layouts.shared import MISSING, TWO_LABELS, unusable

MAX_SHOWN = 3  # files named where a line may mean several


@dataclass(frozen=True)
class Line:
    """A line of a table that lists a file.

    `path` is the file's expected path, relative to the table's folder; `matches` the files that it may mean;
    `problem` why the line has no label; `cells` the other cells of the line.
    """

    table: Entry
    path: str
    matches: list[Entry]
    label: int | None
    split: str
    problem: str = ""
    cells: list[str] | None = None


Describe = Callable[[Entry, Line], Video]
"""Returns the row of a file by its line."""


def videos_of_lines(corpus: Corpus, lines: list[Line], describe: Describe, unlisted: str) -> list[Video]:
    """Return a row for each of the corpus's media, and for each listed file that isn't one of them.

    A file without a line gets the problem `unlisted`. A file with several equal lines is used once, and gets
    a second row which says so; several lines that differ are a problem.
    """
    lines_of: dict[Entry, list[Line]] = defaultdict(list)
    unmatched: dict[Entry, list[Line]] = defaultdict(list)  # by the expected file, if none or several match
    for line in lines:
        if len(line.matches) == 1:
            lines_of[line.matches[0]].append(line)
        else:
            unmatched[line.table.sibling(normal_path(line.path))].append(line)
    rows = []
    for entry in corpus.media:
        # A line that matches several files may expect one of them: it counts as one more line of that file.
        own, ambiguous = lines_of.get(entry, []), unmatched.pop(entry, [])
        if not own:
            rows.append(unusable(entry, _match_problem(ambiguous) if ambiguous else unlisted))
            continue
        own = own + ambiguous
        row = _video(entry, own, describe)
        rows.append(row)
        if len(own) > 1 and not row.problem:
            again = f"listed again in {_tables(own)}, {len(own)} times in all; its first row is used"
            rows.append(replace(unusable(entry, again), name=row.name, split=row.split))
    others = corpus.entries.difference(corpus.media) if unmatched else ()
    known = {(entry.archive, normal_path(entry.path)) for entry in others}
    for entry, own in unmatched.items():
        is_other = (entry.archive, entry.path) in known
        problem = "labelled, but neither video nor still" if is_other else _match_problem(own)
        rows.append(replace(_video(entry, own, describe), problem=problem))
    return rows


def _video(entry: Entry, lines: list[Line], describe: Describe) -> Video:
    """Return the row of a file by all its lines: by the first one, if they agree on label and split."""
    first, problem = lines[0], next((line.problem for line in lines if line.problem), "")
    if len(lines) == 1 and not problem:
        return describe(entry, first)
    tables = _tables(lines)
    if not problem and len({line.label for line in lines}) > 1:
        problem = f"{TWO_LABELS} in {tables}"
    splits = {line.split for line in lines}
    if not problem and len(splits) > 1:
        problem = f"two splits in {tables}: {', '.join(sorted(split or 'none' for split in splits))}"
    if problem:
        return replace(unusable(entry, problem), split=first.split if len(splits) == 1 else "")
    return describe(entry, first)


def _tables(lines: list[Line]) -> str:
    return " and ".join(dict.fromkeys(line.table.name for line in lines))


def _match_problem(lines: list[Line]) -> str:
    matches = max((line.matches for line in lines), key=len)
    if not matches:
        return MISSING
    names = ", ".join(str(entry) for entry in matches[:MAX_SHOWN])
    more = " and more" if len(matches) > MAX_SHOWN else ""
    return f"labelled, but {len(matches)} files fit: {names}{more}"
