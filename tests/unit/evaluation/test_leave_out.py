"""Methods left out of training: which videos are tested, the matrix, and the program."""

import json

import numpy as np
import pandas as pd
import pytest
from made.predictions import FAKE, REAL, table
from made.programs import run_program

from deepfake.config.sections import left_out_methods
from deepfake.errors import UserError
from deepfake.evaluation.evaluate import UNKNOWN
from deepfake.evaluation.leave_out import COLUMNS, evaluate_left_out
from deepfake.evaluation.predictions import write_predictions
from deepfake.names import slugify


def predictions(sharpness: dict[str, float], people: int = 30, seed: int = 1) -> pd.DataFrame:
    """Return a real video of each person and a fake one by each method, found as well as `sharpness` says."""
    rng, rows = np.random.default_rng(seed), []
    for n in range(people):
        rows.append(("a", f"r{n}", "", REAL, f"p{n}", [1 / (1 + np.exp(-rng.normal(-1)))]))
        for method, sharp in sharpness.items():
            score = 1 / (1 + np.exp(-rng.normal(sharp)))
            rows.append(("a", f"f{n}", method, FAKE, f"p{n}", [score]))
    return table(rows)


def test_each_method_is_tested_with_all_reals_whatever_was_left_out():
    val = predictions({"Swap Face": 3, "neural": 3}, seed=2)
    known = predictions({"Swap Face": 3, "neural": 3, "": 3})
    blind = predictions({"Swap Face": -0.5, "neural": 3, "": 3})
    slug = slugify("Swap Face")
    found = evaluate_left_out("m", "d", [("", known, val), (slug, blind, val)], "f1_macro", 50, 1)
    assert list(found) == COLUMNS and len(found) == 6
    assert set(found["left_out"]) == {"", "Swap Face"} and set(found["tested"]) == {
        "Swap Face",
        "neural",
        UNKNOWN,
    }
    assert set(found["real"]) == {30} and set(found["fake"]) == {30} and set(found["units"]) == {30}
    auc = found.set_index(["left_out", "tested"])["roc_auc"]
    assert auc["", "Swap Face"] > 0.95 > 0.8 > auc["Swap Face", "Swap Face"]
    assert auc["", "neural"] == auc["Swap Face", "neural"]
    assert (found["roc_auc_low"] <= found["roc_auc"]).all() and (
        found["roc_auc"] <= found["roc_auc_high"]
    ).all()


def test_a_method_that_test_lacks_is_an_error():
    known = predictions({"swap": 1})
    with pytest.raises(UserError, match="test has no fakes of other"):
        evaluate_left_out("m", "d", [("other", known, known)], 0.5, 0, 1)


def test_methods_that_can_be_left_out_are_in_train_and_test_beside_others():
    splits = {"train": {"fake": {"images": 30}}}
    methods = {
        "a b": {"train": 10, "test": 5},
        "c": {"train": 20},
        "d": {"test": 3},
        "e": {"val": 1, "test": 1},
    }
    (found,) = left_out_methods({}, "small", {"methods": methods, "splits": splits})
    assert found.startswith("a_b-")
    with pytest.raises(UserError, match="small has no method .*its methods: one"):
        left_out_methods({}, "small", {"methods": {"one": {"train": 30, "test": 2}}, "splits": splits})
    with pytest.raises(UserError, match="its methods: none"):
        left_out_methods({}, "small", {"methods": {}, "splits": {}})


def test_the_program_writes_table_and_picture_the_same_each_time(tmp_path, capsys):
    for name, sharpness in {"all": 2, "swap": 0}.items():
        write_predictions(predictions({"swap": sharpness, "neural": 2}), tmp_path / f"{name}.csv")
    write_predictions(predictions({"neural": 2}, seed=2), tmp_path / "val.csv")
    cfg = json.dumps({"threshold": {"m": 0.5}, "bootstrap": 50, "seed": 1})
    tests = [f"m:d::{tmp_path}/all.csv", f"m:d:swap:{tmp_path}/swap.csv"]
    vals = [f"m:d::{tmp_path}/val.csv", f"m:d:swap:{tmp_path}/val.csv"]
    written = []
    for n in "xy":
        outputs = ["--output", tmp_path / f"{n}.csv", "--output-picture", tmp_path / f"{n}.svg"]
        assert run_program("leave_out.py", "--test", *tests, "--val", *vals, "--config", cfg, *outputs) == 0
        written.append([(tmp_path / f"{n}.{end}").read_bytes() for end in ("csv", "svg")])
    assert written[0] == written[1]
    rows = pd.read_csv(tmp_path / "x.csv", keep_default_na=False)
    assert len(rows) == 4 and set(rows["threshold"]) == {0.5}
    assert b"left out" in written[0][1] and "roc_auc" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run_program("leave_out.py", "--test", *tests, "--val", vals[0], "--config", cfg, *outputs)
