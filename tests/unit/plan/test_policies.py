"""The split policies in plans: what shares a split, what is left out, and why."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made.image_tables import CFG, kept_images, splits_of, swap_corpora, table, video_rows

from deepfake.errors import UserError
from deepfake.plan.plan import make_plan
from deepfake.plan.summary import plan_summary

THREE = {"train": 0.7, "val": 0.2, "test": 0.1}


def pairs(count: int) -> list[dict]:
    """Rows of pairs of people who are swapped only with each other, as in FaceForensics++."""
    rows = []
    for pair in range(count):
        one, two = f"{2 * pair:03}", f"{2 * pair + 1:03}"
        for target, source in ((one, two), (two, one)):
            known = {"target": f"f/{target}", "original": f"f/{target}", "group": f"f/{one}"}
            rows += video_rows("a", target, 3, split="train", **known)
            for method in ("Deepfakes", "Face2Face"):
                fake = {"label": "1", "method": method, "source": f"f/{source}", **known}
                rows += video_rows("a", f"{method}_{target}_{source}", 3, split="train", **fake)
    return rows


def test_pairs_of_swapped_people_lose_nothing():
    plan = make_plan(table(pairs(40)), CFG | {"policy": "identity", "splits": THREE, "balance": "none"})
    assert (plan["file_name"] != "").all()
    assert all(len(splits) == 1 for splits in splits_of(plan, "target", "source").values())


def test_linked_people_are_split_and_fakes_between_splits_are_left_out_with_the_reason():
    gathered, families = swap_corpora(5, people=12, scenes=4, fakes=300, methods=3)
    plan = make_plan(gathered, CFG | {"families": families, "policy": "identity", "splits": THREE})
    assert all(len(splits) == 1 for splits in splits_of(plan, "target", "source").values())
    assert {len(splits) for splits in splits_of(plan, "method").values()} == {3}
    across = plan[plan["reason"].str.startswith("its people are in two splits")]
    assert set(across["label"]) == {"1"}
    assert set(across["reason"]) <= {
        f"its people are in two splits, {one} and {two}"
        for one, two in (("test", "train"), ("test", "val"), ("train", "val"))
    }
    by_group = make_plan(gathered, CFG | {"families": families, "splits": THREE})
    assert any(len(splits) > 1 for splits in splits_of(by_group, "target", "source").values())


def separated(policy: str, same: list[tuple[str, str]]) -> list[bool]:
    """Whether the people 000 and 002, of two pairs, are in different splits, for each of 12 seeds."""
    cfg = CFG | {"policy": policy, "splits": {"train": 0.5, "val": 0.5}, "families": {"a": "f"}}
    plans = [make_plan(table(pairs(6)), cfg | {"seed": seed}, same) for seed in range(12)]
    return [splits_of(p, "target")["f/000"] != splits_of(p, "target")["f/002"] for p in plans]


@pytest.mark.parametrize("policy", ["group", "identity"])
@pytest.mark.parametrize("same", [("a/000", "a/002"), ("a/Deepfakes_000_001", "a/Deepfakes_002_003")])
def test_people_known_to_be_the_same_share_a_split(policy, same):
    assert any(separated(policy, []))
    assert not any(separated(policy, [same]))
    assert not any(separated(policy, [("a/nobody", "a/000"), same]))


def official(val: bool = True) -> pd.DataFrame:
    """Pairs with official splits; one original is in two splits, one fake in none."""
    rows = pairs(20)
    for row in rows:
        number = int(row["target"][-3:])
        row["split"] = "test" if number >= 36 else "val" if val and number >= 30 else "train"
        if row["video"] == "Deepfakes_000_001":
            row["split"] = "test"
        if row["video"] == "Face2Face_000_001":
            row["split"] = ""
    return table(rows)


def test_official_splits_are_kept_even_if_they_leak():
    gathered = official()
    plan = make_plan(gathered, CFG | {"policy": "official", "splits": THREE, "balance": "none"})
    kept = kept_images(plan)
    assert (kept["split"] == gathered.loc[kept.index, "split"]).all()
    assert splits_of(plan, "original")["f/000"] == {"train", "test"}
    lost = plan[plan["file_name"] == ""]
    assert set(lost["video"]) == {"Face2Face_000_001"}
    assert set(lost["reason"]) == {"it has no official split"}


def test_a_missing_official_split_is_cut_from_train_by_groups():
    plan = make_plan(official(val=False), CFG | {"policy": "official", "splits": THREE, "balance": "none"})
    kept = kept_images(plan)
    inside = kept[kept["split"] != "test"]
    assert (inside.groupby("group")["split"].nunique() == 1).all()
    assert 0.1 < (inside["split"] == "val").mean() < 0.35
    assert set(kept.loc[kept["video"].isin(["036", "039"]), "split"]) == {"test"}


def test_an_unrequested_official_split_is_left_out_with_the_reason():
    plan = make_plan(official(), CFG | {"policy": "official", "splits": {"train": 0.9, "test": 0.1}})
    reasons = set(plan.loc[plan["video"] == "030", "reason"])
    assert reasons == {"the official split val is not asked for"}


def test_without_official_splits_the_error_says_what_to_write():
    with pytest.raises(UserError, match=r"a has no official splits; .*label_files"):
        make_plan(table([r | {"split": ""} for r in pairs(9)]), CFG | {"policy": "official"})


@pytest.mark.parametrize("policy", ["group", "identity", "official"])
def test_a_test_only_corpus_is_only_in_test(policy):
    rows = pairs(30)
    for target in range(0, 60, 3):  # new fakes of people in the other corpus
        known = {"target": f"f/{target:03}", "group": f"f/{target:03}", "source": f"f/M{target % 7}"}
        rows += video_rows("new", f"{target:03}_M{target % 7}", 3, label="1", method="New", **known)
    for row in rows:
        row["split"] = ("train", "val", "test")[int(row["target"][-3:]) % 3]
    families = {"a": "f", "new": "f"}
    cfg = {
        "policy": policy,
        "splits": THREE,
        "test_only": ["new"],
        "families": families,
        "balance": "dataset",
    }
    plan = make_plan(table(rows), CFG | cfg)
    new = plan[plan["corpus"] == "new"]
    assert set(new["split"]) <= {"test", ""}
    assert (new["split"] == "test").any()
    if policy != "official":
        assert all(len(splits) == 1 for splits in splits_of(plan, "target").values())
        elsewhere = new[new["reason"].str.startswith("its people or original are in")]
        assert set(elsewhere["reason"].str.extract(r"are in (\w+), and")[0]) == {"train", "val"}


def test_the_test_split_may_consist_of_a_test_only_corpus():
    rows = pairs(10)
    for number in range(4):
        for label in "01":
            known = {"label": label, "group": f"n/{number}", "method": "New" if label == "1" else ""}
            rows += video_rows("new", f"{number}_{label}", 3, **known)
    cfg = {"test_only": ["new"], "families": {"a": "f", "new": "new"}}
    plan = make_plan(table(rows), CFG | cfg)
    assert set(kept_images(plan).groupby("split")["corpus"].agg(set).map(tuple)) == {("a",), ("new",)}
    fakes = table([row for row in rows if row["corpus"] == "a" or row["label"] == "1"])
    with pytest.raises(UserError, match="test without real"):
        make_plan(fakes, CFG | cfg)


def test_a_missing_class_is_an_error_that_names_it():
    with pytest.raises(UserError, match=r"train without fake.*add videos"):
        make_plan(table([row for row in pairs(9) if row["label"] == "0"]), CFG)
    with pytest.raises(UserError, match=r"the largest group holds 6 of 6 videos"):
        make_plan(table(pairs(1)), CFG)


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_strata_are_evenly_split_and_their_deviation_is_reported(seed):
    gathered, families = swap_corpora(seed, people=200, scenes=2, fakes=600, known=False)
    cfg = CFG | {"families": families, "splits": THREE, "balance": "none", "duplicates": None}
    deviations = {}
    for stratify in ([], ["sex", "method"]):
        plan = make_plan(gathered, cfg | {"stratify": stratify})
        shares = plan_summary(plan, ["sex", "method"])["stratify"]
        deviations[bool(stratify)] = {name: column["largest_deviation"] for name, column in shares.items()}
        kept = kept_images(plan)
        women = kept["attributes"].str.contains('"f"').groupby(kept["split"]).mean()
        whole = kept["attributes"].str.contains('"f"').mean()
        assert deviations[bool(stratify)]["sex"] == pytest.approx((women - whole).abs().max(), abs=1e-3)
    assert max(deviations[True].values()) < 0.03
    assert deviations[True]["sex"] <= deviations[False]["sex"] + 0.005


def test_every_method_is_in_every_split():
    rng = np.random.default_rng(2)
    rows = []
    for group in range(60):
        rows += video_rows("a", f"r{group}", 2, group=f"g{group}")
        method = "rare" if group in (7, 8, 9) else rng.choice(["one", "two"])
        rows += video_rows("a", f"f{group}", 2, group=f"g{group}", label="1", method=method)
    for seed in range(10):
        plan = make_plan(table(rows), CFG | {"splits": THREE, "seed": seed})
        assert {len(splits) for splits in splits_of(plan, "method").values()} == {3}


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.integers(20, 80), st.sampled_from(["group", "identity"]))
def test_the_ratios_are_met_as_far_as_groups_allow(seed, people, policy):
    gathered, families = swap_corpora(
        seed, people=people, scenes=1, fakes=people * 3, known=policy == "group"
    )
    cfg = CFG | {"families": families, "splits": THREE, "balance": "none", "policy": policy}
    kept = kept_images(make_plan(gathered, cfg))
    for _, part in [("", kept), *kept.groupby("label")]:
        largest = part.groupby("group").size().max() / len(part)
        shares = part["split"].value_counts(normalize=True)
        assert max(abs(shares[split] - ratio) for split, ratio in THREE.items()) <= 0.03 + largest
