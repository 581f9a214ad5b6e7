"""Who is seen in each image of a dataset, by one name for each person, however many names there are."""

import pandas as pd

from deepfake.groups import connected_components
from deepfake.plan.links import Pair


def people_of_rows(rows: pd.DataFrame, same: list[Pair], families: dict[str, str]) -> pd.Series:
    """The people of each row, filmed or put in: an index of rows, one entry for each person of a row.

    `rows` are those of metadata.csv. `same` are pairs of names `corpus/person` or `corpus/video`; a video
    stands for the person who was filmed in it, and for itself where nobody is named. Each person has the
    smallest of the names that are joined.
    """
    own = rows["corpus"] + "/" + rows["video"]
    filmed = ("person", rows["target"]), ("person", rows["source"])
    clips = ("video", own), ("original", rows["original"])
    if not same:
        return _once(_long(rows, filmed, lambda node: node[1]))
    pairs = []
    for one, other in same:
        nodes = [*_meanings(one, families), *_meanings(other, families)]
        pairs += [(nodes[0], node) for node in nodes]
    meant = {node for pair in pairs for node in pair}
    for kind, names in clips:
        seen = rows.assign(name=names).loc[rows["target"] != "", ["name", "target"]].drop_duplicates()
        pairs += [((kind, n), ("person", t)) for n, t in seen.itertuples(index=False) if (kind, n) in meant]
    joined = connected_components(pairs)
    named = _long(rows, filmed, lambda node: _name(joined.get(node, node)))
    shown_by = _long(rows, clips, lambda node: _name(joined[node]) if node in meant else "")
    return _once(pd.concat([named, shown_by[shown_by != ""]]))


def _once(people: pd.Series) -> pd.Series:
    """Each person once for a row."""
    return people[~pd.DataFrame({"row": people.index, "name": people.to_numpy()}).duplicated().to_numpy()]


def _meanings(name: str, families: dict[str, str]) -> list[tuple[str, str]]:
    """What `corpus/name` may name: a person or an original of the corpus's family, or a video of its own."""
    corpus, _, rest = name.partition("/")
    shared = f"{families.get(corpus, corpus)}/{rest}"
    return [("person", shared), ("original", shared), ("video", name)]


def _name(node: tuple[str, str]) -> str:
    return node[1] if node[0] == "person" else f"{node[0]} {node[1]}"


def _long(rows: pd.DataFrame, columns: tuple, name_of) -> pd.Series:
    """An entry for each name in any of `columns`, (kind, names), that isn't empty."""
    parts = []
    for kind, names in columns:
        told = names[names != ""]
        known = {name: name_of((kind, name)) for name in told.unique()}
        parts.append(told.map(known))
    return pd.concat(parts)
