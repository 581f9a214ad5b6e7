"""Links between videos that must share a split: common originals, near-duplicates and known people."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake.errors import UserError
from deepfake.files import read_regular
from deepfake.groups import smallest_nodes
from deepfake.text_files import decode_text, read_cells

Pair = tuple[str, str]
"""Two names of people: each `<corpus>/<person>`, or `<corpus>/<video>` for whoever the video shows."""

Names = Sequence[str] | pd.Series


def read_pairs(path: str | Path) -> list[Pair]:
    """Return the pairs of a csv file of two columns, each cell `<corpus>/<video>` or `<corpus>/<person>`.

    A first line without any `/` is the header. Raises UserError, which names file and line.
    """
    pairs = []
    try:
        data = read_regular(path)
    except OSError as error:
        raise UserError(f"{path}: can't be read as a csv of pairs: {error}") from None
    for position, (number, row) in enumerate(read_cells(decode_text(data, str(path)), str(path), [])):
        cells = [cell.strip() for cell in row if cell.strip()]
        if position == 0 and not any("/" in cell for cell in cells):
            continue
        if len(cells) != 2 or not all("/" in cell.strip("/") for cell in cells):
            raise UserError(
                f"{path}, line {number}: expected two names such as dfd/01,faceforensics/000, "
                f"each <corpus>/<person> or <corpus>/<video>; got {','.join(row)!r}"
            )
        pairs.append((cells[0], cells[1]))
    return pairs


def link_videos(
    videos: pd.DataFrame,
    near_duplicates: Iterable[tuple[int, int]],
    same_identity: list[Pair],
    families: dict[str, str],
    by_person: bool,
) -> pd.DataFrame:
    """Return for each row of `videos` its `node`, and the `other` node that must be in the same split.

    A node is a set of videos that always share a split. It is named by the smallest name in it. A video can
    be kept only if its two nodes are in one split.

    `videos` has the columns corpus, video, target, source, original and group, the last four as in
    tables.GATHERED. Videos are one node if they share a group or an original, if they have near-duplicates
    (`near_duplicates`: pairs of positions in `videos`), if `same_identity` links them, and, with `by_person`,
    if they share a target. A group with the name of a person includes all videos with this target: in
    FaceForensics++ and the corpora made from it there is one original of each person. Without `by_person` it
    includes the fakes with this source too, as FaceForensics++'s own groups do.

    With `by_person` the `other` node of a fake is the node of its source. In all other cases, and for videos
    without a source, `other` equals `node`. Raises UserError if no pair of `same_identity` is found.
    """
    own = "video:" + videos["corpus"] + "/" + videos["video"]
    group = ("group:" + videos["group"]).where(videos["group"] != "", own)
    target = ("person:" + videos["target"]).where(videos["target"] != "", group)
    source = ("person:" + videos["source"]).where(videos["source"] != "", group)
    original = ("original:" + videos["original"]).where(videos["original"] != "", group)
    links: list[tuple[Names, Names]] = [(group, group), (source, source), (group, original)]
    if by_person:
        links.append((group, target))
    named_like_group = (videos["target"] != "") & videos["target"].isin(set(videos["group"]))
    links.append((group[named_like_group], "group:" + videos.loc[named_like_group, "target"]))
    if not by_person:
        from_group = (videos["source"] != "") & videos["source"].isin(set(videos["group"]))
        links.append((group[from_group], "group:" + videos.loc[from_group, "source"]))
    near = np.asarray(list(near_duplicates), dtype=np.int64).reshape(-1, 2)
    links.append((group.iloc[near[:, 0]], group.iloc[near[:, 1]]))
    names = pd.DataFrame({"group": group, "own": own, "target": target, "source": source})
    links += _identity_links(same_identity, families, names, by_person)
    ends = [np.concatenate([np.asarray(link[end], dtype=object) for link in links]) for end in (0, 1)]
    node_of = smallest_linked_names(*ends)
    nodes = group.map(node_of)
    others = source.map(node_of) if by_person else nodes
    return pd.DataFrame({"node": nodes, "other": others}, index=videos.index)


def link_people(videos: pd.DataFrame, same_identity: list[Pair], families: dict[str, str]) -> pd.Series:
    """Return for each row of `videos` a name that it shares with those known to show the same person.

    Of a fake that is its target, whom its original shows too. Videos of one group may show several people,
    and near-duplicates may too. `videos` has the columns corpus, video, target and original.
    """
    own = "video:" + videos["corpus"] + "/" + videos["video"]
    target = ("person:" + videos["target"]).where(videos["target"] != "", own)
    original = ("original:" + videos["original"]).where(videos["original"] != "", own)
    links: list[tuple[Names, Names]] = [(own, target), (own, original)]
    known = {*own, *target}
    for pair in same_identity:
        keys = [[f"video:{name}", f"person:{in_family(name, families)}"] for name in pair]
        if all(known & set(found) for found in keys):
            found = sorted(known & set(keys[0] + keys[1]))
            links.append(([found[0]] * len(found), found))
    ends = (np.concatenate([np.asarray(link[end], dtype=object) for link in links]) for end in (0, 1))
    return own.map(smallest_linked_names(*ends))


def _identity_links(
    same_identity: list[Pair], families: dict[str, str], names: pd.DataFrame, by_person: bool
) -> list[tuple[Names, Names]]:
    """Return links between people, or between the groups of the videos that are named or show them."""
    if not same_identity:
        return []
    known = set(names["own"]) | set(names["target"]) | set(names["source"])
    links: list[tuple[Names, Names]] = []
    linked = set()
    for pair in same_identity:
        found = [
            [key for key in (f"video:{name}", f"person:{in_family(name, families)}") if key in known]
            for name in pair
        ]
        if all(found):
            keys = found[0] + found[1]
            links.append(([keys[0]] * len(keys), keys))
            linked.update(keys)
    if not links:
        examples = ", ".join(name.removeprefix("video:") for name in names["own"].head(2))
        raise UserError(
            f"same_identity: none of its {len(same_identity)} pairs is in the dataset; write "
            "<corpus>/<person> or <corpus>/<video> with names of results/index/<corpus>/videos.csv, "
            f"such as {examples}"
        )
    # By person, a source is a node of its own: a fake between two nodes is dropped rather than joins them.
    for column in ("own", "target") if by_person else ("own", "target", "source"):
        rows = names[names[column].isin(linked)]
        links.append((rows[column], rows["group"]))
    return links


def in_family(name: str, families: dict[str, str]) -> str:
    """Return `<corpus>/<person>` as `<family of the corpus>/<person>`."""
    corpus, _, person = name.partition("/")
    return f"{families.get(corpus, corpus)}/{person}"


def smallest_linked_names(first: Names, second: Names) -> pd.Series:
    """Return the smallest name that each name is linked to, as a series with all names as its index.

    `first` and `second` are the two ends of the links.
    """
    names, codes = np.unique(np.concatenate([first, second]).astype(str), return_inverse=True)
    smallest = smallest_nodes(*np.split(codes, 2), len(names))  # names are sorted
    return pd.Series(names[smallest], index=names)
