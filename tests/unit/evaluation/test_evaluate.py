"""evaluate.py: the rows behind each number, the source of thresholds, and the files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made.predictions import FAKE, NONE, ONE_REAL, REAL, random_table, table
from sklearn import metrics as sk

from deepfake.evaluation.evaluate import evaluate
from deepfake.evaluation.metrics import METRICS
from deepfake.evaluation.output import COLUMNS, metrics_table, metrics_text
from deepfake.evaluation.predictions import (
    aggregate_to_videos,
    pool_videos,
    read_predictions,
    write_predictions,
)
from deepfake.evaluation.thresholds import choose_threshold

ROOT = Path(__file__).resolve().parents[3]
CFG = {"threshold": "f1_macro", "bootstrap": 50}


def values(block: dict) -> dict[str, float | None]:
    return {name: numbers["value"] for name, numbers in block["metrics"].items()}


def test_numbers_of_both_levels_agree_with_scikit_learn():
    test, val = random_table(40, 1), random_table(30, 2)
    metrics = evaluate(test, val, CFG, 42)
    for level, rows in (("frame", test), ("video", aggregate_to_videos(test))):
        found = values(metrics["splits"]["test"][level])
        called = rows["probability"] >= metrics["threshold"][level]
        assert found["f1_macro"] == pytest.approx(
            sk.f1_score(rows["label"], called, average="macro"), abs=1e-8
        )
        assert found["roc_auc"] == pytest.approx(
            sk.roc_auc_score(rows["label"], rows["probability"]), abs=1e-8
        )


def test_thresholds_are_chosen_on_val_at_each_level_and_independent_of_test():
    val = table([*ONE_REAL, ("a", "f", "m", FAKE, "p1", [0.3, 0.9])])
    metrics = evaluate(random_table(20, 1), val, CFG, 42)
    assert metrics["threshold"] == {
        "frame": pytest.approx(0.25),
        "video": pytest.approx(0.375),
        "people": [pytest.approx(0.375)] * 8,
        "how": "f1_macro",
        "from": "val",
    }
    assert evaluate(random_table(20, 9), val, CFG, 42)["threshold"] == metrics["threshold"]


@pytest.mark.parametrize(
    ("val", "how", "known"),
    [
        pytest.param(NONE, "eer", (0.5, "default"), id="no val"),
        pytest.param(table(ONE_REAL), "eer", (0.5, "default"), id="one class"),
        pytest.param(NONE, 0.7, (0.7, "config"), id="a number and no val"),
        pytest.param(random_table(8, 1), 0.7, (0.7, "config"), id="a number"),
    ],
)
def test_the_source_of_the_threshold(val, how, known):
    threshold = evaluate(random_table(8, 3), val, {**CFG, "threshold": how}, 42)["threshold"]
    assert threshold.pop("people")[0] == known[0]
    assert threshold == {"frame": known[0], "video": known[0], "how": how, "from": known[1]}


def test_a_model_s_own_thresholds_are_used_as_they_are():
    own = {"frame": 0.3, "video": 1 / 3, "people": [1 / 3, 2 / 3], "how": "eer", "from": "val"}
    metrics = evaluate(random_table(8, 3), random_table(8, 1), CFG, 42, own)
    assert metrics["threshold"] == own
    several = metrics["splits"]["test"]["several_people"]
    assert [row["threshold"] for row in several] == [1 / 3, 2 / 3][: len(several)]
    called = random_table(8, 3)["probability"] >= 0.3
    accuracy = (called == random_table(8, 3)["label"]).mean()
    assert values(metrics["splits"]["test"]["frame"])["accuracy"] == pytest.approx(accuracy, abs=1e-8)


def test_corpus_name_and_method_identify_a_video():
    """Four fakes of one pair with one name, one of them in another corpus: four videos, and a real one."""
    test = table(
        [
            ("a", "000", "", REAL, "p", [0.1, 0.3]),
            ("a", "000", "x", FAKE, "p", [0.9, 0.9, 0.9]),
            ("a", "000", "y", FAKE, "p", [0.2]),
            ("a", "000", "z", FAKE, "p", [0.9, 0.5]),
            ("b", "000", "x", FAKE, "p", [0.8]),
        ]
    )
    metrics = evaluate(test, NONE, {**CFG, "threshold": 0.5}, 42)["splits"]["test"]
    video = metrics["video"]
    assert (video["images"], video["videos"], video["real"], video["fake"]) == (9, 5, 1, 4)
    assert values(video)["recall"] == 0.75
    frame = metrics["frame"]
    assert (frame["images"], frame["videos"], frame["real"], frame["fake"]) == (9, 5, 2, 7)
    assert values(frame)["recall"] == pytest.approx(6 / 7)


def test_a_method_is_compared_with_the_reals_of_its_corpus_or_all():
    test = table(
        [
            ("a", "r", "original", REAL, "p1", [0.1, 0.6]),
            ("a", "f", "swap", FAKE, "p1", [0.9]),
            ("a", "g", "", FAKE, "p2", [0.2]),
            ("b", "r", "", REAL, "p3", [0.3]),
            ("b", "f", "swap", FAKE, "p3", [0.9]),
            ("c", "f", "swap", FAKE, "p4", [0.9]),
        ]
    )
    found = evaluate(test, NONE, CFG, 42)["splits"]["test"]
    counts = {name: (b["frame"]["real"], b["frame"]["fake"]) for name, b in found["by_method"].items()}
    assert counts == {"a/swap": (2, 1), "a/unknown": (2, 1), "b/swap": (1, 1), "c/swap": (3, 1)}
    assert values(found["by_method"]["a/unknown"]["frame"])["roc_auc"] == 0.5
    counts = {name: (b["frame"]["real"], b["frame"]["fake"]) for name, b in found["by_corpus"].items()}
    assert counts == {"a": (2, 2), "b": (1, 1), "c": (0, 1)}
    assert values(found["by_corpus"]["c"]["video"])["roc_auc"] is None


def test_only_test_has_intervals_and_units_are_counted_by_kind():
    test = table(
        [
            ("a", "1", "", REAL, "p1", [0.1, 0.6]),
            ("a", "2", "x", FAKE, "p1", [0.9]),
            ("a", "3", "", REAL, "", [0.2, 0.1]),
            ("a", "4", "x", FAKE, "", [0.2]),
        ]
    )
    test.loc[test["video"] == "4", "group"] = ""
    splits = evaluate(test, test, CFG, 42)["splits"]
    assert splits["test"]["units"] == {"person": 1, "group": 1, "video": 1}
    assert splits["test"]["frame"]["units"] == splits["test"]["video"]["units"] == 3
    accuracy = splits["test"]["frame"]["metrics"]["accuracy"]
    assert accuracy["low"] < accuracy["value"] < accuracy["high"]
    assert "With only 3 units the intervals say little" in metrics_text(evaluate(test, test, CFG, 42))
    assert "say little" not in metrics_text(evaluate(random_table(40, 1), test, CFG, 42)), "it has 10 people"
    val = splits["val"]["frame"]["metrics"]
    assert values(splits["val"]["frame"]) == values(splits["test"]["frame"])
    assert {(m["low"], m["high"]) for m in val.values()} == {(None, None)}


def test_one_unit_gives_values_without_intervals_and_the_reason():
    test = table([*ONE_REAL, ("a", "f", "m", FAKE, "p1", [0.8])])
    metrics = evaluate(test, NONE, CFG, 42)
    numbers = metrics["splits"]["test"]["frame"]["metrics"]["accuracy"]
    assert numbers == {"value": 1.0, "low": None, "high": None}
    assert "No intervals" in metrics_text(metrics) and "there is one (1 by person)" in metrics_text(metrics)


def test_the_order_of_rows_does_not_matter():
    test, val = random_table(24, 1), random_table(20, 2)
    shuffled = evaluate(test.sample(frac=1, random_state=1), val.sample(frac=1, random_state=2), CFG, 42)
    assert json.dumps(shuffled) == json.dumps(evaluate(test, val, CFG, 42))


def test_without_test_the_numbers_of_val_are_shown_with_a_warning():
    metrics = evaluate(NONE, random_table(20, 1), CFG, 42)
    assert metrics["splits"]["test"] is None and metrics["splits"]["val"]["frame"]["images"] == 80
    assert "no test split" in metrics_text(metrics)
    assert set(metrics_table(metrics)["split"]) == {"val"}
    nothing = evaluate(NONE, NONE, CFG, 42)
    assert "nothing to evaluate" in metrics_text(nothing) and metrics_table(nothing).empty


def test_the_text_says_how_many_false_alarms_a_rate_allows():
    videos = [("a", f"r{n}", "", REAL, f"p{n}", [0.1] * 50) for n in range(21)]
    test = table([*videos, ("a", "f", "m", FAKE, "q", [0.8])])
    text = metrics_text(evaluate(test, NONE, {**CFG, "bootstrap": 0}, 42))
    counts = "52, 10 and 1 of 1,050 real images; 1, 0 and 0 of 21 real videos"
    assert f"At most 5, 1 and 0.1 % FPR means at most this many reals called fake: {counts}. Where" in text
    assert f"{METRICS['tpr_at_fpr_0.001']:20}1.0000" in text
    fakes_alone = evaluate(table([("a", "f", "m", FAKE, "q", [0.8])]), NONE, CFG, 42)
    assert "reals called fake" not in metrics_text(fakes_alone)


def test_table_and_text_contain_the_numbers():
    metrics = evaluate(random_table(24, 1), random_table(20, 2), CFG, 42)
    rows = metrics_table(metrics)
    assert list(rows) == COLUMNS
    blocks = 2 * 2 * (1 + 2 + 4)  # splits, levels, and the whole, corpora and methods
    assert len(rows) == blocks * len(METRICS)
    known = metrics["splits"]["test"]["by_method"]["a/swap"]["video"]
    row = rows.query("level == 'video' and split == 'test' and method == 'swap' and metric == 'eer'").iloc[0]
    assert (row["corpus"], row["images"]) == ("a", known["images"])
    assert row[["value", "low", "high"]].to_dict() == known["metrics"]["eer"]
    f1 = metrics["splits"]["test"]["frame"]["metrics"]["f1_macro"]
    assert f"macro F1            {f1['value']:.4f}  [{f1['low']:.4f}, {f1['high']:.4f}]" in metrics_text(
        metrics
    )


# Pooled by attention


def with_attention(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    return rows.assign(attention=np.random.default_rng(seed).normal(0, 3, len(rows)))


def test_a_video_s_logit_is_the_mean_of_its_frames_by_the_softmax_of_their_attention():
    rows = table([("a", "r", "", REAL, "p", [0.5, 0.9]), ("a", "f", "m", FAKE, "p", [0.2, 0.8, 0.3])])
    rows["attention"] = [-800.0, -800.0 + np.log(3), 5.0, 5.0, 900.0]
    pooled = pool_videos(rows)
    real = 0.75 * np.log(9)
    assert pooled["video"].tolist() == ["f", "r"] and pooled["images"].tolist() == [3, 2]
    assert pooled["probability"].tolist() == pytest.approx([0.3, 1 / (1 + np.exp(-real))])
    certain = pool_videos(rows.assign(probability=[0.0, 0.0, 1.0, 1.0, 1.0]))
    assert certain["probability"].tolist() == pytest.approx([1, 0], abs=1e-8)


def test_a_model_with_attention_has_a_third_level_beside_the_mean():
    test, val = with_attention(random_table(24, 1), 3), with_attention(random_table(20, 2), 4)
    metrics = evaluate(test, val, CFG, 42)
    plain = evaluate(test.drop(columns="attention"), val.drop(columns="attention"), CFG, 42)
    pooled = metrics["threshold"].pop("pooled")
    chosen = pool_videos(val)
    assert pooled == choose_threshold(chosen["label"], chosen["probability"])
    assert metrics["threshold"] == plain["threshold"]
    results = metrics["splits"]["test"]
    for blocks, others in ((results, plain["splits"]["test"]), (results["by_method"]["a/swap"], {})):
        numbers = blocks["pooled"]["metrics"]["roc_auc"]
        assert numbers["low"] <= numbers["value"] <= numbers["high"]
        assert all(blocks[level] == block for level, block in others.items() if level in ("frame", "video"))
    found = pool_videos(test)
    assert values(results["pooled"])["roc_auc"] == pytest.approx(
        sk.roc_auc_score(found["label"], found["probability"]), abs=1e-8
    )
    metrics["threshold"]["pooled"] = pooled
    rows = metrics_table(metrics)
    assert len(rows) == 3 * 2 * (1 + 2 + 4) * len(METRICS) and set(rows["level"]) == {
        "frame",
        "video",
        "pooled",
    }
    text = metrics_text(metrics)
    assert "video level, pooled" in text and f"{pooled:.4f} for videos pooled by attention" in text
    f1 = results["pooled"]["metrics"]["f1_macro"]
    assert f"{f1['value']:.4f}  [{f1['low']:.4f}, {f1['high']:.4f}]" in text


def test_without_val_the_threshold_of_pooled_videos_is_the_default():
    metrics = evaluate(with_attention(random_table(8, 1), 3), NONE, CFG, 42)
    assert metrics["threshold"]["pooled"] == 0.5


ARGS = {name: f"{name}.svg" for name in "roc precision-recall confusion calibration histogram".split()}
ARGS |= {"output": "metrics.json", "output-table": "metrics.csv", "output-text": "metrics.txt"}
ARGS |= {"output-groups": "groups.csv"}


def run(folder: Path, test: pd.DataFrame, val: pd.DataFrame, *more: str) -> subprocess.CompletedProcess:
    write_predictions(test, folder / "test.csv")
    write_predictions(val, folder / "val.csv")
    return run_again(folder, *more)


def run_again(folder: Path, *more: str, threshold: str = "f1_macro") -> subprocess.CompletedProcess:
    cfg = {**CFG, "threshold": threshold, "seed": 42}
    args = [part for name, file in ARGS.items() for part in (f"--{name}", file)]
    program = [sys.executable, "-W", "error", ROOT / "scripts" / "evaluate.py"]
    files = ["--test", "test.csv", "--val", "val.csv", "--config", json.dumps(cfg)]
    return subprocess.run([*program, *files, *args, *more], cwd=folder, capture_output=True, text=True)


def test_program_writes_all_outputs(tmp_path):
    done = run(tmp_path, random_table(24, 1), random_table(20, 2))
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    test, val = (read_predictions(tmp_path / name) for name in ("test.csv", "val.csv"))
    assert metrics == evaluate(test, val, CFG, 42) and "pooled" not in metrics["threshold"]
    assert done.stdout == (tmp_path / "metrics.txt").read_text() == metrics_text(metrics) + "\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([*ARGS.values(), "test.csv", "val.csv"])


def test_program_accepts_splits_without_rows(tmp_path):
    facts = {"threshold": 0.3, "video_threshold": 0.4, "threshold_choice": {"how": "eer", "from": "val"}}
    facts["people_thresholds"] = [0.4] * 8
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    done = run(tmp_path, NONE, NONE, "--facts", "facts.json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics["splits"] == {"test": None, "val": None}
    people = {"people": [0.4] * 8}
    assert metrics["threshold"] == {"frame": 0.3, "video": 0.4, "how": "eer", "from": "val"} | people


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        pytest.param(",target,", ",person,", "target", id="no column"),
        pytest.param(",0.25,\n", ",1.5,\n", "probability '1.5'", id="out of range"),
        pytest.param(",0.25,\n", ",nan,\n", "probability 'nan'", id="nan"),
        pytest.param(",0.25,\n", ",0.25,inf\n", "attention 'inf'", id="attention"),
    ],
)
def test_invalid_predictions_are_an_error_that_names_file_and_column(old, new, named, tmp_path):
    write_predictions(table([("a", "v", "", REAL, "p", [0.25])]), tmp_path / "test.csv")
    write_predictions(NONE, tmp_path / "val.csv")
    text = (tmp_path / "test.csv").read_text()
    assert old in text
    (tmp_path / "test.csv").write_text(text.replace(old, new))
    done = run_again(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "test.csv" in done.stderr and named in done.stderr
    assert not (tmp_path / "metrics.json").exists()


def test_an_invalid_threshold_is_an_error_that_says_what_to_write(tmp_path):
    write_predictions(NONE, tmp_path / "test.csv")
    write_predictions(random_table(8, 1), tmp_path / "val.csv")
    done = run_again(tmp_path, threshold="best")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "write f1_macro, eer or a number" in done.stderr


def test_missing_files_are_an_error(tmp_path):
    done = run(tmp_path, NONE, NONE, "--facts", "facts.json")
    assert (
        done.returncode == 1 and "Traceback" not in done.stderr and "facts.json can't be read" in done.stderr
    )
    (tmp_path / "val.csv").unlink()
    done = run_again(tmp_path)
    assert done.returncode == 1 and "Traceback" not in done.stderr and "val.csv can't be read" in done.stderr
