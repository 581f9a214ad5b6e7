"""Which shard a video belongs to, such that one video more moves none of the others.

Extendible hashing (Fagin et al. 1979): a shard is a prefix of the bits of its videos' hashes. It holds at
most half as many again as `size`, so that it holds about `size` on average; one video more splits it, and it
alone. The outcome depends on the names alone, not on the order or the history of the corpus.

A shard holds media of one kind. A still is decoded and searched in a small part of a video's time, so that
far more of them go into a shard: a job of a second each would cost more to start than to run.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator

from deepfake.hashing import seeded_hash

WHOLE = "all"  # the one shard of a corpus that fits into one: the empty prefix
BITS = 64
KINDS = {"video": ("", 1), "sequence": ("sequences_", 1), "image": ("images_", 32)}
"""By kind: how the names of its shards begin, and how many times `size` they hold."""


def assign_shards(videos: Iterable[str], size: int, kind: str = "video") -> dict[str, str]:
    """From each video, all of one kind, to the name of its shard: 0s and 1s, or `all`, after its kind."""
    begin, times = KINDS[kind]
    hashes = sorted((seeded_hash(0, "shard", video), video) for video in set(videos))
    shards = _split("", hashes, fullest(size * times))
    return {video: begin + (prefix or WHOLE) for prefix, members in shards for _, video in members}


def fullest(size: int) -> int:
    """How many videos a shard of about `size` holds at the most; a full one splits into two of 3/4 of it."""
    return size * 3 // 2


def _split(
    prefix: str, hashes: list[tuple[int, str]], most: int
) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    """The shards among `hashes`, sorted, all of which begin with `prefix`."""
    if len(hashes) <= most or len(prefix) == BITS:
        yield prefix, hashes
        return
    first_with_1 = int(prefix + "1", 2) << (BITS - len(prefix) - 1)
    middle = bisect_left(hashes, (first_with_1, ""))
    yield from _split(prefix + "0", hashes[:middle], most)
    yield from _split(prefix + "1", hashes[middle:], most)
