"""Swap graphs of the size of real corpora, random small ones, and the optimal partition of small ones."""

import itertools

import numpy as np
import pandas as pd

from deepfake.plan.partition import OBJECTIVES, partition_quality

COLUMNS = ["node", "other", "class", "method", "weight"]
RATIOS = {"train": 0.8, "val": 0.15, "test": 0.05}


def complete(people: int, reals: int, fakes: int, method: str, free: int = 0) -> pd.DataFrame:
    """Return a complete graph: `reals` of each person, `fakes` of each pair, `free` reals without links."""
    names = [f"p{number:02d}" for number in range(people)]
    rows = [(name, name, "real", "", reals) for name in names]
    rows += [(*pair, "fake", method, fakes) for pair in itertools.combinations(names, 2)]
    rows += [(f"y{number:05d}", f"y{number:05d}", "real", "", 1) for number in range(free)]
    return pd.DataFrame(rows, columns=COLUMNS)


def swapped(people: int, reals: int, fakes: int, pairs: int, free: int, method: str) -> pd.DataFrame:
    """Return random reals and fakes, the latter over `pairs` of the ordered pairs of people."""
    rng = np.random.default_rng(0)
    names = [f"p{number:02d}" for number in range(people)]
    ordered = [pair for pair in itertools.product(names, names) if pair[0] != pair[1]]
    ordered = [ordered[place] for place in rng.permutation(len(ordered))[:pairs]]
    own = rng.multinomial(reals, np.full(people, 1 / people))
    between = 1 + rng.multinomial(fakes - pairs, np.full(pairs, 1 / pairs))
    rows = [(name, name, "real", "", int(n)) for name, n in zip(names, own, strict=True)]
    rows += [(*pair, "fake", method, int(n)) for pair, n in zip(ordered, between, strict=True)]
    rows += [(f"y{number:05d}", f"y{number:05d}", "real", "", 1) for number in range(free)]
    return pd.DataFrame(rows, columns=COLUMNS)


def dfd() -> pd.DataFrame:
    return swapped(28, 363, 3068, 700, 0, "DFD")


def celebdf() -> pd.DataFrame:
    return swapped(59, 590, 5639, 1700, 300, "Celeb-DF")


def faceforensics() -> pd.DataFrame:
    """Return 500 pairs of ids, swapped both ways by five methods."""
    rows = [(f"{number:03d}", f"{number:03d}", "real", "", 1) for number in range(1000)]
    methods = ["Deepfakes", "Face2Face", "FaceShifter", "FaceSwap", "NeuralTextures"]
    rows += [(f"{n:03d}", f"{n + 1:03d}", "fake", method, 2) for n in range(0, 1000, 2) for method in methods]
    return pd.DataFrame(rows, columns=COLUMNS)


def dfdc(groups: int = 20_000) -> pd.DataFrame:
    """Return groups without links: a real and about 4 fakes."""
    fakes = np.random.default_rng(0).poisson(4, groups)
    rows = [(f"g{n}", f"g{n}", "real", "", 1) for n in range(groups)]
    rows += [(f"g{n}", f"g{n}", "fake", "DFDC", int(count)) for n, count in enumerate(fakes) if count]
    return pd.DataFrame(rows, columns=COLUMNS)


def mixed() -> pd.DataFrame:
    parts = {"dfd": dfd(), "celebdf": celebdf(), "ffpp": faceforensics(), "dfdc": dfdc()}
    named = [v.assign(node=c + "/" + v["node"], other=c + "/" + v["other"]) for c, v in parts.items()]
    return pd.concat(named, ignore_index=True)


