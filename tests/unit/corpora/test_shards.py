"""Shards: bounded in size, dependent on names only, and changed one at a time by an added video."""

import math
import time
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepfake.corpora.shards import WHOLE, assign_shards, max_videos

NAMES = st.sets(st.text(min_size=1, max_size=12) | st.integers(0, 10**6).map("video{}".format), max_size=150)
SIZES = st.integers(1, 20)
FAMILIES = st.dictionaries(st.integers(0, 10**6).map("f{}".format), st.integers(0, 9).map("r{}".format))
"""Names of fakes, and of the original of each."""


def by_shard(videos, size, originals=None):
    shards = defaultdict(set)
    for video, shard in assign_shards(videos, size, originals=originals or {}).items():
        shards[shard].add(video)
    return dict(shards)


def prefix(shard):
    return "" if shard == WHOLE else shard


@given(videos=NAMES, size=SIZES)
def test_each_video_is_in_one_shard_of_at_most_1_5_times_the_size(videos, size):
    shards = by_shard(videos, size)
    assert set().union(*shards.values()) == videos
    assert all(len(members) <= max_videos(size) <= 1.5 * size for members in shards.values())
    assert (set(shards) == {WHOLE}) == (0 < len(videos) <= max_videos(size))


@given(videos=NAMES, size=SIZES)
def test_no_shard_name_is_a_prefix_of_another(videos, size):
    names = sorted(map(prefix, by_shard(videos, size)))
    assert not any(after.startswith(before) for before, after in zip(names, names[1:], strict=False))
    assert all(set(name) <= {"0", "1"} for name in names)


@given(
    videos=NAMES, fakes=FAMILIES, size=SIZES, new=st.text(min_size=1) | st.integers(0, 9).map("r{}".format)
)
def test_one_video_more_touches_one_shard(videos, fakes, size, new):
    """It extends one, splits one, or gets a new one; all others keep their names and videos.

    Also where it is the original of others.
    """
    videos |= set(fakes)
    before, after = by_shard(videos - {new}, size, fakes), by_shard(videos | {new}, size, fakes)
    kept = {name for name in before if after.get(name) == before[name]}
    changed, fresh = before.keys() - kept, after.keys() - kept
    assert len(changed) <= 1
    if not changed:
        assert [after[name] for name in fresh] == [{new}]
    for name in changed:
        assert set().union(*(after[other] for other in fresh)) == before[name] | {new}
        assert all(prefix(other).startswith(prefix(name)) for other in fresh)
        assert fresh == {name} or len(before[name]) == max_videos(size)


@given(videos=NAMES, fakes=FAMILIES, size=SIZES)
def test_a_fake_is_in_the_shard_of_its_original_unless_they_fill_more_than_one(videos, fakes, size):
    shards = by_shard(videos | set(fakes) | set(fakes.values()), size, fakes)
    assert all(len(members) <= max_videos(size) for members in shards.values())
    shard_of = {video: shard for shard, members in shards.items() for video in members}
    families = Counter(fakes.values())
    for fake, original in fakes.items():
        assert shard_of[fake] == shard_of[original] or families[original] >= max_videos(size)


@given(videos=NAMES, size=SIZES, rng=st.randoms(use_true_random=False))
def test_the_order_of_videos_does_not_matter(videos, size, rng):
    shuffled = sorted(videos)
    rng.shuffle(shuffled)
    assert assign_shards(shuffled, size) == assign_shards(videos, size)


def test_nothing_to_shard():
    assert assign_shards([], 64) == {}


@pytest.mark.parametrize("size", [16, 64])
def test_a_large_corpus_makes_shards_of_even_size(size):
    shards = by_shard([f"{n:010d}" for n in range(20_000)], size)
    lengths = sorted(map(len, shards.values()))
    assert 0.7 * size < sum(lengths) / len(lengths) <= 1.2 * size
    assert max(map(len, shards)) <= math.log2(20_000 / size) + 4
    assert lengths[len(lengths) // 20] >= size / 3


@pytest.mark.parametrize(
    ("kind", "start", "factor"), [("image", "images_", 32), ("sequence", "sequences_", 1)]
)
def test_images_and_sequences_have_shards_with_their_own_names_and_sizes(kind, start, factor):
    names = [f"{n:05d}" for n in range(500)]
    plain = assign_shards(names, 4 * factor)
    assert assign_shards(names, 4, kind) == {name: start + shard for name, shard in plain.items()}


def test_a_hundred_thousand_images_are_assigned_in_seconds():
    names = [f"real_{n:06d}" for n in range(100_000)]
    start = time.process_time()
    shards = assign_shards(names, 64, "image")
    assert time.process_time() - start < 10
    assert 100_000 / 64 / 32 / 1.5 <= len(set(shards.values())) < 100


def test_names_do_not_change_between_versions():
    """Shard names are in file names: if they changed, all of a user's corpora would be processed again."""
    assert assign_shards([f"v{n}" for n in range(8)], 3) == {
        "v0": "00", "v3": "00", "v7": "00", "v1": "01", "v4": "01", "v5": "01", "v6": "01", "v2": "1",
    }  # fmt: skip
