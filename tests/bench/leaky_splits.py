"""Splits of DFDC's crops that leak more or less, for the benches of people: by image, by original, by people.

The last is that of a plan with `policy: identity`, which knows the crops' originals and faces.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfake import tables
from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import nearest, whole_numbers
from deepfake.people.video_vectors import VideoVectors
from deepfake.plan.plan import make_plan

SPLITS = ("train", "val", "test")
DRAWN = 0.8  # of the people: the best split of all of them is the same for most seeds
CFG = {
    "policy": "identity", "size_mb": None, "tolerance": 0.05, "stratify": [], "test_only": [],
    "duplicates": None, "balance": "none", "families": {"dfdc": "dfdc"},
}  # fmt: skip
PEOPLE = {"by": "both", "together": 0.03, "fail": 0.30}

Parts = dict[str, np.ndarray]
"""The rows of each split."""


@dataclass(frozen=True)
class Crops:
    """DFDC's crops: `labels` (n,), 0 or 1; `originals` (n,), the row of each one's original, a real's own;
    `people` (n,), the group of its original, by average linkage of the reals up to `link`; `vectors` (n, d)
    of neighbours.whole_numbers."""

    labels: np.ndarray
    originals: np.ndarray
    people: np.ndarray
    vectors: np.ndarray
    link: float

    def alike(self, rows: np.ndarray, others: np.ndarray, guard: float) -> np.ndarray:
        """Return which of the rows lie within `guard` of any of the others, bool."""
        if not len(rows) or not len(others):
            return np.zeros(len(rows), bool)
        return nearest(self.vectors[rows], self.vectors[others])[1][:, 0] <= guard


def crops(table: pd.DataFrame, vectors: np.ndarray, link: float) -> Crops:
    """Return the crops of real_faces.dfdc, whose unit vectors are `vectors`."""
    labels, whole = table["label"].to_numpy(), whole_numbers(vectors)
    row = {file: at for at, file in enumerate(table["file"])}
    originals = np.array([row[file] for file in table["original"]])
    reals = np.flatnonzero(labels == 0)
    groups = np.full(len(table), -1)
    groups[reals] = reals[average_linkage(whole[reals], link)]
    return Crops(labels, originals, groups[originals], whole, link)


def by_people(
    crops: Crops, shares: dict[str, float], guard: float, seed: int, drawn: np.ndarray | None = None
) -> np.ndarray:
    """Return the split of each crop, 0 to 2, or -1 of what is left out; `drawn` (n,) are those to split."""
    rows = np.arange(len(crops.labels)) if drawn is None else np.flatnonzero(drawn)
    names = np.char.zfill(np.arange(len(crops.labels)).astype(str), 6)
    gathered = pd.DataFrame("", rows, tables.GATHERED)
    gathered = gathered.assign(corpus="dfdc", video=names[rows], image=names[rows], frame=0, bytes=1)
    gathered["label"] = crops.labels[rows].astype(str)
    gathered["original"] = gathered["group"] = np.char.add("dfdc/", names[crops.originals[rows]])
    seen = rows[crops.vectors[rows].any(axis=1)]
    vectors = crops.vectors[seen]
    faces = VideoVectors([("dfdc", name) for name in names[seen]], vectors, vectors, np.arange(len(seen)))
    cfg = CFG | {"splits": shares, "seed": seed, "people": PEOPLE | {"link": crops.link, "guard": guard}}
    plan = make_plan(gathered, cfg, vectors=faces)
    split = np.full(len(crops.labels), -1)
    split[rows] = [SPLITS.index(name) if name else -1 for name in plan["split"]]
    return split


def three_ways(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> dict[str, Parts]:
    """Return the rows of each split, split by image, by original and by people.

    All three are of the same people, DRAWN of all, and have as many crops of each split and class: as many as
    all of them have.
    """
    rng, names = np.random.default_rng(seed), np.unique(crops.people)
    drawn = np.isin(crops.people, rng.permutation(names)[: round(DRAWN * len(names))])
    dealt = {
        "by image": np.where(drawn, deal(np.arange(len(crops.labels)), shares, rng), -1),
        "by original": np.where(drawn, deal(crops.originals, shares, rng), -1),
        "by people": by_people(crops, shares, guard, seed, drawn),
    }
    rows = {
        (name, part, label): rng.permutation(np.flatnonzero((split == number) & (crops.labels == label)))
        for name, split in dealt.items()
        for number, part in enumerate(SPLITS)
        for label in (0, 1)
    }

    def cut(name: str, part: str) -> np.ndarray:
        least = [min(len(rows[other, part, label]) for other in dealt) for label in (0, 1)]
        return np.sort(np.concatenate([rows[name, part, label][: least[label]] for label in (0, 1)]))

    return {name: {part: cut(name, part) for part in SPLITS} for name in dealt}


def deal(groups: np.ndarray, shares: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return the split of each crop, 0 to 2, at random; groups stay whole."""
    names, group = np.unique(groups, return_inverse=True)
    return rng.choice(len(SPLITS), len(names), p=[shares[part] for part in SPLITS])[group]


def one_test(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> dict[str, Parts]:
    """Return three datasets with the same val and test, whose train differs: it knows nobody of test, or
    other originals of test's people, or other crops of test's own originals.

    Half of the originals of each of test's people are for test, one crop of each. What else there is of them,
    or crops of the other half, takes the place of as many crops of train of the same class, drawn at random.
    Whatever looks like anybody of test is taken from train first.
    """
    rng = np.random.default_rng(seed)
    split = deal(crops.people, shares, rng)
    tested, people, originals = [], [], []
    for person in np.unique(crops.people[split == 2]):
        members = np.flatnonzero(crops.people == person)
        own = rng.permutation(np.unique(crops.originals[members]))
        half = len(own) // 2
        for original in own[:half]:
            these = members[crops.originals[members] == original]
            chosen = these[0] if rng.random() < 0.5 or len(these) == 1 else rng.choice(these[1:])
            tested.append(chosen)
            originals.extend(these[these != chosen])
        people.extend(members[np.isin(crops.originals[members], own[half:])] if half else ())
    test, val, clean = np.sort(tested), np.flatnonzero(split == 1), np.flatnonzero(split == 0)
    clean = clean[~crops.alike(clean, np.concatenate([test, people, originals]).astype(int), guard)]
    pools = {name: np.array(rows, int) for name, rows in (("people", people), ("originals", originals))}
    trains = {"knows nobody": clean} | {f"knows {name}": [] for name in pools}
    for label in (0, 1):
        stay = rng.permutation(clean[crops.labels[clean] == label])
        leaks = {name: rng.permutation(rows[crops.labels[rows] == label]) for name, rows in pools.items()}
        number = min(len(stay), *map(len, leaks.values()))
        for name, rows in leaks.items():
            trains[f"knows {name}"] = np.concatenate(
                [trains[f"knows {name}"], rows[:number], stay[number:]]
            ).astype(int)
    return {name: {"train": np.sort(rows), "val": val, "test": test} for name, rows in trains.items()}
