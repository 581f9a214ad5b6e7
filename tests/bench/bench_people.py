"""The evidence for the distances of `people`: who is told apart on LFW, and what is kept of DFDC.

    PYTHONPATH=scripts python tests/bench/bench_people.py --cache /tmp/crops

LFW's photos say who is seen. "false pairs" are the pairs of strangers up to a distance, "found pairs" those
of one person. The groups are those of average linkage: their precision is the share of their pairs that are
of one person, their recall the share of one person's pairs that they hold; "people" are the most that one
group holds, and "mixed" are the groups that hold more than one. "plain" is the distance of dlib's own vectors
that has as many false pairs. A video's vector is the mean of several crops': so the means of two photos are
compared with those of two others, too.

DFDC names nobody. Its crops, one of each clip, are split 70/15/15 as `policy: identity` does (leaky_splits).
"kept" are the shares of reals and fakes, and what part of all reals val and test have. "found" are test's
reals with anybody of train below 0.45 and 0.40 by the distance of dlib's own vectors.

It embeds 13,000 crops first, in about six minutes on two cores, and keeps their vectors in --cache.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from leaky_splits import by_people, crops
from real_faces import DFDC, LFW, dfdc, lfw, plain_vectors, vectors

from deepfake.people.linkage import average_linkage
from deepfake.people.neighbours import whole_numbers

DISTANCES = (0.26, 0.28, 0.30, 0.31, 0.32, 0.33, 0.34, 0.35, 0.36, 0.37, 0.38, 0.40, 0.42, 0.44)
SETTINGS = [(0.36, guard) for guard in (0.0, 0.30, 0.33, 0.35, 0.37)]
SETTINGS += [(link, 0.35) for link in (0.30, 0.33, 0.38, 0.40)]
SHARES = {"train": 0.7, "val": 0.15, "test": 0.15}
SEEDS = 2


def main() -> None:
    args = parse_args()
    photos = lfw()
    files = list(photos["file"])
    found, plain = vectors(LFW, files, args.cache), plain_vectors(LFW, files, args.cache)
    seen = found.any(axis=1)
    print(f"LFW: a face is seen in {seen.sum()} of {len(seen)} photos")
    people = photos["person"].to_numpy()[seen]
    tell_lfw(found[seen], plain[seen], people)
    tell_means(found[seen], people)
    tell_dfdc(args.cache)


def tell_lfw(found: np.ndarray, plain: np.ndarray, people: np.ndarray) -> None:
    """Print the table of pairs and groups of LFW."""
    rows = group_rows(found, plain, people, DISTANCES)
    print(
        f"LFW: {len(people)} photos of {len(set(people))} people, {rows[0]['pairs_same']} pairs of one person"
    )
    print("distance  plain  false pairs  found pairs  groups  precision  recall  largest  people  mixed")
    for row in rows:
        print(
            f"{row['distance']:8.2f}  {row['plain']:5.2f}  {row['false']:11.1e}  {row['found']:11.1%}  "
            f"{row['groups']:6}  {row['precision']:9.4f}  {row['recall']:6.3f}  "
            f"{row['largest']:7}  {row['people']:6}  {row['mixed']:5}"
        )


def group_rows(
    found: np.ndarray, plain: np.ndarray, people: np.ndarray, chosen: Iterable[float]
) -> list[dict[str, float]]:
    """Return a row for each of the `chosen` distances: LFW's pairs up to it, and the groups of linking by it.

    `found` and `plain` (n, d) are vectors of photos of `people` (n,). `false` and `found` are shares of
    `pairs_strangers` and `pairs_same`; the module's text says what the columns are.
    """
    one, other = np.triu_indices(len(people), 1)
    same = people[one] == people[other]
    apart, plain_apart = (distances(array, array)[one, other] for array in (found, plain))
    strangers = np.sort(plain_apart[~same])
    rows = []
    for distance in chosen:
        false = (apart[~same] <= distance).mean()
        groups = average_linkage(whole_numbers(found), distance)
        linked = groups[one] == groups[other]
        right, sizes = (linked & same).sum(), [len(set(people[groups == group])) for group in set(groups)]
        rows.append(
            {
                "distance": distance,
                "plain": float(strangers[max(round(false * len(strangers)) - 1, 0)]),
                "pairs_strangers": int((~same).sum()),
                "pairs_same": int(same.sum()),
                "false": float(false),
                "found": float((apart[same] <= distance).mean()),
                "groups": len(sizes),
                "precision": float(right / linked.sum()) if linked.any() else None,
                "recall": float(right / same.sum()),
                "largest": int(np.bincount(groups).max()),
                "people": max(sizes),
                "mixed": sum(size > 1 for size in sizes),
            }
        )
    return rows


def tell_means(found: np.ndarray, people: np.ndarray) -> None:
    """Print how near the means of two photos are to the means of two others, beside single photos."""
    rows = mean_rows(found, people, DISTANCES)
    print(f"\nLFW, {rows[0]['people']} people: single photos, and means of two; found pairs and false pairs")
    for row in rows:
        cells = (f"{row[kind]['found']:6.1%} {row[kind]['false']:7.1e}" for kind in ("single", "two"))
        print("   ".join([f"{row['distance']:.2f}", *cells]))


def mean_rows(found: np.ndarray, people: np.ndarray, chosen: Iterable[float]) -> list[dict]:
    """Return a row for each of the `chosen` distances, of the people with four photos or more: the shares of
    pairs of one person and of strangers up to it, of a photo and another, and of means of two photos each."""
    photos = [np.flatnonzero(people == person)[:4] for person in np.unique(people)]
    four = np.stack([rows for rows in photos if len(rows) == 4])
    pairs = found[four].reshape(len(four), 2, 2, -1).sum(axis=2)
    pairs /= np.linalg.norm(pairs, axis=2, keepdims=True)
    same = np.eye(len(four), dtype=bool)
    kinds = {"found": same, "false": ~same}
    apart = {
        "single": distances(found[four[:, 0]], found[four[:, 2]]),
        "two": distances(pairs[:, 0], pairs[:, 1]),
    }
    rows = []
    for distance in chosen:
        shares = {
            kind: {name: float((of[pairs] <= distance).mean()) for name, pairs in kinds.items()}
            for kind, of in apart.items()
        }
        rows.append({"distance": distance, "people": len(four)} | shares)
    return rows


def tell_dfdc(cache: Path) -> None:
    """Print what each pair of `link` and `guard` makes of DFDC's crops."""
    table = dfdc()
    files, real = list(table["file"]), (table["label"] == 0).to_numpy()
    found, plain = vectors(DFDC, files, cache), plain_vectors(DFDC, files, cache)
    seen = found.any(axis=1)
    counts = [f"{(seen & of).sum()} of {of.sum()} {name}" for name, of in (("reals", real), ("fakes", ~real))]
    print(f"\nDFDC: a face is seen in {' and '.join(counts)}")
    print("link  people  largest  guard  kept: reals  val's  test's  fakes  found below 0.45  0.40")
    for link, guard in SETTINGS:
        dealt = crops(table, found, link)
        sizes, rows = np.bincount(dealt.people[real]), []
        for seed in range(SEEDS):
            split = by_people(dealt, SHARES, guard, seed)
            nearest = distances(plain[seen & real & (split == 2)], plain[seen & (split == 0)]).min(axis=1)
            parts = [(split[real] >= 0).mean(), *((split[real] == part).mean() for part in (1, 2))]
            parts += [(split[~real] >= 0).mean(), (nearest < 0.45).mean(), (nearest < 0.40).mean()]
            rows.append(parts)
        reals, val, test, fakes, usual, strict = np.mean(rows, axis=0)
        print(
            f"{link:.2f}  {(sizes > 0).sum():6}  {sizes.max():7}  {guard:5.2f}  {reals:11.1%}  {val:5.1%}  "
            f"{test:6.1%}  {fakes:5.1%}  {usual:16.2%}  {strict:.2%}",
            flush=True,
        )


def distances(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the distances of all vectors (n, d) from all others (m, d), (n, m)."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * one @ other.T
    return np.sqrt(np.maximum(squares, 0))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cache", type=Path, required=True, help="folder for the vectors")
    return parser.parse_args()


if __name__ == "__main__":
    main()
