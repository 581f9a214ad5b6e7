"""What must not part: videos as the nodes of a graph, joined by originals, near-duplicates and people."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from deepfake.errors import UserError

Pair = tuple[str, str]


def read_same_identity(path: str | Path) -> list[Pair]:
    """The pairs of a csv of two columns, each cell `<corpus>/<video>` or `<corpus>/<person>`.

    A first line without any `/` is its header. Raises UserError, naming file and line.
    """
    pairs = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                cells = [cell.strip() for cell in row if cell.strip()]
                if not cells or (number == 1 and not any("/" in cell for cell in cells)):
                    continue
                if len(cells) != 2 or not all("/" in cell.strip("/") for cell in cells):
                    raise UserError(
                        f"{path}, line {number}: expected two names such as dfd/01,faceforensics/000, "
                        f"each <corpus>/<person> or <corpus>/<video>; got {','.join(row)!r}"
                    )
                pairs.append((cells[0], cells[1]))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: can't be read as a csv of pairs: {error}") from None
    return pairs


def bind(
    videos: pd.DataFrame,
    alike: Iterable[tuple[int, int]],
    same: list[Pair],
    families: dict[str, str],
    people: bool,
) -> pd.DataFrame:
    """For each row of `videos` its `node`, and the `other` node that it must share a split with to be kept.

    `videos` has the columns corpus, video, target, source, original and group, the last four as in
    tables.GATHERED. A node is all that is joined by group and original, by near-duplicates (`alike`, pairs of
    positions in `videos`), by `same` (pairs as read_same_identity gives them) and, with `people`, by target.
    A group that bears a person's name is all that this person is the target of: FaceForensics++ and the
    corpora made from it know one clip of each. With `people` a fake's `other` is the node of its source;
    else, and for all without a source, it is its own. Nodes are named by the smallest name in them. Raises
    UserError where no name of `same` fits.
    """
    own = "video:" + videos["corpus"] + "/" + videos["video"]
    group = ("group:" + videos["group"]).where(videos["group"] != "", own)
    target = ("person:" + videos["target"]).where(videos["target"] != "", group)
    source = ("person:" + videos["source"]).where(videos["source"] != "", group)
    original = ("original:" + videos["original"]).where(videos["original"] != "", group)
    ties = [(group, group), (source, source), (group, original)]
    if people:
        ties.append((group, target))
    clips = (videos["target"] != "") & videos["target"].isin(set(videos["group"]))
    ties.append((group[clips], "group:" + videos.loc[clips, "target"]))
    near = np.asarray(list(alike), dtype=np.int64).reshape(-1, 2)
    ties.append((group.iloc[near[:, 0]], group.iloc[near[:, 1]]))
    named = {"group": group, "own": own, "target": target, "source": source}
    ties += _known_to_be_same(same, families, pd.DataFrame(named), people)
    node = smallest(*(np.concatenate([np.asarray(tie[i], dtype=object) for tie in ties]) for i in (0, 1)))
    nodes = group.map(node)
    return pd.DataFrame({"node": nodes, "other": source.map(node) if people else nodes}, index=videos.index)


def _known_to_be_same(same: list[Pair], families: dict[str, str], named: pd.DataFrame, people: bool) -> list:
    """Ties for the pairs: between people, or between the groups of the videos that are named or show them."""
    if not same:
        return []
    known = set(named["own"]) | set(named["target"]) | set(named["source"])
    ties, met = [], set()
    for pair in same:
        found = [
            [key for key in (f"video:{name}", f"person:{_in_family(name, families)}") if key in known]
            for name in pair
        ]
        if all(found):
            keys = found[0] + found[1]
            ties.append(([keys[0]] * len(keys), keys))
            met.update(keys)
    if not ties:
        raise UserError(
            f"same_identity: none of its {len(same)} pairs is in the dataset; write <corpus>/<person> or "
            f"<corpus>/<video> with names of results/index/<corpus>/videos.csv, such as {_examples(named)}"
        )
    for column in ("own", "target", "source"):
        if people and column == "source":
            continue  # a source is a node of its own, and a fake may be dropped rather than join two
        rows = named[named[column].isin(met)]
        ties.append((rows[column], rows["group"]))
    return ties


def _in_family(name: str, families: dict[str, str]) -> str:
    corpus, _, person = name.partition("/")
    return f"{families.get(corpus, corpus)}/{person}"


def _examples(named: pd.DataFrame) -> str:
    return ", ".join(name.removeprefix("video:") for name in named["own"].head(2))


def smallest(first: Sequence[str], second: Sequence[str]) -> pd.Series:
    """From each name to the smallest of the names that ties, of `first` with `second`, join it to."""
    names, codes = np.unique(np.concatenate([first, second]).astype(str), return_inverse=True)
    one, other = np.split(codes, 2)
    graph = coo_array((np.ones(len(one), np.int8), (one, other)), shape=(len(names), len(names)))
    _, part = connected_components(graph, directed=False)
    _, least = np.unique(part, return_index=True)  # of each part the first name, and names are sorted
    return pd.Series(names[least[part]], index=names)
