"""Splits of DFDC's crops that leak more or less, for the benches of people: by image, by original, by people.

A crop's people are those of its face and of its original's: groups of real crops by average linkage, where a
fake is held to its original's group, and to that of the real crop that its own face looks like. They are
split as `policy: identity` splits them: look-alikes together where they can be, fakes between two splits left
out, and then the guard band.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfake.people.guard import guard_band
from deepfake.people.kinds import face_kinds
from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import near_pairs, nearest, whole_numbers
from deepfake.plan.lookalikes import keep_lookalikes_together
from deepfake.plan.partition import partition

SPLITS = ("train", "val", "test")
TOLERANCE, TOGETHER = 0.05, 0.03  # as in config.yaml

Parts = dict[str, np.ndarray]
"""The rows of each split."""


@dataclass(frozen=True)
class Crops:
    """DFDC's crops: `labels` (n,), 0 or 1; `originals` (n,), the row of each one's original, a real's own;
    `people` (n,), the group of its original; `others` (n,), that of its own face; `vectors` (n, d) of
    neighbours.whole_numbers."""

    labels: np.ndarray
    originals: np.ndarray
    people: np.ndarray
    others: np.ndarray
    vectors: np.ndarray

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
    people = groups[originals]
    like, distance = nearest(whole, whole[reals])
    others = np.where(distance[:, 0] <= link, groups[reals[like[:, 0]]], people)
    return Crops(labels, originals, people, np.where(labels == 1, others, people), whole)


def by_people(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> np.ndarray:
    """Return the split of each crop, 0 to 2, or -1 of what is left out."""
    names = np.char.zfill(np.stack([crops.people, crops.others], axis=1).astype(str), 6)
    nodes = pd.DataFrame(names, columns=["node", "other"], dtype=str)
    near = near_pairs(crops.vectors, guard)[0] if guard else np.empty((0, 2), np.int64)
    videos, ties = keep_lookalikes_together(nodes, near, TOGETHER)
    _, people = np.unique(crops.people, return_inverse=True)
    videos["class"] = np.where(crops.labels == 1, "fake", "real")
    videos["kind"] = face_kinds(crops.vectors, people)[people].astype(str)
    found = partition(videos.assign(method="", weight=1), shares, TOLERANCE, seed, ties)
    one, other = (videos[end].map(found).map(SPLITS.index).to_numpy() for end in ("node", "other"))
    split = np.where(one == other, one, -1)
    out = guard_band(crops.vectors, split, np.ones(len(split)), guard).out if guard else False
    return np.where(out, -1, split)


def three_ways(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> dict[str, Parts]:
    """Return the rows of each split, split by image, by original and by people.

    All three have as many crops of each split and class: as many as all of them have.
    """
    rng = np.random.default_rng(seed)
    dealt = {
        "by image": deal(np.arange(len(crops.labels)), shares, rng),
        "by original": deal(crops.originals, shares, rng),
        "by people": by_people(crops, shares, guard, seed),
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
