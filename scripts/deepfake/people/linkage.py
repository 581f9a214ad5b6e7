"""Average linkage of unit vectors among near neighbours: groups that are alike as a whole, without chains.

Two groups are merged while the mean of all dot products between them is high enough. That mean is the dot
product of the groups' mean vectors, so no matrix of all pairs is needed; and where it reaches a limit some
pair reaches it too, so that only groups with a near pair need be compared. Single linkage, by contrast,
chains: one look-alike is enough to join two people, and then their look-alikes.
"""

import numpy as np

from deepfake.people.neighbours import add_up, least_product, near_pairs


def average_linkage(
    vectors: np.ndarray,
    distance: float,
    pairs: np.ndarray | None = None,
    together: np.ndarray | None = None,
    apart: np.ndarray | None = None,
) -> np.ndarray:
    """Return the group of each vector, named by its first member, int64 (n,).

    `vectors` are those of neighbours.whole_numbers. Groups are merged, the most alike first, while the mean
    dot product between them is at least that of unit vectors `distance` apart. `pairs` (m, 2) are the pairs
    that are compared; by default those at most `distance` apart, of which neighbours.near_pairs keeps the
    nearest of each vector.

    `together` (n,), whole numbers, says which vectors are one group from the start. `apart` (m, 2) are pairs
    of vectors that no group may hold both of. Raises ValueError if `together` joins such a pair.
    """
    if pairs is None:
        pairs, _ = near_pairs(vectors, distance)
    groups = _Groups(vectors, pairs, together, apart)
    for start in range(len(vectors)):
        groups.follow(start, least_product(distance))
    return groups.roots(np.arange(len(vectors)))


class _Groups:
    """The groups so far. Each is known by one of its members, whose `parent` is itself."""

    def __init__(
        self, vectors: np.ndarray, pairs: np.ndarray, together: np.ndarray | None, apart: np.ndarray | None
    ) -> None:
        count = len(vectors)
        self.parent = np.arange(count)
        if together is not None:
            _, first, place = np.unique(together, return_index=True, return_inverse=True)
            self.parent = first[place]
        self.sums = add_up(vectors, self.parent, count)
        self.sizes = np.bincount(self.parent, minlength=count).astype(float)
        both = self.parent[np.concatenate([pairs, pairs[:, ::-1]]).astype(np.int64)]
        both = both[np.argsort(both[:, 0], kind="stable")]
        ends = np.searchsorted(both[:, 0], np.arange(1, count))
        self.near = np.split(both[:, 1], ends) if count else []
        self.apart: dict[int, set[int]] = {}
        for one, other in self.parent[[] if apart is None else apart].reshape(-1, 2).tolist():
            if one == other:
                raise ValueError(f"vectors that are apart are together in the group of vector {one}")
            self.apart.setdefault(one, set()).add(other)
            self.apart.setdefault(other, set()).add(one)

    def roots(self, members: np.ndarray) -> np.ndarray:
        """Return the groups that these members are in now."""
        roots = self.parent[members]
        while len(above := np.flatnonzero(self.parent[roots] != roots)):
            roots[above] = self.parent[roots[above]]
        self.parent[members] = roots
        return roots

    def follow(self, start: int, least: float) -> None:
        """Merge groups along a chain of nearest neighbours (Benzécri 1982) until it ends.

        Two groups that are each other's nearest are merged. That gives the groups of merging the nearest of
        all pairs each time, since no merger brings a third group nearer than the nearer of the two was. That
        holds too where groups must stay apart, which is as if they had nothing in common.
        """
        chain = [start] if self.parent[start] == start else []
        means: list[float] = []  # of each link of the chain
        while chain:
            nearest, mean = self._nearest(chain[-1])
            if mean < least:
                self.near[chain.pop()] = np.empty(0, np.int64)
            elif means and means[-1] >= mean:
                merged = self._merge(chain[-2], chain[-1])
                del chain[-2:], means[-2:]
                chain = chain or [merged]
            else:
                chain.append(nearest)
                means.append(mean)

    def _nearest(self, group: int) -> tuple[int, float]:
        """Return the group with the highest mean product with `group`, and that; of equals the first."""
        near = np.unique(self.roots(self.near[group]))
        near = near[near != group]
        if group in self.apart:
            near = near[~np.isin(near, self.roots(np.array(sorted(self.apart[group]))))]
        self.near[group] = near
        if not len(near):
            return -1, -np.inf
        means = self.sums[near] @ self.sums[group] / (self.sizes[near] * self.sizes[group])
        return int(near[means.argmax()]), float(means.max())

    def _merge(self, one: int, other: int) -> int:
        first, last = min(one, other), max(one, other)
        self.parent[last] = first
        self.sums[first] += self.sums[last]
        self.sizes[first] += self.sizes[last]
        self.near[first] = np.concatenate([self.near[first], self.near[last]])
        self.near[last] = np.empty(0, np.int64)
        if apart := self.apart.get(first, set()) | self.apart.pop(last, set()):
            self.apart[first] = apart
        return first
