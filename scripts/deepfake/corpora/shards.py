"""Which shard a video belongs to, such that one video more moves none of the others.

Extendible hashing (Fagin et al. 1979): a shard is a prefix of the bits of its videos' hashes. It holds at
most 1.5 times `size` videos, so about `size` on average; one video more than that splits it, and no other
shard. The result depends on the names only, not on the order or the history of the corpus.

A fake and its original have the same upper bits, so that they are in one shard, where they can be compared;
only the lower bits divide a family that is larger than a shard.

A shard holds videos of one kind. An image takes a small part of a video's time, so a shard holds many more
images than videos: a job of a second would take longer to start than to run.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from deepfake.hashing import seeded_hash

WHOLE = "all"  # name of the only shard of a small corpus, with the empty prefix
BITS = 64
OWN_BITS = 16  # of a hash, the lowest: those of the video itself
KINDS = {"video": ("", 1), "sequence": ("sequences_", 1), "image": ("images_", 32)}
"""By kind: the beginning of its shards' names, and the factor by which its shards are larger than `size`."""

Hashes = list[tuple[int, str]]


def assign_shards(
    videos: Iterable[str], size: int, kind: str = "video", originals: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Return the shard of each of `videos`, all of one kind: a string of 0s and 1s, or `all`.

    `originals` has the name of the original of each video that has one, whether or not that is in the corpus.
    """
    start, factor = KINDS[kind]
    hashes = sorted((_hash(video, originals.get(video, video)), video) for video in set(videos))
    shards = _split("", hashes, max_videos(size * factor))
    return {video: start + (prefix or WHOLE) for prefix, content in shards for _, video in content}


def max_videos(size: int) -> int:
    """Return how many videos a shard of about `size` may hold; with one more it splits in two."""
    return size * 3 // 2


def _hash(video: str, original: str) -> int:
    own, shared = (seeded_hash(0, "shard", name) for name in (video, original))
    return shared >> OWN_BITS << OWN_BITS | own % (1 << OWN_BITS)


def _split(prefix: str, hashes: Hashes, most: int) -> Iterator[tuple[str, Hashes]]:
    """Yield the shards of the sorted `hashes`, which all begin with the bits `prefix`."""
    if len(hashes) <= most or len(prefix) == BITS:
        yield prefix, hashes
        return
    first_with_1 = int(prefix + "1", 2) << (BITS - len(prefix) - 1)
    middle = bisect_left(hashes, (first_with_1, ""))
    yield from _split(prefix + "0", hashes[:middle], most)
    yield from _split(prefix + "1", hashes[middle:], most)
