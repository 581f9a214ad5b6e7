"""Connected components: what is linked, directly or through others, belongs together."""

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import numpy as np

Item = TypeVar("Item", bound=Hashable)


def connected_components(pairs: Iterable[tuple[Item, Item]]) -> dict[Item, Item]:
    """Return for each item of `pairs` the smallest item that it is linked to, through any number of pairs.

    The pair (a, a) adds an item that may have no links. The items must be comparable with each other. The
    result depends neither on the order of the pairs nor on the order within a pair.
    """
    pairs = list(pairs)
    items = sorted({item for pair in pairs for item in pair})
    number = {item: position for position, item in enumerate(items)}
    first, second = ([number[pair[end]] for pair in pairs] for end in (0, 1))
    smallest = smallest_nodes(first, second, len(items))
    return {item: items[node] for item, node in zip(items, smallest.tolist(), strict=True)}


def smallest_nodes(first: "np.ndarray | list", second: "np.ndarray | list", count: int) -> "np.ndarray":
    """Return for each of the nodes 0 to `count` - 1 the smallest node of its component, int64 (count,).

    `first` and `second` (m,) hold the ends of m undirected edges.
    """
    # Imported here because the Snakefile imports this module in environments without NumPy and SciPy.
    import numpy as np
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components as label_components

    edges = (np.ones(len(first), bool), (np.asarray(first, np.int64), np.asarray(second, np.int64)))
    _, labels = label_components(coo_array(edges, shape=(count, count)), directed=False)
    _, smallest = np.unique(labels, return_index=True)  # of each component the first, so smallest, node
    return smallest[labels]
