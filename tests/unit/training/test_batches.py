"""Which images are in which batch: pairs, equal shares, sets of frames; the same for any processes."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.decoded import MODEL

from deepfake.errors import UserError
from deepfake.inputs.decoded import ROWS
from deepfake.training.batch_settings import batch_conflict, group_size
from deepfake.training.batches import TrainBatches, train_batches
from deepfake.training.frame_sets import Videos, draw_sets
from deepfake.training.pairs import find_originals


def rows_of(*videos: tuple[str, str, str, int, str, list[int]]) -> pd.DataFrame:
    """ROWS of videos: corpus, name, method, label, original, and the numbers of frames."""
    columns = "corpus video method label original frame".split()
    rows = [(*video[:5], str(frame)) for video in videos for frame in video[5]]
    table = pd.DataFrame(rows, columns=columns)
    table["image"] = [f"{number}.jpg" for number in range(len(table))]
    return table.assign(split="train").reindex(columns=ROWS, fill_value="")


REAL_FRAMES, FAKE_FRAMES = [0, 10, 20, 30, 40], [0, 11, 25, 40]
FFPP = rows_of(
    ("ff", "a", "", 0, "ff/a", REAL_FRAMES),
    ("ff", "a_b", "swap", 1, "ff/a", FAKE_FRAMES),
    ("ff", "a_b", "mask", 1, "ff/a", FAKE_FRAMES[:2]),
    ("ff", "b", "", 0, "", [3, 5]),  # a real's original is itself
    ("ff", "b_a", "swap", 1, "ff/b", [4]),
    ("ff", "c_d", "swap", 1, "ff/c", [0, 1]),  # not in train
    ("other", "x", "", 0, "other/x", [0]),  # nothing was made of it
)


def batches_of(
    rows: pd.DataFrame, rank: int = 0, processes: int = 1, seed: int = 5, **changes
) -> TrainBatches:
    return train_batches(rows, MODEL | changes, seed, rank, processes)


def names(rows: pd.DataFrame, images) -> list[tuple[str, int]]:
    return [(rows["video"][i], int(rows["frame"][i])) for i in images]


def pairs_of(rows: pd.DataFrame, epoch: int = 0, frames: int = 1) -> np.ndarray:
    return batches_of(rows, batches="pairs", frames=frames, batch_size=2 * frames).groups.groups(epoch)


# Pairs


def test_a_fake_stands_with_its_original_s_frame_of_the_same_number_or_the_nearest_one():
    found = {
        (fake, real) for fake, real in (names(FFPP, pair) for pair in pairs_of(FFPP)) if fake[0] != "c_d"
    }
    assert found == {
        (("a_b", 0), ("a", 0)),
        (("a_b", 11), ("a", 10)),
        (("a_b", 25), ("a", 20)),  # of two equally near frames the earlier one
        (("a_b", 40), ("a", 40)),
        (("a_b", 25), ("a", 30)) if (("a_b", 25), ("a", 30)) in found else (("a_b", 11), ("a", 30)),
        (("b_a", 4), ("b", 3)),
        (("b_a", 4), ("b", 5)),  # which no fake was paired with
    }


def test_fakes_without_an_original_and_reals_without_a_fake_are_matched():
    found = [names(FFPP, pair) for pair in pairs_of(FFPP)]
    assert sorted(pair for pair in found if pair[0][0] == "c_d") == [
        [("c_d", 0), ("x", 0)],
        [("c_d", 1), ("x", 0)],
    ]


def test_originals_are_found_by_name_first_in_the_corpus_of_the_fake():
    rows = rows_of(
        ("c23", "p_1", "", 0, "ff/1", [0]),
        ("c40", "q_1", "", 0, "ff/1", [0]),
        ("c40", "f", "m", 1, "ff/1", [0]),
        ("mine", "f", "m", 1, "ff/1", [0]),
        ("mine", "g", "m", 1, "", [0]),
        ("mine", "h", "m", 1, "ff/2", [0]),
    )
    videos = Videos(rows)
    original = find_originals(rows, videos)[videos.of_image]
    assert [None if number < 0 else rows["corpus"][number] for number in original[2:]] == [
        "c40",
        "c23",
        None,
        None,
    ]
    assert (original[:2] == -1).all()


@st.composite
def tables(draw) -> pd.DataFrame:
    """Both classes, with any mixture of originals, fakes without one, reals without a fake, and frames."""
    frames = st.lists(st.integers(0, 12), min_size=1, max_size=7, unique=True)
    originals = st.sampled_from(["", "a/0", "a/1", "a/2", "a/9"])
    reals = draw(st.lists(frames, min_size=1, max_size=4))
    fakes = draw(st.lists(st.tuples(originals, st.sampled_from("mn"), frames), min_size=1, max_size=5))
    videos = [("ab"[n // 2], str(n), "", 0, f"a/{n}", given) for n, given in enumerate(reals)]
    videos += [("a", f"f{n}", method, 1, of, given) for n, (of, method, given) in enumerate(fakes)]
    return rows_of(*videos)


@settings(max_examples=40)
@given(rows=tables(), frames=st.integers(1, 3), epoch=st.integers(0, 3))
def test_every_fake_stands_with_its_original_and_nothing_is_left_out(rows, frames, epoch):
    pairs = pairs_of(rows, epoch, frames)
    videos, labels = Videos(rows), rows["label"].to_numpy()
    assert (labels[pairs] == np.repeat([1, 0], frames)).all()
    of_video = videos.of_image[pairs].reshape(-1, 2, frames)
    assert (of_video == of_video[..., :1]).all(), "a set is of one video"
    all_originals = find_originals(rows, videos)
    fake, real = of_video[:, 0, 0], of_video[:, 1, 0]
    has_fake = np.isin(real, all_originals)
    original, nearby = all_originals[fake], all_originals[fake] == real
    assert nearby[(original >= 0) & has_fake].all()
    assert set(fake[nearby]) == set(np.flatnonzero(all_originals >= 0))
    assert set(of_video.ravel()) == set(videos.of_image)
    if frames == 1:
        assert set(pairs.ravel()) == set(range(len(rows)))
    assert len(pairs) == len(pairs_of(rows, epoch + 1, frames))


# Balanced


def test_each_class_corpus_and_method_has_an_equal_share_and_small_ones_recur():
    rows = rows_of(
        ("a", "r", "", 0, "", list(range(7))),
        ("b", "r", "", 0, "", list(range(2))),
        ("a", "f", "m", 1, "", list(range(30))),
        ("a", "f", "n", 1, "", list(range(3))),
        ("b", "f", "m", 1, "", list(range(6))),
    )
    batches = batches_of(rows, batches="balanced", batch_size=8)
    assert batches.images == len(rows)
    counts = Counter()
    for epoch in range(4):
        batches.epoch = epoch
        for batch in batches:
            table = rows.iloc[batch]
            cells = Counter(zip(table["label"], table["corpus"], table["method"], strict=True))
            assert cells == {
                (0, "a", ""): 2,
                (0, "b", ""): 2,
                (1, "a", "m"): 1,
                (1, "a", "n"): 1,
                (1, "b", "m"): 2,
            }
            counts.update(batch)
    for first, last in ((0, 7), (7, 9), (9, 39), (39, 42), (42, 48)):
        seen = [counts[image] for image in range(first, last)]
        assert max(seen) - min(seen) <= 1, "a cell's images recur only once all of it were seen"
    assert min(counts[image] for image in range(39, 42)) == 8


@settings(max_examples=15)
@given(rows=tables(), frames=st.integers(1, 3), pairs=st.integers(1, 4))
def test_balanced_batches_are_half_real_and_leave_nothing_out_for_good(rows, frames, pairs):
    batches = batches_of(rows, batches="balanced", frames=frames, batch_size=2 * frames * pairs)
    of_video, seen = Videos(rows).of_image, set()
    for epoch in range(80):
        batches.epoch = epoch
        for batch in batches:
            assert 2 * rows["label"].to_numpy()[batch].sum() == len(batch)
            sets = of_video[batch].reshape(-1, frames)
            assert (sets == sets[:, :1]).all()
            seen.update(batch)
        if len(seen) == len(rows):
            break
    assert len(seen) == len(rows)


def test_without_fakes_balanced_batches_have_equal_shares_of_the_corpora():
    rows = rows_of(("a", "r", "", 0, "", list(range(12))), ("b", "r", "", 0, "", [0]))
    batches = list(batches_of(rows, batches="balanced", batch_size=4, fakes=False))
    assert [Counter(rows["corpus"].iloc[batch]) for batch in batches] == [{"a": 2, "b": 2}] * 3


# Sets of frames


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=5), size=st.integers(1, 4), seed=st.integers(0, 9)
)
def test_a_set_is_of_one_video_and_no_image_comes_twice_where_there_are_enough(counts, size, seed):
    of_video = np.repeat(np.arange(len(counts)), counts)
    sets = draw_sets(np.arange(len(of_video)), of_video, size, np.random.default_rng(seed))
    drawn = [sets[of_video[sets[:, 0]] == video] for video in range(len(counts))]
    assert [len(found) for found in drawn] == [max(1, count // size) for count in counts]
    for count, found in zip(counts, drawn, strict=True):
        assert len(set(of_video[found].ravel())) == 1
        assert len(np.unique(found)) == min(count, found.size)


def test_frames_of_random_batches_are_drawn_anew_in_each_epoch():
    batches = batches_of(FFPP, frames=2, batch_size=4)
    first = [batch for batch in batches]
    batches.epoch = 1
    assert first != list(batches)
    assert [list(FFPP["video"].iloc[batch[::2]]) for batch in first] == [
        list(FFPP["video"].iloc[batch[1::2]]) for batch in first
    ]


# All of them


@settings(max_examples=30)
@given(
    rows=tables(),
    batches=st.sampled_from(["random", "pairs", "balanced"]),
    frames=st.integers(1, 2),
    processes=st.integers(1, 3),
    epoch=st.integers(0, 2),
)
def test_a_batch_is_the_same_for_any_number_of_processes_and_groups_stay_together(
    rows, batches, frames, processes, epoch
):
    changes = {"batches": batches, "frames": frames, "batch_size": 12}
    whole = batches_of(rows, **changes)
    shares = [batches_of(rows, rank, processes, **changes) for rank in range(processes)]
    for each in (whole, *shares):
        each.epoch = epoch
    together = group_size(MODEL | changes)
    assert list(whole) == list(whole) and {len(share) for share in shares} == {len(whole)}
    for batch, *parts in zip(whole, *shares, strict=True):
        assert [len(part) % together for part in parts] == [0] * processes
        groups = [group for part in parts for group in np.reshape(part, (-1, together)).tolist()]
        assert sorted(groups) == sorted(np.reshape(batch, (-1, together)).tolist())


@pytest.mark.parametrize("batches", ["random", "pairs", "balanced"])
def test_another_seed_or_epoch_gives_other_batches(batches):
    def found(seed: int, epoch: int) -> list:
        sampler = batches_of(FFPP, seed=seed, batches=batches, batch_size=4)
        sampler.epoch = epoch
        return list(sampler)

    assert found(5, 0) == found(5, 0) and found(5, 0) != found(6, 0) and found(5, 0) != found(5, 1)


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"batches": "pairs", "batch_size": 7},
            "batch_size: 7 can't be used with batches: pairs; .* of 2.* 8",
        ),
        (
            {"batches": "balanced", "frames": 4, "batch_size": 12},
            "with batches: balanced and frames: 4; write a multiple of 8, such as 16",
        ),
        ({"frames": 3}, "with frames: 3; write a multiple of 3, such as 9"),
        ({"batches": "pairs", "fakes": False}, "batches: pairs can't be used with fakes: false"),
    ],
)
def test_a_batch_that_cannot_hold_whole_groups_is_an_error(changes, message):
    with pytest.raises(UserError, match=message):
        batches_of(FFPP, **changes)
    assert batch_conflict(MODEL) == ""
