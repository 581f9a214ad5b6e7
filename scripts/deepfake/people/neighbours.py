"""Which of many unit vectors are near each other, exactly, and with the same result on every machine.

Vectors are rounded to whole numbers of 1/SCALE. All partial sums of a dot product of two of them are then
whole numbers below 2**24, which float32 holds exactly, in whatever order a matrix library adds them up.
Rounding changes a distance by about 0.002.
"""

from collections.abc import Iterator

import numpy as np

SCALE = 2048
BLOCK = 1024  # vectors whose products with all others are in memory at a time
TILE = 8192  # of these others, where only a few products are needed
MOST = 256  # near neighbours of one vector that are kept, the nearest


def whole_numbers(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors, float (n, d), in whole numbers of 1/SCALE, float32 (n, d)."""
    return np.rint(np.asarray(vectors, np.float64) * SCALE).astype(np.float32)


def least_product(distance: float) -> float:
    """Return the dot product, in units of 1/SCALE squared, of unit vectors that are `distance` apart."""
    return (1 - distance * distance / 2) * SCALE * SCALE


def add_up(vectors: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """Return the sum of the vectors of each group, float64 (count, d); `groups` (n,) are 0 to `count` - 1."""
    sums = np.zeros((count, vectors.shape[1]))
    np.add.at(sums, groups, vectors)
    return sums


def are_among(pairs: np.ndarray, known: np.ndarray, count: int) -> np.ndarray:
    """Return which of `pairs` are among the pairs `known`, bool (m,), in whatever order their ends are.

    Both, (m, 2) and (k, 2), are of positions below `count`.
    """
    if not len(known):
        return np.zeros(len(pairs), bool)
    one, other = (np.sort(np.asarray(ends, np.int64), axis=1) @ (count, 1) for ends in (pairs, known))
    return np.isin(one, other)


def distances(products: np.ndarray) -> np.ndarray:
    """Return the distances, 0 to 2, of unit vectors with these dot products in units of 1/SCALE squared."""
    return np.sqrt(np.maximum(2 - 2 * np.asarray(products, np.float64) / SCALE**2, 0))


def near_pairs(vectors: np.ndarray, distance: float, most: int = MOST) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs of vectors at most `distance` apart, int32 (m, 2), and their products, float32 (m,).

    `vectors` are those of `whole_numbers`. Of a vector with more than `most` such neighbours only the nearest
    are pairs, of equally near ones the first. No n x n matrix is made: memory grows with n and the pairs.
    """
    least, pairs, products = least_product(distance), [], []
    for start in range(0, len(vectors), BLOCK // 2):
        rows, columns, product = _near_in_block(vectors, start, start + BLOCK // 2, least)
        crowded = np.bincount(rows)[rows] > most if len(rows) else np.empty(0, bool)
        if crowded.any():
            of_crowded = np.flatnonzero(crowded)  # in order of the other vectors, as is the stable sort
            key = rows[of_crowded] * (4 * SCALE**2) - product[of_crowded].astype(np.int64)
            order = of_crowded[np.argsort(key, kind="stable")]
            of_row = rows[order]
            rank = np.arange(len(order)) - np.searchsorted(of_row, of_row)
            kept = np.sort(np.concatenate([np.flatnonzero(~crowded), order[rank < most]]))
            rows, columns, product = rows[kept], columns[kept], product[kept]
        products.append(product)
        pairs.append(np.stack([rows + start, columns], axis=1).astype(np.int32))
    if not pairs:
        return np.empty((0, 2), np.int32), np.empty(0, np.float32)
    both, product = np.concatenate(pairs), np.concatenate(products)
    both.sort(axis=1)
    key = both[:, 0].astype(np.int64) * len(vectors) + both[:, 1]
    first = np.unique(key, return_index=True)[1]
    return both[first], product[first]


def _near_in_block(
    vectors: np.ndarray, start: int, end: int, least: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which of the vectors from `start` to `end` have products of at least `least` with which others.

    The result is positions from `start`, those of the others, and the products, each (m,). Only a tile of the
    products is in memory at a time, one that fits into the cache of a processor.
    """
    block, found = (
        vectors[start:end],
        [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))],
    )
    for first in range(0, len(vectors), TILE):
        tile = block @ vectors[first : first + TILE].T
        own = np.arange(max(start, first), min(start + len(block), first + tile.shape[1]))
        tile[own - start, own - first] = -np.inf
        at = np.flatnonzero(tile >= least)
        rows, columns = np.divmod(at, tile.shape[1])
        found.append((rows, columns + first, tile.ravel()[at]))
    rows, columns, products = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows, columns, products


def nearest(queries: np.ndarray, others: np.ndarray, count: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the `count` nearest of `others` for each query: positions, int64 (n, count), and distances.

    Both are vectors of `whole_numbers`. The nearest comes first, and of equally near ones the first. Where
    there are fewer others, the result has fewer columns.
    """
    count = min(count, len(others))
    found, products = np.empty((len(queries), count), np.int64), np.empty((len(queries), count))
    for start, block in blocks(queries, others):
        rows = np.arange(len(block))
        for column in range(count):
            best = block.argmax(axis=1)
            found[start + rows, column], products[start + rows, column] = best, block[rows, best]
            block[rows, best] = -np.inf
    return found, distances(products)


def nearest_in_other_groups(vectors: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return for each vector the position of the nearest one of another group, and the distance to it.

    `vectors` are those of `whole_numbers`, `groups` (n,) whole numbers. Without another group the position is
    -1 and the distance nan. Of equally near ones it is one of the group with the lowest number, the first.
    """
    order = np.argsort(groups, kind="stable")
    ordered, numbers = vectors[order], np.asarray(groups)[order]
    starts, ends = (np.searchsorted(numbers, numbers, side) for side in ("left", "right"))
    found, products = np.full(len(vectors), -1), np.full(len(vectors), np.nan)
    for start, block in blocks(ordered, ordered):
        for row in range(len(block)):
            block[row, starts[start + row] : ends[start + row]] = -np.inf
        best = block.argmax(axis=1)
        product = block[np.arange(len(block)), best]
        rows = np.flatnonzero(np.isfinite(product))
        found[order[start + rows]], products[order[start + rows]] = order[best[rows]], product[rows]
    return found, distances(products)


def blocks(queries: np.ndarray, others: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the products of some queries at a time with all others, and the position of the first query."""
    for start in range(0, len(queries), BLOCK):
        yield start, queries[start : start + BLOCK] @ others.T
