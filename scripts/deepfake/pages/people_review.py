"""What a person checks in a plan's table of people: the largest groups, and the doubtful links.

`people` are rows of tables.PEOPLE, see `read_people`, indexed by the name `<corpus>/<video>` of each video.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from deepfake import tables

GROUPS, FACES = 20, 20  # of the largest groups: how many are shown, and how many videos of each
LINKS, SIDE = 20, 3  # of each kind of doubtful link: how many are shown, and how many videos of each side
NAMES = 6  # of the people whom faces join: how many of their names are shown
NEAR = 0.03  # up to which a distance from the limit is a near one; of near ones the largest come first
NUMBERS = ["apart", "halves_distance", "other_distance", "distance", "across_distance"]


@dataclass(frozen=True)
class Doubt:
    """Two sides that may or may not be one person: the names of some videos of each, the most typical first,
    how many videos each has, and the distance between them; nan where it isn't known."""

    sides: tuple[list[str], ...]
    sizes: tuple[int, ...]
    distance: float


def read_people(path: Path) -> pd.DataFrame:
    """Return a table of tables.PEOPLE. Distances are float, nan where they aren't known; the rest is text."""
    people = pd.read_csv(path, **tables.AS_TEXT)
    for column in NUMBERS:
        people[column] = pd.to_numeric(people[column]).astype(float)
    return people[tables.PEOPLE].set_index(people["corpus"] + "/" + people["video"])


def counts(people: pd.DataFrame) -> dict:
    """Return the numbers at the top of the page, and in `corpora` the same for each corpus.

    `people` are those of real videos: a fake that is like nobody is not another one.
    """
    sizes = people.loc[people["person"] != "", "person"].value_counts()
    return {
        **_counts(people),
        "largest": int(sizes.max()) if len(sizes) else 0,
        "left_out": int((people["reason"] != "").sum()),
        "corpora": [{"corpus": corpus, **_counts(rows)} for corpus, rows in people.groupby("corpus")],
        "in_several": int((people[people["person"] != ""].groupby("person")["corpus"].nunique() > 1).sum()),
    }


def _counts(rows: pd.DataFrame) -> dict:
    known = rows["person"] != ""
    people = int(rows.loc[known & (rows["label"] == "0"), "person"].nunique())
    return {"videos": len(rows), "known": int(known.sum()), "people": people}


def group_sizes(people: pd.DataFrame) -> np.ndarray:
    """Return the number of videos, with fakes, of each person of a real video, int (n,), largest first."""
    real = set(people.loc[people["label"] == "0", "person"])
    return people.loc[people["person"].isin(real - {""}), "person"].value_counts().to_numpy()


def largest_groups(people: pd.DataFrame) -> list[dict]:
    """Return the people with most videos.

    `names` are those of real videos. `halves` has for each half, the larger first, the names of some of its
    videos, FACES in all, and how many it has.
    """
    sizes = people.loc[people["person"] != "", "person"].value_counts(sort=False)
    order = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:GROUPS]
    return [_group(name, people[people["person"] == name]) for name, _ in order]


def _group(name: str, rows: pd.DataFrame) -> dict:
    halves = sorted((half for _, half in rows.groupby("half")), key=len, reverse=True)
    room = [max(1, round(FACES * len(half) / len(rows))) for half in halves]
    return {
        "name": name,
        "videos": len(rows),
        "fakes": int((rows["label"] == "1").sum()),
        "corpora": sorted(set(rows["corpus"])),
        "names": sorted(set(rows.loc[rows["label"] == "0", "target"]) - {""}),
        "splits": [(split, int((rows["split"] == split).sum())) for split in (*tables.SPLITS, "")],
        "distance": rows["halves_distance"].iloc[0],
        "halves": [
            (_spread(_typical_first(half), most), len(half)) for half, most in zip(halves, room, strict=True)
        ],
    }


def _typical_first(rows: pd.DataFrame) -> list[str]:
    """Return the names of some of a person's videos: real ones first, and those like the others first."""
    return rows.sort_values(["label", "apart"], kind="stable").index.tolist()


def _spread(names: list[str], count: int) -> list[str]:
    """Return up to `count` of the names, evenly spaced, with the first and the last."""
    places = np.linspace(0, len(names) - 1, min(count, len(names))).round().astype(int)
    return [names[place] for place in np.unique(places)]


