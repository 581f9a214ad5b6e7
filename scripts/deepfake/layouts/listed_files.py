"""From the lines of tables that list files to a row for each file, whether listed once, twice or never."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple

from deepfake.layouts.entries import Entry, Video
from deepfake.layouts.finder import plain
from deepfake.layouts.shared import MISSING, TWO_LABELS, refuse, where

SHOWN = 3  # files named where a line may mean several


class Line(NamedTuple):
    """What one line of a table says. `path` is where, from the table's folder, its file should lie, `found`
    the files that it may mean, `problem` why its label is none, `cells` whatever else it says.
    """

    table: Entry
    path: str
    found: list[Entry]
    label: int | None
    split: str
    problem: str = ""
    cells: list[str] | tuple[str, ...] = ()


Describe = Callable[[Entry, Line], Video]


def settle(
    media: Iterable[Entry], others: set[Entry], lines: Iterable[Line], describe: Describe, unlisted: str
) -> list[Video]:
    """A row for each of `media`, with the problem `unlisted` where no line means it, and for each file that
    is listed and isn't among them; `others` are the corpus's other files.

    A file that is listed again, always alike, is used once and has a second row that says so.
    """
    claims: dict[Entry, list[Line]] = defaultdict(list)
    lost: dict[Entry, list[Line]] = defaultdict(list)
    for line in lines:
        if len(line.found) == 1:
            claims[line.found[0]].append(line)
        else:
            lost[line.table.beside(plain(line.path))].append(line)
    known = {(entry.archive, plain(entry.path)) for entry in others} if lost else set()
    rows = []
    for entry in media:
        # An unclear line may stand for a place where a file lies: it counts as one more line on that file.
        said, unclear = claims.get(entry, []), lost.pop(entry, [])
        if not said:
            rows.append(refuse(entry, _lost(unclear) if unclear else unlisted))
            continue
        said = said + unclear
        row = _judge(entry, said, describe)
        rows.append(row)
        if len(said) > 1 and not row.problem:
            rows.append(replace(refuse(entry, _again(said)), name=row.name, split=row.split))
    for entry, said in lost.items():
        other = (entry.archive, entry.path) in known
        problem = "labelled, but neither video nor still" if other else _lost(said)
        rows.append(replace(_judge(entry, said, describe), problem=problem))
    return rows


def _judge(entry: Entry, said: list[Line], describe: Describe) -> Video:
    """The row of a file by all the lines that mean it; the first one has the say where they agree."""
    first, problem = said[0], next((line.problem for line in said if line.problem), "")
    if len(said) == 1 and not problem:
        return describe(entry, first)
    tables = _tables(said)
    if not problem and len({line.label for line in said}) > 1:
        problem = f"{TWO_LABELS} in {tables}"
    splits = {line.split for line in said}
    if not problem and len(splits) > 1:
        problem = f"two splits in {tables}: {', '.join(sorted(split or 'none' for split in splits))}"
    if problem:
        return replace(refuse(entry, problem), split=first.split if len(splits) == 1 else "")
    return describe(entry, first)


def _again(said: list[Line]) -> str:
    return f"listed again in {_tables(said)}, {len(said)} times in all; its first row is used"


def _tables(said: list[Line]) -> str:
    return " and ".join(dict.fromkeys(line.table.name for line in said))


def _lost(said: list[Line]) -> str:
    found = max((line.found for line in said), key=len)
    if not found:
        return MISSING
    names = [where(entry) for entry in found]
    more = " and more" if len(names) > SHOWN else ""
    return f"labelled, but {len(names)} files fit: {', '.join(names[:SHOWN])}{more}"
