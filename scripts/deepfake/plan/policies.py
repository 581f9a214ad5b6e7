"""The split policies: which videos must share a split, and which are left out because they can't.

- `group`: videos with a common original or near-duplicates share a split.
- `identity`: in addition no person is in two splits, neither as target nor as source. Where people are
  swapped with each other all around, some fakes must be left out.
- `official`: the corpora's own splits, even where those leak.

A *component* is a connected component of nodes (see links.link_videos) that fakes link with each other.
"""

import pandas as pd

from deepfake.errors import UserError
from deepfake.plan import strata
from deepfake.plan.graph import MIN_SHARE
from deepfake.plan.links import smallest_linked_names
from deepfake.plan.partition import OBJECTIVES, partition, partition_quality
from deepfake.plan.splits import assign_splits
from deepfake.tables import CLASSES

CLASS_NAMES = tuple(CLASSES.values())


def choose_splits(videos: pd.DataFrame, cfg: dict, ties: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return for each video its `split`, or "" and the `reason` why it is in none.

    `videos` has the columns corpus, class ("real" or "fake"), method, split (the corpus's own), attributes,
    images (their number), node and other (see links.link_videos), and may have kind, the kind of face (see
    people.kinds), of which each split gets its share. `cfg` is a section of `datasets` in the
    config, with seed. Corpora in `test_only` don't affect the splits of others. `ties` are between nodes
    whose people look alike, as `partition` takes them; only the policy identity heeds them.

    Raises UserError, also where a split would lack a class.
    """
    test_only = videos["corpus"].isin(cfg["test_only"])
    chosen = pd.DataFrame({"split": "", "reason": ""}, index=videos.index)
    if videos.loc[~test_only, "class"].nunique() < len(CLASS_NAMES):
        check_classes(videos, chosen["split"], cfg)  # fails: there is nothing to split
    ties = pd.DataFrame(columns=["node", "other", "ties"]) if ties is None else ties
    chosen[~test_only] = POLICIES[cfg["policy"]](videos[~test_only], cfg, ties)
    if test_only.any():
        chosen[test_only] = _split_test_only(videos, chosen["split"], test_only, cfg["policy"])
    check_classes(videos, chosen["split"], cfg)
    return chosen


def _split_by_group(videos: pd.DataFrame, cfg: dict, ties: pd.DataFrame) -> pd.DataFrame:
    """Split by nodes; under this policy each video is on one node."""
    return _split_by_nodes(videos, _assign(videos, videos["node"], cfg))


def _split_by_identity(videos: pd.DataFrame, cfg: dict, ties: pd.DataFrame) -> pd.DataFrame:
    """Split by people. Components, of which ties are a part too, stay whole if the ratios allow it.

    If not, components are cut one by one. Each is cut by the ratios and where that loses the fewest videos,
    so that every split has its share of what only one component has. The others are assigned whole, so that
    all ratios are met.
    """
    nodes = set(videos["node"]) | set(videos["other"])
    ties = ties[ties["node"].isin(nodes) & ties["other"].isin(nodes)]
    component = smallest_linked_names(*(pd.concat([videos[end], ties[end]]) for end in ("node", "other")))
    split_of = component.map(_assign(videos, videos["node"].map(component), cfg))
    if _ratios_are_met(videos, split_of, cfg):
        return _split_by_nodes(videos, split_of)
    counted, fixed, candidates = videos.assign(weight=1), {}, []
    ratios, tolerance, seed = _ratios(cfg), cfg["tolerance"], cfg["seed"]
    for name in _components_to_cut(videos, component, cfg):
        part = counted[videos["node"].map(component) == name]
        fixed |= partition(part, ratios, tolerance, seed, ties[ties["node"].map(component) == name]).to_dict()
        candidates = [_assign_around(videos, component, fixed, cfg)]
        if _ratios_are_met(videos, candidates[0], cfg):
            return _split_by_nodes(videos, candidates[0])
    # As a last resort all components are cut together: one may have what another lacks.
    candidates.append(partition(counted, ratios, tolerance, seed, ties))
    quality = [partition_quality(counted, split_of, ratios, tolerance, ties) for split_of in candidates]
    keys = [[numbers[name] for name in OBJECTIVES[:4]] for numbers in quality]
    return _split_by_nodes(videos, candidates[keys.index(min(keys))])


def _split_by_official(videos: pd.DataFrame, cfg: dict, ties: pd.DataFrame) -> pd.DataFrame:
    """Keep the corpora's own splits. Cut a requested split that a corpus lacks from its train, by groups."""
    split = videos["split"].copy()
    reason = pd.Series("", index=videos.index)
    ratios = _ratios(cfg)
    for corpus, table in videos.groupby("corpus"):
        official = set(table["split"]) - {""}
        if not official:
            raise UserError(
                f"policy = official: {corpus} has no official splits; give their files as "
                f"corpora.{corpus}.label_files, or write another policy"
            )
        absent = {name: ratio for name, ratio in ratios.items() if name not in official}
        train = table[table["split"] == "train"]
        if absent and len(train):
            splits = {"train": cfg["splits"]["train"], **absent}
            split_of = _assign(train, train["node"], {**cfg, "splits": splits})
            split[train.index] = train["node"].map(split_of)
    unrequested = (split != "") & ~split.isin(list(ratios))
    reason[unrequested] = "the official split " + split[unrequested] + " is not asked for"
    reason[split == ""] = "it has no official split"
    return pd.DataFrame({"split": split.where(~unrequested, ""), "reason": reason})


POLICIES = {"group": _split_by_group, "identity": _split_by_identity, "official": _split_by_official}
"""Functions of videos, config and ties, as `choose_splits` takes them, to split and reason of each video."""


def _split_by_nodes(videos: pd.DataFrame, split_of: pd.Series) -> pd.DataFrame:
    """Return split and reason of each video; only videos with both nodes in one split are kept.

    `split_of` maps nodes to splits.
    """
    one, two = videos["node"].map(split_of), videos["other"].map(split_of)
    first, last = one.where(one < two, two), two.where(one < two, one)
    reason = ("its people are in two splits, " + first + " and " + last).where(one != two, "")
    return pd.DataFrame({"split": one.where(one == two, ""), "reason": reason})


def _components_to_cut(videos: pd.DataFrame, component: pd.Series, cfg: dict) -> list[str]:
    """Return the components that are too large for a split, or have what too few others have.

    The latter come first: every split should have each class and method, and there are fewer components with
    one of them than splits. Then the largest come first.
    """
    of_video, ratios = videos["node"].map(component), _ratios(cfg)
    size = of_video.value_counts()
    rare = set()
    for column in (videos["class"], _method(videos)):
        owners = of_video.groupby(column).agg(set).drop("", errors="ignore")
        rare |= set().union(*owners[owners.map(len) < len(ratios)])
    nodes = component.groupby(component).size()
    large = size[size > MIN_SHARE * min(ratios.values()) * len(videos)].index
    names = [name for name in size.index if nodes[name] > 1 and (name in rare or name in large)]
    return sorted(names, key=lambda name: (name not in rare, -size[name], name))


def _assign_around(videos: pd.DataFrame, component: pd.Series, fixed: dict[str, str], cfg: dict) -> pd.Series:
    """Return the split of each node: as in `fixed`, and one for all nodes of each other component."""
    unit = component.where(~component.index.isin(fixed), component.index.to_series())
    ends = [videos[column].map(fixed) for column in ("node", "other")]
    kept = videos[(ends[0] == ends[1]) | ends[0].isna()]
    return unit.map(_assign(kept, kept["node"].map(unit), cfg, fixed)).fillna(pd.Series(fixed))


def _assign(
    videos: pd.DataFrame, groups: pd.Series, cfg: dict, fixed: dict[str, str] | None = None
) -> pd.Series:
    """Return the split of each group, by images of each class, each method, and each class in a stratum."""
    columns = [videos["class"], _method(videos)]
    for name, values in strata.select_columns(videos, cfg["stratify"]).items():
        columns.append(name + "=" + values + " " + videos["class"])
    if "kind" in videos:
        columns.append(("kind=" + videos["kind"] + " " + videos["class"]).where(videos["kind"] != "", ""))
    images = pd.concat(
        [pd.DataFrame({"group": groups, "column": c, "images": videos["images"]}) for c in columns]
    )
    images = images[images["column"] != ""]
    counts = images.groupby(["group", "column"])["images"].sum().unstack(fill_value=0)
    counts = counts.reindex(columns=sorted({*CLASS_NAMES, *counts.columns}), fill_value=0)
    required = [*CLASS_NAMES, *sorted(set(_method(videos)) - {""})]
    return assign_splits(counts, _ratios(cfg), cfg["seed"], required, fixed or {})


def _ratios(cfg: dict) -> dict[str, float]:
    """Return the requested splits, that is those with a ratio above 0."""
    return {split: ratio for split, ratio in cfg["splits"].items() if ratio > 0}


def _method(videos: pd.DataFrame) -> pd.Series:
    """Return the name of a column of counts for the method of each video; "" if it has none."""
    return ("method " + videos["method"]).where(videos["method"] != "", "")


def _ratios_are_met(videos: pd.DataFrame, split_of: pd.Series, cfg: dict) -> bool:
    """Return whether all shares are within the tolerance, and every split has each class and method.

    A class or method with fewer nodes than splits isn't required in each. `split_of` maps nodes.
    """
    ratios = _ratios(cfg)
    quality = partition_quality(videos.assign(weight=1), split_of, ratios, cfg["tolerance"])
    if quality["beyond_tolerance"] > 0:
        return False
    split = videos["node"].map(split_of)
    split = split[split == videos["other"].map(split_of)]
    for column in (videos["class"], _method(videos)):
        owners = videos["node"].groupby(column).nunique().drop("", errors="ignore")
        splits = split.groupby(column[split.index]).nunique().reindex(owners.index, fill_value=0)
        if (splits[owners >= len(ratios)] < len(ratios)).any():
            return False
    return True


def _split_test_only(
    videos: pd.DataFrame, chosen: pd.Series, test_only: pd.Series, policy: str
) -> pd.DataFrame:
    """Return split and reason of the videos of test-only corpora: test, unless their nodes are elsewhere."""
    table = videos[test_only]
    if policy == "official":
        return pd.DataFrame({"split": "test", "reason": ""}, index=table.index)
    others = chosen[~test_only & (chosen != "")]
    split_of = pd.Series(others.to_numpy(), index=videos.loc[others.index, "node"])
    split_of = split_of[~split_of.index.duplicated()]  # a node is in one split
    own, other = (table[column].map(split_of).fillna("test") for column in ("node", "other"))
    split = own.where(own != "test", other)
    reason = "its people or original are in " + split + ", and its corpus goes to test alone"
    in_test = split == "test"
    return pd.DataFrame({"split": split.where(in_test, ""), "reason": reason.where(~in_test, "")})


def check_classes(videos: pd.DataFrame, chosen: pd.Series, cfg: dict, advice: str = "") -> None:
    """Raise UserError if a requested split, or test because of `test_only`, lacks a class.

    `chosen` is the split of each video. `advice` is added to what the error says.
    """
    splits = list(_ratios(cfg))
    if cfg["test_only"] and "test" not in splits:
        splits.append("test")
    present = set(zip(chosen, videos["class"], strict=True))
    absent = [f"{s} without {name}" for s in splits for name in CLASS_NAMES if (s, name) not in present]
    if not absent:
        return
    nodes = videos.groupby("class")["node"].nunique().reindex(CLASS_NAMES, fill_value=0)
    sizes = videos["node"].value_counts()
    largest = f"; the largest group holds {sizes.iloc[0]} of {len(videos)} videos" if len(sizes) else ""
    raise UserError(
        f"splits = {cfg['splits']} can't be filled by policy = {cfg['policy']} ({', '.join(absent)}): of "
        f"{videos['node'].nunique()} groups of videos with usable images {nodes['real']} have real ones and "
        f"{nodes['fake']} fake ones{largest}; add videos, write fewer splits (a part of 0), or a smaller "
        f"`duplicates`{advice}"
    )
