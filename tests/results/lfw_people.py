"""Who is told apart of LFW's people: pairs, groups, and intervals that draw the people again."""

import numpy as np
from bench_people import distances, group_rows, mean_rows

from deepfake.people.settings import DLIB_DISTANCES

DISTANCES = (0.26, 0.28, 0.30, 0.32, 0.35, 0.38, 0.40)
DRAWS = 2000
BINS = np.arange(0, 0.9001, 0.01)


def lfw_people(found: np.ndarray, plain: np.ndarray, people: np.ndarray) -> dict:
    """Return the numbers of the photos in which a face is seen.

    `found` and `plain` (n, d) are the photos' vectors, ours and dlib's own, `people` (n,) who is on them.
    """
    one, other = np.triu_indices(len(people), 1)
    apart = distances(found, found)[one, other]
    same = people[one] == people[other]
    rows = group_rows(found, plain, people, DISTANCES)
    for row in rows:
        row |= intervals(apart <= row["distance"], one, other, people)
    defaults = sorted({DLIB_DISTANCES["link"], DLIB_DISTANCES["guard"]})
    return {
        "photos": len(people),
        "people": len(set(people)),
        "rows": rows,
        "means": mean_rows(found, people, defaults),
        "histogram": {
            "edges": BINS,
            "same": np.histogram(apart[same], BINS)[0],
            "strangers": np.histogram(apart[~same], BINS)[0],
        },
    }


def intervals(near: np.ndarray, one: np.ndarray, other: np.ndarray, people: np.ndarray) -> dict[str, list]:
    """Return the 95 % intervals of the shares of pairs that are near, of strangers and of one person.

    `near` (pairs,) says which pairs are, `one` and `other` are the photos of each. The people are drawn
    again, with all their photos: pairs that share a person aren't independent.
    """
    names, of_photo = np.unique(people, return_inverse=True)
    count = len(names)
    key = of_photo[one] * count + of_photo[other]
    pairs, hits = (
        np.bincount(key, weights, count * count).reshape(count, count).astype(float)
        for weights in (None, near)
    )
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS).astype(float)
    shares: dict[str, list] = {}
    for name, of in (("found_interval", np.eye(count, dtype=bool)), ("false_interval", None)):
        if of is not None:
            some = drawn @ hits.diagonal() / (drawn @ pairs.diagonal())
        else:
            strangers, wrong = (np.where(np.eye(count, dtype=bool), 0, array) for array in (pairs, hits))
            some = ((drawn @ wrong) * drawn).sum(axis=1) / ((drawn @ strangers) * drawn).sum(axis=1)
        shares[name] = np.percentile(some, (2.5, 97.5)).tolist()
    return shares


def strangers_within(share: float, vectors: np.ndarray, people: np.ndarray) -> float:
    """Return the distance that a share of the pairs of two people have at most; inf stands for no face."""
    seen = np.isfinite(vectors).all(axis=1)
    one, other = np.triu_indices(seen.sum(), 1)
    strange = people[seen][one] != people[seen][other]
    return float(np.quantile(distances(vectors[seen], vectors[seen])[one, other][strange], share))