def links_made(people: pd.DataFrame, link: float) -> list[Doubt]:
    """Return people whose two halves are hardly alike enough for one: at most `link` apart, and near it."""
    known = people[(people["person"] != "") & (people["halves_distance"] <= link)]
    sizes = known.groupby(["person", "half"]).size().unstack(fill_value=0)
    links = known.groupby("person")["halves_distance"].first().to_frame("distance")
    links["gap"], links["smaller"] = link - links["distance"], sizes.min(axis=1)
    doubts = []
    for person, distance in _first(links, ["person"])["distance"].items():
        rows = known[known["person"] == person]
        doubts.append(_doubt([half for _, half in rows.groupby("half")], distance))
    return doubts


def links_not_made(people: pd.DataFrame, link: float) -> list[Doubt]:
    """Return pairs of people who are nearly alike enough for one: more than `link` apart, and near it."""
    known = people[people["person"] != ""]
    sizes = known["person"].value_counts()
    links = known.loc[known["other_distance"] > link, ["person", "other", "other_distance"]].drop_duplicates()
    links = links[links["other"].isin(sizes.index)].set_axis(["one", "two", "distance"], axis=1)
    if links.empty:
        return []
    links[["one", "two"]] = np.sort(links[["one", "two"]].astype(str).to_numpy(object), axis=1)
    links = links.sort_values("distance").drop_duplicates(["one", "two"])
    links["gap"] = links["distance"] - link
    links["smaller"] = np.minimum(links["one"].map(sizes), links["two"].map(sizes))
    return [
        _doubt([known[known["person"] == person] for person in (row.one, row.two)], row.distance)
        for row in _first(links, ["one", "two"]).itertuples()
    ]


def _first(links: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Return the LINKS rows to be shown: those with a `gap` to the limit of at most NEAR, of these the ones
    that move most videos, which is `smaller`, and of these the nearest to the limit."""
    links = links.assign(far=(links["gap"] - NEAR).clip(lower=0).round(6))
    order = ["far", "smaller", "gap", *names]
    return links.sort_values(order, ascending=[column != "smaller" for column in order]).head(LINKS)


def _doubt(sides: list[pd.DataFrame], distance: float) -> Doubt:
    names = tuple(_typical_first(rows)[:SIDE] for rows in sides)
    return Doubt(names, tuple(len(rows) for rows in sides), float(distance))


def guarded(people: pd.DataFrame) -> tuple[list[Doubt], list[Doubt]]:
    """Return videos with their nearest of another split: those left out with the largest distance, and those
    kept, outside of train, with the smallest. Of two people there is one pair."""
    across = people[(people["across"] != "") & people["across_distance"].notna()]
    out = across[across["reason"] != ""].sort_values("across_distance", ascending=False, kind="stable")
    kept = across[(across["reason"] == "") & across["split"].isin(tables.SPLITS[1:])]
    return _pairs(people, out), _pairs(people, kept.sort_values("across_distance", kind="stable"))


def _pairs(people: pd.DataFrame, rows: pd.DataFrame) -> list[Doubt]:
    persons, seen, doubts = people["person"], set(), []
    for name, across, distance in rows[["across", "across_distance"]].itertuples():
        pair = frozenset((persons.get(name, name), persons.get(across, across)))
        if pair not in seen and len(doubts) < LINKS:
            seen.add(pair)
            doubts.append(Doubt(([name], [across]), (1, 1), distance))
    return doubts


def joined_names(people: pd.DataFrame) -> tuple[list[dict], int]:
    """Return people of several names, whom faces join, and how many there are: `names` with the most typical
    real video of each, those with most videos first."""
    named = people[(people["person"] != "") & (people["target"] != "") & (people["label"] == "0")]
    several = named.groupby("person")["target"].nunique()
    order = sorted(several[several > 1].items(), key=lambda item: (-item[1], item[0]))
    joined = []
    for person, count in order[:LINKS]:
        rows = named[named["person"] == person]
        videos = rows["target"].value_counts(sort=False)
        names = sorted(videos.items(), key=lambda item: (-item[1], item[0]))[:NAMES]
        joined.append(
            {
                "distance": rows["halves_distance"].iloc[0],
                "more": count - len(names),
                "names": [
                    {"name": name, "videos": size, "video": _typical_first(rows[rows["target"] == name])[0]}
                    for name, size in names
                ],
            }
        )
    return joined, len(order)
