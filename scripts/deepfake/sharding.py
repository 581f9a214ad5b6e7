"""Which shard a video belongs to, such that one video more moves none of the others.

Extendible hashing (Fagin et al. 1979): a shard is a prefix of the bits of its videos' hashes. It holds at most
`size` videos; one more splits it, and it alone, into two. The outcome depends on the names alone, not on the
order or the history of the corpus.
"""

from collections.abc import Iterable, Iterator

from deepfake.names import draw

WHOLE = "all"  # the one shard of a corpus of at most `size` videos: the empty prefix
BITS = 64


def assign_shards(videos: Iterable[str], size: int) -> dict[str, str]:
    """From each video to the name of its shard: a string of 0s and 1s, or `all`."""
    hashes = [(format(draw(0, "shard", video), f"0{BITS}b"), video) for video in videos]
    return {video: prefix or WHOLE for prefix, members in _split("", hashes, size) for video in members}


def _split(prefix: str, hashes: list[tuple[str, str]], size: int) -> Iterator[tuple[str, list[str]]]:
    if len(hashes) <= size or len(prefix) == BITS:
        yield prefix, [video for _, video in hashes]
        return
    for bit in "01":
        yield from _split(prefix + bit, [h for h in hashes if h[0][len(prefix)] == bit], size)
