"""Which model is better: paired over people, corrected for many pairs, clear where nothing can be said."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made.predictions import FAKE, NONE, ONE_REAL, REAL, random_table, table
from made.programs import run_program

from deepfake.errors import UserError
from deepfake.evaluation.predictions import write_predictions
from deepfake.evaluation.significance import (
    ROUNDS_PER_PAIR,
    SCORES,
    TESTS,
    bootstrap_p,
    compare_models,
    holm,
)
from deepfake.evaluation.significance_output import COLUMNS, significance_table, significance_text


def scored(noise: float, seed: int, people: int = 40) -> pd.DataFrame:
    """Predictions for a real and a fake video of each person, by a detector with `noise` of its own."""
    own = np.random.default_rng(seed)
    shared = np.random.default_rng(0).normal(size=(people, 2))  # some videos are hard for all detectors
    videos = []
    for person in range(people):
        for label in (REAL, FAKE):
            logit = 2 * label - 1 + shared[person, label] + own.normal(0, noise)
            videos.append(("a", f"v{person}", "x" * label, label, f"p{person}", [1 / (1 + np.exp(-logit))]))
    return table(videos)


def compare(tables: dict[str, pd.DataFrame], rounds: int = 300, seed: int = 1) -> dict:
    return compare_models(tables, dict.fromkeys(tables, 0.5), rounds, seed)


def rows(result: dict) -> dict[tuple, dict]:
    return {(p["model"], p["other"], r["score"], r["test"]): r for p in result["pairs"] for r in p["tests"]}


@pytest.fixture(scope="module")
def result() -> dict:
    return compare({"good": scored(0.1, 1), "fair": scored(0.2, 2), "poor": scored(4, 3)})


def test_the_better_model_wins_and_equally_good_ones_tie(result):
    found = rows(result)
    assert (
        len(found) == 3 * len(TESTS)
        and result["rounds"] == 3 * ROUNDS_PER_PAIR
        and result["units"]["person"] == 40
    )
    for score, test in TESTS:
        assert found["good", "poor", score, test]["better"] == "good"
        assert found["fair", "poor", score, test]["better"] == "fair"
        assert found["good", "fair", score, test]["better"] is None
    counts = {model["model"]: model["counts"] for model in result["models"]}
    assert counts["good"] == counts["fair"] == dict.fromkeys(SCORES, {"wins": 1, "losses": 0, "ties": 1})
    assert counts["poor"] == dict.fromkeys(SCORES, {"wins": 0, "losses": 2, "ties": 0})
    values = {model["model"]: model for model in result["models"]}
    for (one, other, score, _), row in found.items():
        assert row["difference"] == pytest.approx(values[one][score] - values[other][score], abs=1e-8)
        assert row["low"] <= row["difference"] <= row["high"] and row["p"] <= row["p_holm"] <= 1


def test_another_order_of_models_images_and_names_changes_signs_alone(result):
    tables = {"poor": scored(4, 3), "good": scored(0.1, 1), "fair": scored(0.2, 2)}
    again = rows(compare({name: t.sample(frac=1, random_state=1) for name, t in tables.items()}))
    for (one, other, *key), row in rows(result).items():
        swapped = again.get((other, one, *key))
        same = again.get((one, other, *key)) or swapped
        assert (same["p"], same["better"]) == (row["p"], row["better"])
        ends = (-same["high"], -same["low"]) if swapped else (same["low"], same["high"])
        assert ends == pytest.approx((row["low"], row["high"]), abs=1e-8)


def test_the_seed_decides_the_rounds():
    tables = {"a": random_table(60, 1), "b": random_table(60, 2)}
    assert compare(tables) == compare(tables) != compare(tables, seed=2)


def test_models_are_paired():
    """Detectors that err on the same videos differ less by chance than others with the same scores."""
    paired = {"a": scored(0.3, 1), "b": scored(0.3, 2)}
    shuffled = paired["b"].copy()
    for label in (REAL, FAKE):  # the same scores, of other people
        own = (shuffled["label"] == label).to_numpy()
        shuffled.loc[own, "probability"] = np.roll(shuffled.loc[own, "probability"], 7)
    one, other = (rows(compare({"a": paired["a"], "b": b})) for b in (paired["b"], shuffled))
    for test in ("bootstrap", "delong"):
        key = ("a", "b", "roc_auc", test)
        assert one[key]["difference"] == other[key]["difference"]
        assert one[key]["high"] - one[key]["low"] < 0.7 * (other[key]["high"] - other[key]["low"])


def test_people_are_drawn_not_videos():
    """Ten equal videos of a person say no more than one: the bootstrap knows it, DeLong's test doesn't."""

    def tenfold(one: pd.DataFrame) -> pd.DataFrame:
        copies = [one.assign(video=one["video"] + f"_{n}", image=one["image"] + str(n)) for n in range(10)]
        return pd.concat(copies, ignore_index=True)

    tables = {"a": scored(0.8, 1), "b": scored(1.2, 2)}
    few, many = rows(compare(tables)), rows(compare({n: tenfold(t) for n, t in tables.items()}))
    key = ("a", "b", "roc_auc")
    assert few[*key, "bootstrap"] == many[*key, "bootstrap"]
    assert many[*key, "delong"]["p"] < few[*key, "delong"]["p"] / 2


def test_p_of_the_bootstrap_is_rarely_small_by_chance():
    """Of 80 pairs of equally good detectors about 5 % have a p below 0.05."""
    p = [bootstrap_of(seed) for seed in range(80)]
    assert 1 <= np.sum(np.array(p) <= 0.05) <= 11  # 4 are expected; more than 11 are one case in a thousand
    assert 0.3 < np.mean(p) < 0.7


def bootstrap_of(seed: int) -> float:
    tables = {"a": scored(1, 2 * seed + 10), "b": scored(1, 2 * seed + 11)}
    return rows(compare(tables, rounds=1))["a", "b", "roc_auc", "bootstrap"]["p"]  # 200 for one pair


@pytest.mark.parametrize(
    ("differences", "known"),
    [
        pytest.param([0.1] * 99, 0.02, id="no p is below 2 of 100"),
        pytest.param([-0.1] * 99, 0.02, id="nor of the other side"),
        pytest.param([0.1] * 95 + [-0.1] * 4, 0.1, id="four of 99 below"),
        pytest.param([0] * 99, 1, id="equal models"),
        pytest.param([0.1] * 60 + [0] * 39, 0.8, id="a tie counts for both sides"),
        pytest.param([0.1] * 99 + [np.nan] * 50, 0.02, id="undefined rounds are left out"),
        pytest.param([0.1] * 9 + [np.nan] * 10, None, id="most are undefined"),
        pytest.param([], None, id="no rounds"),
    ],
)
def test_known_p_of_rounds(differences, known):
    assert bootstrap_p(np.array(differences, float)) == pytest.approx(known or np.nan, nan_ok=True)


def test_holms_correction_by_hand():
    """0.01 times 4, 0.02 times 3, 0.03 times 2, then 0.04, which is no less than the one before it."""
    nan = float("nan")
    found = holm([0.04, 0.01, nan, 0.03, 0.02])
    assert found == pytest.approx([0.06, 0.04, nan, 0.06, 0.06], nan_ok=True)
    assert holm([0.6, 0.7]) == [1, 1] and holm([]) == [] and np.isnan(holm([nan])[0])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.randoms())
def test_holms_correction_keeps_the_order_and_lies_between_none_and_bonferronis(p, random):
    found = holm(p)
    for value, corrected in zip(p, found, strict=True):
        assert value <= corrected <= min(1, value * len(p)) + 1e-12
    assert [found[i] for i in np.argsort(p, kind="stable")] == sorted(found)
    order = random.sample(range(len(p)), len(p))
    assert holm([p[i] for i in order]) == [found[i] for i in order]


def test_equal_predictions_tie():
    one = random_table(60, 1)
    for row in rows(compare({"a": one, "b": one.copy()})).values():
        assert (row["difference"], row["p"], row["p_holm"], row["better"]) == (0, 1, 1, None)


FEW = [("a", f"v{n}", "", n % 2, f"p{n}", [0.9 if n % 2 else 0.1]) for n in range(8)]
WRONG = [(*video[:5], [1 - video[5][0]]) for video in FEW]


@pytest.mark.parametrize(
    ("one", "other", "note", "defined"),
    [
        pytest.param(NONE, NONE, "There is no test set", False, id="no test set"),
        pytest.param(table(ONE_REAL), table(ONE_REAL), "has only reals", False, id="one class"),
        pytest.param(table(FEW), NONE, "only 8 people", False, id="one without predictions"),
        pytest.param(table(FEW), table(WRONG), "only 8 people", True, id="few people"),
        pytest.param(
            table(FEW).assign(target="p"),
            table(WRONG).assign(target="p"),
            "one person",
            False,
            id="one person",
        ),
    ],
)
def test_what_can_not_be_compared_says_why(one, other, note, defined):
    result = compare({"a": one, "b": other})
    assert note in result["note"] and result["note"] in significance_text(result)
    found = rows(result)
    assert len(significance_table(result)) == len(TESTS)
    assert {row["better"] for row in found.values()} == {None}
    for score in SCORES:
        assert (found["a", "b", score, "bootstrap"]["p"] is not None) == defined
        if defined:
            assert found["a", "b", score, "bootstrap"]["difference"] == 1
            assert all(m["counts"][score] == {"wins": 0, "losses": 0, "ties": 1} for m in result["models"])
    json.dumps(result, allow_nan=False)


def test_one_model_has_no_pairs():
    result = compare({"a": random_table(60, 1)})
    assert result["pairs"] == [] and significance_table(result).empty and "a " in significance_text(result)


@pytest.mark.parametrize("change", ["video", "label"])
def test_models_of_different_videos_are_an_error(change):
    one, other = random_table(20, 1), random_table(20, 2)
    other[change] = other[change].replace({"v3": "w"} if change == "video" else {0: 1})
    with pytest.raises(UserError, match="a and b were not tested on the same videos.*run predict again"):
        compare({"a": one, "b": other})


def program(folder: Path, names: list[str]) -> int:
    files = {"predictions": "csv", "metrics": "json"}
    given = [
        part for flag, end in files.items() for part in (f"--{flag}", *(folder / f"{n}.{end}" for n in names))
    ]
    outputs = ["--output", folder / "s.json", "--output-table", folder / "s.csv"]
    config = ["--config", '{"bootstrap": 300, "seed": 1}']
    return run_program("significance.py", "--models", *names, *given, *outputs, *config)


def test_program_writes_json_and_table_at_each_models_threshold(tmp_path, capsys, caplog):
    tables, thresholds = {"a": random_table(60, 1), "b": random_table(60, 2)}, {"a": 0.4, "b": 0.7}
    for name, predictions in tables.items():
        write_predictions(predictions, tmp_path / f"{name}.csv")
        metrics = {"threshold": {"frame": 0.1, "video": thresholds[name]}}
        (tmp_path / f"{name}.json").write_text(json.dumps(metrics))
    assert program(tmp_path, ["a", "b"]) == 0
    result = json.loads((tmp_path / "s.json").read_text())
    assert capsys.readouterr().out == significance_text(result) + "\n"
    assert result == compare_models(tables, thresholds, 300, 1)
    assert list(pd.read_csv(tmp_path / "s.csv")) == COLUMNS
    (tmp_path / "b.json").unlink()
    assert program(tmp_path, ["a", "b"]) == 1 and "b.json can't be read" in caplog.text
    with pytest.raises(SystemExit):
        program(tmp_path, ["a", "a"])
