"""The policies by which videos go to splits: what never parts, and what is left out for it."""

import pandas as pd

from deepfake.errors import UserError
from deepfake.plan import strata
from deepfake.plan.links import smallest
from deepfake.plan.partition import KEY, outcome, partition
from deepfake.plan.splits import assign_splits
from deepfake.plan.tabu import LEAST
from deepfake.tables import CLASSES


def choose_splits(videos: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """For each video its `split`, or "" and the `reason` why it is in none.

    `videos` has the columns corpus, class ("real" or "fake"), method, split (the corpus's own), attributes,
    images (how many), node and other (see joins.bind); `cfg` is a `datasets` entry with seed. Corpora of
    `test_only` have no say in where others go. Raises UserError, also where a split lacks a class.
    """
    alone = videos["corpus"].isin(cfg["test_only"])
    chosen = pd.DataFrame({"split": "", "reason": ""}, index=videos.index)
    if videos.loc[~alone, "class"].nunique() < len(CLASSES):
        _check(videos, chosen["split"], cfg)  # nothing that could be split
    chosen[~alone] = POLICIES[cfg["policy"]](videos[~alone], cfg)
    if alone.any():
        chosen[alone] = _for_test_alone(videos, chosen["split"], alone, cfg["policy"])
    _check(videos, chosen["split"], cfg)
    return chosen


def _by_nodes(videos: pd.DataFrame, place: pd.Series) -> pd.DataFrame:
    """The split of each video whose two nodes are in one; `place` maps each node to its split."""
    one, two = videos["node"].map(place), videos["other"].map(place)
    first, last = one.where(one < two, two), two.where(one < two, one)
    reason = ("its people are in two splits, " + first + " and " + last).where(one != two, "")
    return pd.DataFrame({"split": one.where(one == two, ""), "reason": reason})


def _group(videos: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """By original and near-duplicates, which are what makes a node under this policy."""
    return _by_nodes(videos, _assign(videos, videos["node"], cfg))


def _identity(videos: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """By person. Circles of people who were swapped with each other stay whole where the ratios allow it.

    Else circles are cut, each where it loses the fewest videos and by the ratios for itself, so that what
    only one circle has stands in every split in its proportion; the others are dealt so as to even all out.
    """
    circle = smallest(videos["node"], videos["other"])
    place = circle.map(_assign(videos, videos["node"].map(circle), cfg))
    if _are_met(videos, place, cfg):
        return _by_nodes(videos, place)
    weighed, fixed, tried = videos.assign(weight=1), {}, []
    for name in _to_cut(videos, circle, cfg):
        part = weighed[videos["node"].map(circle) == name]
        fixed |= partition(part, _asked(cfg), cfg["tolerance"], cfg["seed"]).to_dict()
        tried = [_deal_others(videos, circle, fixed, cfg)]
        if _are_met(videos, tried[0], cfg):
            return _by_nodes(videos, tried[0])
    tried.append(partition(weighed, _asked(cfg), cfg["tolerance"], cfg["seed"]))  # circles fill in for others
    facts = [outcome(weighed, place, _asked(cfg), cfg["tolerance"]) for place in tried]
    return _by_nodes(videos, min(zip(facts, tried, strict=True), key=lambda t: [t[0][k] for k in KEY[:4]])[1])


def _to_cut(videos: pd.DataFrame, circle: pd.Series, cfg: dict) -> list[str]:
    """The circles whose size is in the way of the ratios, or that have what too few others have.

    Those with a class or method that has to come to every split and that fewer circles have than there are
    splits are the first, then the largest.
    """
    circles, asked = videos["node"].map(circle), _asked(cfg)
    size = circles.value_counts()
    rare = set()
    for kind in (videos["class"], _method(videos)):
        owners = circles.groupby(kind).agg(set).drop("", errors="ignore")
        rare |= set().union(*owners[owners.map(len) < len(asked)])
    several = circle.groupby(circle).size()
    large = size[size > LEAST * min(asked.values()) * len(videos)].index
    names = [name for name in size.index if several[name] > 1 and (name in rare or name in large)]
    return sorted(names, key=lambda name: (name not in rare, -size[name], name))


def _deal_others(videos: pd.DataFrame, circle: pd.Series, fixed: dict[str, str], cfg: dict) -> pd.Series:
    """From each node to its split: as `fixed` says, the circles that it leaves out whole."""
    unit = circle.where(~circle.index.isin(fixed), circle.index.to_series())
    ends = [videos[column].map(fixed) for column in ("node", "other")]
    kept = videos[(ends[0] == ends[1]) | ends[0].isna()]
    return unit.map(_assign(kept, kept["node"].map(unit), cfg, fixed)).fillna(pd.Series(fixed))


def _official(videos: pd.DataFrame, cfg: dict) -> pd.DataFrame:
    """By the corpus's own splits. One that a corpus doesn't have is cut from its own train, by groups."""
    split = videos["split"].copy()
    reason = pd.Series("", index=videos.index)
    for corpus, table in videos.groupby("corpus"):
        theirs = set(table["split"]) - {""}
        if not theirs:
            raise UserError(
                f"policy = official: {corpus} has no official splits; give their files as "
                f"corpora.{corpus}.label_files, or write another policy"
            )
        lacking = {s: ratio for s, ratio in _asked(cfg).items() if s not in theirs}
        train = table[table["split"] == "train"]
        if lacking and len(train):
            ratios = {"train": cfg["splits"]["train"], **lacking}
            place = _assign(train, train["node"], {**cfg, "splits": ratios})
            split[train.index] = train["node"].map(place)
    unasked = (split != "") & ~split.isin(list(_asked(cfg)))
    reason[unasked] = "the official split " + split[unasked] + " is not asked for"
    reason[split == ""] = "it has no official split"
    return pd.DataFrame({"split": split.where(~unasked, ""), "reason": reason})


POLICIES = {"group": _group, "identity": _identity, "official": _official}


def _asked(cfg: dict) -> dict[str, float]:
    return {split: ratio for split, ratio in cfg["splits"].items() if ratio > 0}


def _assign(
    videos: pd.DataFrame, groups: pd.Series, cfg: dict, fixed: dict[str, str] | None = None
) -> pd.Series:
    """From each of `groups` to its split: by images of each class, method, and class of each stratum."""
    kinds = [videos["class"], _method(videos)]
    for name, column in strata.values(videos, cfg["stratify"]).items():
        kinds.append(name + "=" + column + " " + videos["class"])
    long = pd.concat(
        [pd.DataFrame({"group": groups, "kind": kind, "images": videos["images"]}) for kind in kinds]
    )
    long = long[long["kind"] != ""]
    counts = long.groupby(["group", "kind"])["images"].sum().unstack(fill_value=0)
    counts = counts.reindex(columns=sorted({*CLASSES.values(), *counts.columns}), fill_value=0)
    needed = [*CLASSES.values(), *sorted(set(_method(videos)) - {""})]
    return assign_splits(counts, _asked(cfg), cfg["seed"], needed, fixed or {})


def _method(videos: pd.DataFrame) -> pd.Series:
    """The method of each fake as the name of a column of counts, "" where there is none."""
    return ("method " + videos["method"]).where(videos["method"] != "", "")


def _are_met(videos: pd.DataFrame, place: pd.Series, cfg: dict) -> bool:
    """Whether the splits have their shares, as partition.partition wants them, and all that they could have.

    A class or method that fewer people have than there are splits is not asked of each. `place` maps nodes.
    """
    asked = _asked(cfg)
    if outcome(videos.assign(weight=1), place, asked, cfg["tolerance"])["beyond"] > 0:
        return False
    split = videos["node"].map(place)
    split = split[split == videos["other"].map(place)]
    for kind in (videos["class"], _method(videos)):
        owners = videos["node"].groupby(kind).nunique().drop("", errors="ignore")
        there = split.groupby(kind[split.index]).nunique().reindex(owners.index, fill_value=0)
        if (there[owners >= len(asked)] < len(asked)).any():
            return False
    return True


def _for_test_alone(videos: pd.DataFrame, chosen: pd.Series, alone: pd.Series, policy: str) -> pd.DataFrame:
    """The corpora that go to test alone: without what other corpora have in another split."""
    table = videos[alone]
    if policy == "official":
        return pd.DataFrame({"split": "test", "reason": ""}, index=table.index)
    theirs = chosen[~alone & (chosen != "")]
    at = pd.Series(theirs.to_numpy(), index=videos.loc[theirs.index, "node"])
    place = at[~at.index.duplicated()]  # a node is in one split
    found = [table[column].map(place).fillna("test") for column in ("node", "other")]
    elsewhere = found[0].where(found[0] != "test", found[1])
    reason = "its people or original are in " + elsewhere + ", and its corpus goes to test alone"
    stays = elsewhere == "test"
    return pd.DataFrame({"split": elsewhere.where(stays, ""), "reason": reason.where(~stays, "")})


def _check(videos: pd.DataFrame, chosen: pd.Series, cfg: dict) -> None:
    """Raise UserError where a split that is asked for, or made by `test_only`, lacks a class."""
    asked = [*_asked(cfg), *(["test"] if cfg["test_only"] and "test" not in _asked(cfg) else [])]
    have = set(zip(chosen, videos["class"], strict=True))
    empty = [
        f"{split} without {label}"
        for split in asked
        for label in CLASSES.values()
        if (split, label) not in have
    ]
    if not empty:
        return
    nodes = videos.groupby("class")["node"].nunique().reindex(CLASSES.values(), fill_value=0)
    sizes = videos["node"].value_counts()
    largest = f"; the largest group holds {sizes.iloc[0]} of {len(videos)} videos" if len(sizes) else ""
    raise UserError(
        f"splits = {cfg['splits']} can't be filled by policy = {cfg['policy']} ({', '.join(empty)}): of "
        f"{videos['node'].nunique()} groups of videos with usable images {nodes['real']} have real ones and "
        f"{nodes['fake']} fake ones{largest}; add videos, write fewer splits (a part of 0), or a smaller "
        "`duplicates`"
    )
