"""Groups: what is joined, directly or through others, belongs together."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


def components(pairs: Iterable[tuple[Item, Item]]) -> dict[Item, Item]:
    """Each item of `pairs`, with the smallest item that it is joined to, through as many pairs as it takes.

    The pair (a, a) names an item that may stand alone. The items must be comparable with each other. Neither
    the order of the pairs nor that within a pair changes the result.
    """
    parent: dict[Item, Item] = {}

    def root(item: Item) -> Item:
        parent.setdefault(item, item)
        while parent[item] != item:
            parent[item] = parent[parent[item]]  # halves the way up, so that long chains stay quick
            item = parent[item]
        return item

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return {item: root(item) for item in list(parent)}