def small(seed: int) -> tuple[pd.DataFrame, dict[str, float], float]:
    """Return a graph of 5 to 9 people, mostly linked, with 1 to 3 methods; ratios; and a tolerance."""
    rng = np.random.default_rng(seed)
    people, methods = int(rng.integers(5, 10)), int(rng.integers(1, 4))
    linked, rows = rng.choice([0.25, 0.5, 1]), []

    def fake(one: int, two: int) -> None:
        method = f"m{rng.integers(methods)}"
        rows.append((f"p{one}", f"p{two}", "fake", method, int(rng.integers(1, 10))))

    for one in range(people):
        if rng.random() < 0.9:
            rows.append((f"p{one}", f"p{one}", "real", "", int(rng.integers(1, 12))))
        if one and rng.random() < 0.85:
            fake(one, int(rng.integers(one)))
        for two in range(people):
            if one != two and rng.random() < linked:
                fake(one, two)
    ratios = [RATIOS, {"train": 0.6, "val": 0.2, "test": 0.2}, {"train": 0.8, "val": 0.2}][seed % 3]
    return pd.DataFrame(rows, columns=COLUMNS), ratios, [0.05, 0.02, 0.1][seed // 3 % 3]


def key(videos: pd.DataFrame, split_of: pd.Series, ratios: dict[str, float], tolerance: float) -> tuple:
    """Return the objectives of a partition, the most important first."""
    quality = partition_quality(videos, split_of, ratios, tolerance)
    return tuple(quality[name] for name in OBJECTIVES)


def best_key(videos: pd.DataFrame, ratios: dict[str, float], tolerance: float) -> tuple:
    """Return the objectives of the best partition, by trying every one."""
    names, splits = sorted({*videos["node"], *videos["other"]}), list(ratios)
    number = {name: n for n, name in enumerate(names)}
    methods = sorted(set(videos.loc[videos["weight"] > 0, "method"]) - {""})
    ends = [videos[column].map(number).to_numpy() for column in ("node", "other")]
    weight, fake = videos["weight"].to_numpy(), (videos["class"] == "fake").to_numpy()
    every = np.array(list(itertools.product(range(len(splits)), repeat=len(names))))
    one, two = every[:, ends[0]], every[:, ends[1]]
    inside = [((one == split) & (two == split)) * weight for split in range(len(splits))]
    counts = {
        kind: np.stack([rows[:, mask].sum(1) for rows in inside], axis=1)
        for kind, mask in {"real": ~fake, "fake": fake}.items()
    }
    by_method = [
        np.stack([rows[:, (videos["method"] == method).to_numpy()].sum(1) for rows in inside], axis=1)
        for method in methods
    ]
    there = [part for part, mask in ((counts["real"], ~fake), (counts["fake"], fake)) if weight[mask].any()]
    aims = np.array(list(ratios.values())) / sum(ratios.values())

    def share(part):
        return part / np.maximum(part.sum(1, keepdims=True), 1)

    def off(part):
        return np.abs(share(part) - aims)

    total = counts["real"] + counts["fake"]
    columns = [sum((part == 0).sum(1) for part in there), sum((part == 0).sum(1) for part in by_method)]
    beyond = np.maximum(off(total) - np.minimum(tolerance, aims / 2), 0).sum(1)
    beyond = beyond + sum(np.maximum(aims / 2 - share(part), 0).sum(1) for part in there)
    columns += [beyond.round(9), weight.sum() - total.sum(1)]
    columns += [(off(counts["real"]) + off(counts["fake"])).sum(1).round(9)]
    table = np.stack([np.broadcast_to(column, len(every)) for column in columns], axis=1)
    return tuple(table[np.lexsort(table.T[::-1])[0]].tolist())


def most_kept_of_complete(people: int, reals: int, fakes: int, free: int, tolerance: float) -> int:
    """Return the most videos that three splits in RATIOS can keep of `complete`; only their sizes matter."""
    parts, most = sorted(RATIOS.values()), 0
    for one in range(1, people):
        for two in range(1, people - one):
            sizes = [one, two, people - one - two]
            alone, swaps = [n * reals for n in sizes], [n * (n - 1) // 2 * fakes for n in sizes]
            kept = sum(alone) + sum(swaps) + free
            least, room = [], []
            for part, real, fake in zip(parts, alone, swaps, strict=True):
                slack = min(tolerance, part / 2)
                total = (part - slack) * kept - real - fake, part / 2 * (sum(alone) + free) - real
                least.append(max(0, np.ceil(max(total) - 1e-6)))
                room.append(np.floor((part + slack) * kept - real - fake + 1e-6))
            fits = all(low <= high for low, high in zip(least, room, strict=True)) and min(sizes) > 1
            fits &= all(f >= part / 2 * sum(swaps) - 1e-6 for f, part in zip(swaps, parts, strict=True))
            if fits and sum(least) <= free <= sum(room):
                most = max(most, kept)
    return most
