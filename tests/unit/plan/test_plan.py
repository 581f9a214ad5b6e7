"""The plan of a dataset: every image accounted for, no leaks, balance, cap, independence of the order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.image_tables import CFG, distant_hashes, kept_images, splits_of, swap_corpora, table, video_rows

from deepfake.audit.checks import balance
from deepfake.audit.evidence import Evidence
from deepfake.audit.leaks import originals, people, videos
from deepfake.errors import UserError
from deepfake.plan import partition
from deepfake.plan.duplicates import cluster_hashes, parse_hashes
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary

corpora = st.builds(
    swap_corpora,
    seed=st.integers(0, 2**32),
    corpora=st.integers(1, 3),
    people=st.integers(2, 12),
    scenes=st.integers(1, 3),
    fakes=st.integers(1, 40),
    methods=st.integers(1, 3),
    known=st.booleans(),
    repeats=st.sampled_from([0.0, 0.02, 0.1]),
    family=st.booleans(),
)
recipes = st.fixed_dictionaries(
    {
        "size_mb": st.none() | st.floats(0.1, 4),
        "splits": st.sampled_from(
            [
                {"train": 1},
                {"train": 0.8, "val": 0.2},
                {"train": 0.6, "val": 0.2, "test": 0.2},
                {"train": 1, "val": 0},
            ]
        ),
        "policy": st.sampled_from(["group", "identity", "official"]),
        "balance": st.sampled_from(["corpus", "dataset", "none"]),
        "stratify": st.sampled_from([[], ["sex"], ["method", "corpus"]]),
        "duplicates": st.sampled_from([None, 0, 3]),
        "seed": st.integers(0, 3),
    }
)
quick = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _short_search(monkeypatch):
    """Shorten the search: test_partition.py checks that identity splits keep as much as possible."""
    monkeypatch.setattr(partition, "STEPS", 40)
    monkeypatch.setattr(partition, "CHAINS", 8)


def planned(made, recipe):
    gathered, families = made
    try:
        return make_plan(gathered, CFG | recipe | {"families": families})
    except UserError as error:
        return str(error)


@quick
@given(corpora, recipes)
def test_every_image_is_kept_or_left_out_with_a_reason(made, recipe):
    gathered, plan = made[0], planned(made, recipe)
    if isinstance(plan, str):
        assert ("size_mb" in plan or "splits" in plan) and "write" in plan
        return
    kept, lost = kept_images(plan), plan[plan["file_name"] == ""]
    assert len(plan) == len(gathered) and plan["image"].tolist() == gathered["image"].tolist()
    assert (lost["step"] != "").all() and (lost["reason"] != "").all() and (lost["split"] == "").all()
    assert (kept["step"] == "").all() and (kept["reason"] == "").all() and (kept["image"] != "").all()
    before = gathered["step"] != ""
    assert (plan.loc[before, ["step", "reason"]] == gathered.loc[before, ["step", "reason"]]).all(axis=None)
    assert kept["file_name"].str.casefold().is_unique
    folders = kept["split"] + "/" + kept["label"].map({"0": "real", "1": "fake"}) + "/"
    assert all(name.startswith(folder) for name, folder in zip(kept["file_name"], folders, strict=True))
    summary = plan_summary(plan)
    assert summary["images"] == len(kept) == sum(summary["corpora"].values())
    assert set(summary["corpora"]) == set(kept["corpus"])


@quick
@given(corpora, recipes)
def test_nothing_leaks(made, recipe):
    plan = planned(made, recipe)
    if isinstance(plan, str) or recipe["policy"] == "official":
        return
    kept = kept_images(plan).reset_index(drop=True)
    for columns in [["group"], ["original"]] + [["target", "source"]] * (recipe["policy"] == "identity"):
        assert all(len(splits) == 1 for splits in splits_of(plan, *columns).values()), columns
    if recipe["duplicates"] is not None:
        hashes = np.array([int(text, 16) for text in kept["phash"]], np.uint64)
        near = np.bitwise_count(hashes[:, None] ^ hashes) <= recipe["duplicates"]
        near &= ~np.eye(len(kept), dtype=bool)
        split, video_of = kept["split"].to_numpy(), (kept["corpus"] + "/" + kept["video"]).to_numpy()
        assert not (near & (split[:, None] != split)).any(), "near-duplicates in two splits"
        assert not (near & (video_of[:, None] == video_of)).any(), "near-duplicates in one video"


@quick
@given(corpora, recipes)
def test_classes_are_balanced_and_in_every_split(made, recipe):
    plan = planned(made, recipe)
    if isinstance(plan, str):
        return
    kept = kept_images(plan)
    sizes = kept.groupby(["split", "label"]).size().unstack(fill_value=0)
    assert set(sizes.index) == {split for split, ratio in recipe["splits"].items() if ratio}
    assert (sizes > 0).all(axis=None)
    if recipe["balance"] != "none":
        assert (sizes["0"] == sizes["1"]).all()
    if recipe["balance"] == "corpus":
        usable = make_plan(made[0], CFG | recipe | {"families": made[1], "size_mb": None, "balance": "none"})
        there = kept_images(usable).groupby(["split", "corpus"])["label"].nunique().groupby("split").min()
        parts = kept.groupby(["split", "corpus", "label"]).size().unstack(fill_value=0)
        apart = parts.index.get_level_values("split").map(there) == 2
        assert (parts["0"] == parts["1"])[apart].all()
    train = sizes.loc["train"]
    weights = plan_summary(plan)["class_weights"]
    assert weights["real"] * train["0"] == pytest.approx(train.sum() / 2, rel=1e-4)
    assert weights["fake"] * train["1"] == pytest.approx(train.sum() / 2, rel=1e-4)


@quick
@given(corpora, recipes, st.booleans())
def test_every_plan_passes_the_audit(made, recipe, one_class):
    gathered, families = made
    if one_class:  # a corpus without reals, such as DeeperForensics
        gathered = gathered[(gathered["corpus"] != "c1") | (gathered["label"] == "1")].reset_index(drop=True)
    plan = planned((gathered, families), recipe)
    if not isinstance(plan, str):
        evidence = Evidence(CFG | recipe | {"families": families}, kept_images(plan), {}, {}, [], [], [])
        checks = [balance, originals, videos] + [people] * (recipe["policy"] == "identity")
        for check in checks if recipe["policy"] != "official" else [balance]:
            assert list(check(evidence)) == [], check.__name__


@quick
@given(corpora, recipes, st.floats(0.1, 4))
def test_the_cap_is_kept_and_all_kinds_are_represented_before_any_gets_more(made, recipe, cap):
    low, whole = (planned(made, recipe | {"size_mb": size}) for size in (cap, None))
    if isinstance(low, str) or isinstance(whole, str):
        return
    kept, all_kept = kept_images(low), kept_images(whole)
    assert kept["bytes"].sum() <= cap * 1e6
    if len(kept) < len(all_kept) and recipe["balance"] != "none":
        worth = all_kept["bytes"].max() * 2  # a real and a fake go together
        assert kept["bytes"].sum() > cap * 1e6 - worth
    unit = ["split", "label"] + ["corpus"] * (recipe["balance"] == "corpus" and len(made[1]) == 1)
    for key, part in kept.groupby(unit):
        rest = all_kept[(all_kept[unit] == key).all(axis=1)]
        if len(made[1]) > 1 and recipe["balance"] == "corpus":
            continue  # several corpora are filled in parallel
        people = [set(t["target"]) | set(t["source"]) - {""} for t in (part, rest)]
        methods = [set(t["method"]) for t in (part, rest)]
        videos = part.groupby(["corpus", "video"]).size()
        if methods[0] != methods[1]:
            assert part.groupby("method").size().max() == 1
        if people[0] != people[1]:
            assert videos.max() == 1
            assert len(videos) <= len(methods[0]) + len(people[0] | set(part["group"]))
        if len(videos) < rest.groupby(["corpus", "video"]).ngroups:
            assert videos.max() == 1
        held_back = rest.groupby(["corpus", "video"]).size().sub(videos, fill_value=0)
        waiting = videos.reindex(held_back[held_back > 0].index, fill_value=0)
        assert videos.max() <= waiting.min() + 1 if len(waiting) else True


@quick
@given(corpora, recipes, st.floats(0.1, 4), st.floats(1, 5))
def test_a_higher_cap_keeps_the_images_of_a_lower_one(made, recipe, cap, more):
    low, high = (planned(made, recipe | {"size_mb": size}) for size in (cap, cap * more))
    if not isinstance(low, str):
        assert set(kept_images(low)["file_name"]) <= set(kept_images(high)["file_name"])


@quick
@given(corpora, recipes, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_shards_do_not_matter(made, recipe, chance):
    gathered, families = made
    order = list(gathered.index)
    chance.shuffle(order)
    other = gathered.loc[order].assign(shard=[chance.choice("01") for _ in order])
    one, two = planned(made, recipe), planned((other, families), recipe)
    if isinstance(one, str):
        assert one == two
    else:
        names = ["corpus", "video", "frame"]
        one, two = (plan.drop(columns="shard").sort_values(names, ignore_index=True) for plan in (one, two))
        pd.testing.assert_frame_equal(one, two)


def groups(count: int, fakes: int, frames: int, corpus: str = "a") -> list[dict]:
    """Rows of `count` originals with `fakes` fakes each, and `frames` images of each video."""
    return [
        row
        for group in range(count)
        for video in range(fakes + 1)
        for row in video_rows(
            corpus, f"v{group}_{video}", frames, label=str(int(video > 0)), group=f"g{group}", without_face=1
        )
    ]


@pytest.mark.parametrize("balance", ["corpus", "none"])
@pytest.mark.parametrize("size_mb", [5, 10, 20])
def test_the_cap_is_used_to_one_percent_if_there_is_enough(size_mb, balance):
    plan = make_plan(table(groups(100, 5, 15)), CFG | {"size_mb": size_mb, "balance": balance})
    assert 0.99 * size_mb * 1e6 < kept_images(plan)["bytes"].sum() <= size_mb * 1e6
    part = (kept_images(plan)["split"] == "train").mean()
    assert 0.77 < part < 0.83


def test_a_cap_below_one_image_of_each_is_an_error_that_says_what_to_write():
    gathered = table(groups(10, 1, 3))
    with pytest.raises(UserError, match=r"size_mb = 0.001 .* write (0\.\d+) or more") as caught:
        make_plan(gathered, CFG | {"size_mb": 0.001})
    least = float(str(caught.value).split("write ")[1].split(" ")[0])
    assert len(kept_images(make_plan(gathered, CFG | {"size_mb": least}))) == 4


def test_corpora_with_equal_names_of_videos_do_not_collide():
    rows = [
        {**row, "group": f"{corpus}/{row['group']}"}
        for corpus in ("a", "a_b")
        for row in groups(8, 1, 4, corpus)
    ]
    plan = make_plan(table(rows), CFG | {"families": {"a": "a", "a_b": "a_b"}})
    assert len(set(kept_images(plan)["file_name"])) == 2 * 8 * 2 * 3


def test_one_of_several_near_duplicates_in_a_video_is_kept():
    rows = groups(6, 1, 9)
    hashes = distant_hashes(len(rows))
    for at, row in enumerate(rows):
        if row["frame"] in (3, 4, 7):
            hashes[at] = hashes[at - (row["frame"] - 3)] ^ np.uint64(row["frame"] >> 2)  # one bit off
        row["phash"] = f"{hashes[at]:016x}"
    plan = make_plan(table(rows), CFG)
    again = plan[plan["reason"] == "near-duplicate of frame 3"]
    assert set(again["frame"]) == {4, 7} and len(again) == 2 * 12
    assert len(kept_images(plan)) == 12 * (9 - 1 - 2)
    assert len(kept_images(make_plan(table(rows), CFG | {"duplicates": None}))) == 12 * 8


def test_near_duplicates_in_two_corpora_put_their_groups_into_one_split():
    gathered, families = swap_corpora(3, corpora=2, people=30, scenes=1, fakes=90)
    at = {c: gathered.index[(gathered["corpus"] == c) & (gathered["step"] == "")][0] for c in families}
    apart = []
    for seed in range(20):
        cfg = CFG | {"families": families, "splits": {"train": 0.5, "val": 0.5}, "seed": seed}
        splits = {}
        for linked in (False, True):
            if linked:
                gathered = gathered.copy()
                gathered.loc[at["c1"], "phash"] = gathered.loc[at["c0"], "phash"]
            plan = make_plan(gathered, cfg | {"balance": "none"})
            splits[linked] = plan.loc[at["c0"], "split"] != plan.loc[at["c1"], "split"]
        apart.append(splits)
    assert any(splits[False] for splits in apart), "without near-duplicates some seed separates them"
    assert not any(splits[True] for splits in apart)


@quick
@given(corpora)
def test_the_hashes_of_these_tests_are_far_apart(made):
    usable = made[0].loc[made[0]["step"] == "", "phash"]
    one, many = (cluster_hashes(parse_hashes(usable), distance) for distance in (0, 7))
    assert len(set(many)) >= 0.5 * len(set(one))
