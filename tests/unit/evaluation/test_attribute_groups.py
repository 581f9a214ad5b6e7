"""Metrics of groups of people by a corpus's attributes, and the gaps between them."""

import json

import numpy as np
import pandas as pd
import pytest
from made.predictions import FAKE, NONE, REAL, random_table, table

from deepfake.evaluation.evaluate import evaluate
from deepfake.evaluation.groups import COLUMNS, MOST_GROUPS, attributes_of, evaluate_groups, groups_table
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.output import metrics_text
from deepfake.evaluation.predictions import aggregate_to_videos


def with_attributes(rows: pd.DataFrame, of_person) -> pd.DataFrame:
    """Return predictions with the attributes that `of_person` gives for the number of a person."""
    people = rows["target"].str.slice(1).astype(int)
    return rows.assign(attributes=[json.dumps(found) if (found := of_person(n)) else "" for n in people])


def videos_of(people: int, sharpness, seed: int = 1, **attributes) -> pd.DataFrame:
    """Return a real and a fake video of each person; `sharpness` and the attributes depend on the number."""
    rng, rows = np.random.default_rng(seed), []
    for n in range(people):
        for label in (REAL, FAKE):
            score = 1 / (1 + np.exp(-rng.normal((2 * label - 1) * sharpness(n))))
            rows.append(("a", f"v{n}{label}", "swap" * label, label, f"p{n}", [score]))
    return aggregate_to_videos(
        with_attributes(table(rows), lambda n: {k: f(n) for k, f in attributes.items()})
    )


def test_each_group_has_the_metrics_of_its_videos():
    videos = videos_of(40, lambda n: 1.0, sex=lambda n: ["female", "male"][n % 2], age=lambda n: str(18 + n))
    found = evaluate_groups(videos, 0.5, 100, seed=1)
    assert list(found) == ["age", "sex"] and list(found["sex"]["groups"]) == ["female", "male"]
    for name, group in found["sex"]["groups"].items():
        own = videos[videos["attributes"].str.contains(f'"{name}"')]
        known = compute_metrics(own["label"], own["probability"], 0.5)
        assert {metric: group["metrics"][metric]["value"] for metric in known} == pytest.approx(known)
        reals = own[own["label"] == 0]
        alarms = group["metrics"]["false_alarms"]
        assert alarms["value"] == pytest.approx((reals["probability"] >= 0.5).mean())
        assert alarms["low"] <= alarms["value"] <= alarms["high"]
        assert (group["videos"], group["real"], group["fake"], group["units"]) == (40, 20, 20, 20)
    assert list(found["age"]["groups"]) == ["18 to 27", "28 to 37", "38 to 47", "48 to 57"]


def test_a_gap_has_an_interval_that_leaves_out_0_only_where_there_is_one():
    even = evaluate_groups(videos_of(200, lambda n: 1.0, sex=lambda n: "fm"[n % 2]), 0.5, 300, seed=1)
    uneven = evaluate_groups(
        videos_of(200, lambda n: [0.1, 3.0][n % 2], sex=lambda n: "fm"[n % 2]), 0.5, 300, seed=1
    )
    gap = uneven["sex"]["gaps"]["roc_auc"]
    groups = {name: group["metrics"]["roc_auc"]["value"] for name, group in uneven["sex"]["groups"].items()}
    assert (gap["highest"], gap["lowest"]) == ("m", "f") and gap["value"] == pytest.approx(
        groups["m"] - groups["f"]
    )
    assert 0.1 < gap["low"] < gap["value"] < gap["high"]
    assert uneven["sex"]["gaps"]["false_alarms"]["highest"] == "f"
    assert even["sex"]["gaps"]["roc_auc"]["low"] < 0 < even["sex"]["gaps"]["roc_auc"]["high"]


def test_without_any_gap_two_groups_are_named_all_the_same():
    videos = videos_of(40, lambda n: 99.0, sex=lambda n: "fm"[n % 2])
    gap = evaluate_groups(videos, 0.5, 50, seed=1)["sex"]["gaps"]["roc_auc"]
    assert gap == {"highest": "m", "lowest": "f", "value": 0.0, "low": 0.0, "high": 0.0}


def test_groups_of_few_people_and_unknown_ones_are_shown_but_make_no_gap():
    videos = videos_of(30, lambda n: 1.0, skin=lambda n: "I" if n < 20 else "V" if n < 25 else "")
    found = evaluate_groups(videos, 0.5, 50, seed=1)["skin"]
    assert {name: group["units"] for name, group in found["groups"].items()} == {
        "I": 20,
        "V": 5,
        "unknown": 5,
    }
    assert set(found["gaps"].values()) == {None}
    assert set(groups_table({"skin": found})["compared"].dropna()) == set()


def test_an_attribute_of_too_many_names_is_left_out_with_the_reason():
    videos = videos_of(MOST_GROUPS + 1, lambda n: 1.0, place=lambda n: f"town {n}")
    found = evaluate_groups(videos, 0.5, 50, seed=1)
    assert found["place"]["groups"] == {} and "13 values, more than 12" in found["place"]["left_out"]


def test_a_group_of_one_class_has_the_numbers_that_it_can_have():
    rows = [("a", f"r{n}", "", REAL, f"p{n}", [0.1 * n]) for n in range(10)]
    videos = aggregate_to_videos(with_attributes(table(rows), lambda n: {"sex": "f"}))
    metrics = evaluate_groups(videos, 0.5, 50, seed=1)["sex"]["groups"]["f"]["metrics"]
    assert metrics["roc_auc"] == {"value": None, "low": None, "high": None}
    assert metrics["false_alarms"]["value"] == 0.5 and metrics["recall"]["value"] is None


def test_without_attributes_nothing_appears():
    assert evaluate_groups(aggregate_to_videos(random_table(8, 1)), 0.5, 50, seed=1) == {}
    assert evaluate_groups(aggregate_to_videos(NONE), 0.5, 50, seed=1) == {}
    assert list(groups_table({})) == COLUMNS and groups_table({}).empty
    metrics = evaluate(random_table(24, 1), random_table(20, 2), {"threshold": "eer", "bootstrap": 50}, 42)
    assert "groups" not in metrics["splits"]["test"]
    assert attributes_of(pd.DataFrame({"label": [0, 1]})).shape == (2, 0)


def test_the_report_has_groups_and_gaps_whatever_the_order_of_rows():
    test = with_attributes(random_table(120, 1), lambda n: {"sex": "fm"[n % 2]} if n else None)
    cfg = {"threshold": "f1_macro", "bootstrap": 50}
    metrics = evaluate(test, random_table(20, 2), cfg, 42)
    text = metrics_text(metrics)
    assert "sex, videos" in text and "Largest gaps: ROC AUC" in text and "unknown" in text
    assert (
        "people  at the threshold of one person" in " ".join(text.split("  ")) or "at that of so many" in text
    )
    rows = groups_table(metrics["splits"]["test"]["groups"])
    assert set(rows["group"].dropna()) == {"f", "m", "unknown"} and rows["compared"].notna().sum() == 4
    shuffled = evaluate(test.sample(frac=1, random_state=1), random_table(20, 2), cfg, 42)
    assert json.dumps(shuffled) == json.dumps(metrics)
