"""Splits of DFDC's crops that leak more or less, for bench_leak_worth.py: by image, by original, by people.

A crop's people are those of its face and of its original's: groups of real crops by average linkage, where a
fake is held to its original's group. A fake that looks like a real crop of another split is left out, as the
swap graph's cut does, and then whatever of val and test looks like anything in train (the guard band).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import nearest, whole_numbers

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Crops:
    """DFDC's crops: `labels` (n,), 0 or 1; `originals` (n,), the row of each one's original, a real's own;
    `people` (n,), the group of its original; `vectors` (n, d) of neighbours.whole_numbers."""

    labels: np.ndarray
    originals: np.ndarray
    people: np.ndarray
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
    people = np.full(len(table), -1)
    people[reals] = reals[average_linkage(whole[reals], link)]
    return Crops(labels, originals, people[originals], whole)


def three_ways(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> dict[str, dict]:
    """Return the rows of each split, split by image, by original and by people.

    All three have as many crops of each split and class: as many as are left by people.
    """
    rng = np.random.default_rng(seed)
    dealt = {
        "by image": deal(np.arange(len(crops.labels)), shares, rng),
        "by original": deal(crops.originals, shares, rng),
        "by people": guarded(crops, deal(crops.people, shares, rng), guard),
    }
    parts = {name: _rows_by_class(split, crops.labels) for name, split in dealt.items()}
    sizes = {key: min(len(rows[key]) for rows in parts.values()) for key in parts["by people"]}
    return {
        name: {
            split: np.sort(
                np.concatenate([rng.permutation(rows[split, k])[: sizes[split, k]] for k in (0, 1)])
            )
            for split in SPLITS
        }
        for name, rows in parts.items()
    }


def deal(groups: np.ndarray, shares: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Return the split of each crop, 0 to 2; groups stay whole, and the largest are dealt first."""
    names, group, size = np.unique(groups, return_inverse=True, return_counts=True)
    wanted = np.array([shares[split] for split in SPLITS]) * len(groups)
    order = rng.permutation(len(names))
    order = order[np.argsort(-size[order], kind="stable")]
    dealt, filled = np.empty(len(names), int), np.zeros(len(SPLITS))
    for number in order:
        lack = (wanted - filled) / wanted
        dealt[number] = (
            rng.choice(len(SPLITS), p=wanted / wanted.sum()) if size[number] == 1 else lack.argmax()
        )
        filled[dealt[number]] += size[number]
    return dealt[group]


def guarded(crops: Crops, split: np.ndarray, guard: float) -> np.ndarray:
    """Return the splits, -1 for what is left out."""
    split, fake = split.copy(), crops.labels == 1
    crossing = [
        rows[crops.alike(rows, np.flatnonzero((split != part) & ~fake), guard)]
        for part in range(len(SPLITS))
        for rows in [np.flatnonzero((split == part) & fake)]
    ]
    split[np.concatenate(crossing)] = -1
    for part, others in ((1, 0), (2, 0), (1, 2)):
        rows = np.flatnonzero(split == part)
        split[rows[crops.alike(rows, np.flatnonzero(split == others), guard)]] = -1
    return split


def one_test(crops: Crops, shares: dict[str, float], guard: float, seed: int) -> dict[str, dict]:
    """Return three datasets with the same val and test, whose train differs: it knows nothing of test's
    people, or other originals of them, or other crops of test's own originals.

    Half of the originals of each of test's people are for test, one crop of each; what else there is of them,
    or as many crops of the other half, takes the place of as many crops of train of the same class.
    """
    rng = np.random.default_rng(seed)
    split = deal(crops.people, shares, rng)
    tested, known, same = [], [], []
    for person in rng.permutation(np.unique(crops.people[split == 2])):
        members = np.flatnonzero(crops.people == person)
        originals = rng.permutation(np.unique(crops.originals[members]))
        if len(originals) < 2:
            continue  # nothing could tell train of this person
        half = len(originals) // 2
        for original in originals[:half]:
            own = members[crops.originals[members] == original]
            one = own[0] if rng.random() < 0.5 or len(own) == 1 else rng.choice(own[1:])
            tested.append(one)
            same.extend(own[own != one])
        known.extend(members[np.isin(crops.originals[members], originals[half:])])
    test = np.sort(tested)
    leaks = np.concatenate([tested, known, same]).astype(int)
    clean = np.flatnonzero(split == 0)
    clean = clean[~crops.alike(clean, leaks, guard)]
    val = np.flatnonzero(split == 1)
    sizes = [min(_number(crops, rows, k) for rows in (known, same, clean)) for k in (0, 1)]
    trains = {"nobody": clean}
    for name, rows in (("people", np.array(known)), ("originals", np.array(same))):
        chosen = [rng.permutation(rows[crops.labels[rows] == k])[: sizes[k]] for k in (0, 1)]
        stay = [rng.permutation(clean[crops.labels[clean] == k])[sizes[k] :] for k in (0, 1)]
        trains[name] = np.concatenate([*chosen, *stay])
    return {
        f"knows {name}": {"train": np.sort(rows), "val": val, "test": test} for name, rows in trains.items()
    }


def _number(crops: Crops, rows: list[int], label: int) -> int:
    return int((crops.labels[np.array(rows)] == label).sum())


def _rows_by_class(split: np.ndarray, labels: np.ndarray) -> dict[tuple[str, int], np.ndarray]:
    return {
        (name, label): np.flatnonzero((split == part) & (labels == label))
        for part, name in enumerate(SPLITS)
        for label in (0, 1)
    }
