"""The people in each image of a finished dataset, by one name for each person, whatever corpora call them."""

from collections.abc import Callable

import pandas as pd

from deepfake.groups import connected_components
from deepfake.plan.links import Pair

Node = tuple[str, str]
"""A kind ("person", "original" or "video"), and a name of that kind."""

Columns = tuple[tuple[str, pd.Series], ...]
"""Series of names with their kind."""


def people_of_rows(rows: pd.DataFrame, same_identity: list[Pair], families: dict[str, str]) -> pd.Series:
    """Return the people of each row, target and source, as a series of names with the index of `rows`.

    A row has one entry for each of its people, so that an index value may occur several times or not at all.
    `rows` are those of metadata.csv. `same_identity` are pairs of names `corpus/person` or `corpus/video`; a
    video stands for its target, and for itself where it has none. Each person has the smallest name that
    these pairs link it to. `families` maps corpora to their families.
    """
    own_names = rows["corpus"] + "/" + rows["video"]
    people: Columns = (("person", rows["target"]), ("person", rows["source"]))
    videos: Columns = (("video", own_names), ("original", rows["original"]))
    if not same_identity:
        return _once_per_row(_stack(rows, people, lambda node: node[1]))
    links: list[tuple[Node, Node]] = []
    for one, other in same_identity:
        nodes = [*_possible_nodes(one, families), *_possible_nodes(other, families)]
        links += [(nodes[0], node) for node in nodes]
    paired = {node for link in links for node in link}
    for kind, names in videos:
        seen = rows.assign(name=names).loc[rows["target"] != "", ["name", "target"]].drop_duplicates()
        links += [((kind, n), ("person", t)) for n, t in seen.itertuples(index=False) if (kind, n) in paired]
    smallest = connected_components(links)
    named = _stack(rows, people, lambda node: _text(smallest.get(node, node)))
    shown = _stack(rows, videos, lambda node: _text(smallest[node]) if node in paired else "")
    return _once_per_row(pd.concat([named, shown[shown != ""]]))


def _once_per_row(people: pd.Series) -> pd.Series:
    """Drop repeated names of one row."""
    repeated = pd.DataFrame({"row": people.index, "name": people.to_numpy()}).duplicated()
    return people[~repeated.to_numpy()]


def _possible_nodes(name: str, families: dict[str, str]) -> list[Node]:
    """Return what `corpus/name` may mean: a person or an original of the family, or a video of the corpus."""
    corpus, _, rest = name.partition("/")
    shared = f"{families.get(corpus, corpus)}/{rest}"
    return [("person", shared), ("original", shared), ("video", name)]


def rows_named(rows: pd.DataFrame, name: str, families: dict[str, str]) -> pd.Series:
    """Return of each row whether it shows `name`, a `<corpus>/<video>` or `<corpus>/<person>`, bool.

    The arguments are those of people_of_rows.
    """
    (_, person), *_ = _possible_nodes(name, families)
    own = rows["corpus"] + "/" + rows["video"]
    return (own == name) | (rows["target"] == person) | (rows["source"] == person)


def _text(node: Node) -> str:
    kind, name = node
    return name if kind == "person" else f"{kind} {name}"


def _stack(rows: pd.DataFrame, columns: Columns, name_of: Callable[[Node], str]) -> pd.Series:
    """Return an entry for each nonempty name in the columns, as `name_of` writes it."""
    parts = []
    for kind, names in columns:
        present = names[names != ""]
        parts.append(present.map({name: name_of((kind, name)) for name in present.unique()}))
    return pd.concat(parts)
