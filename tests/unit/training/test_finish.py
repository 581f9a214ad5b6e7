"""finish.py: best.pt has the thresholds of the config, those of the report; all else is as it was trained."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made.ensemble import COMMON, SMALL, write_ensemble, write_member
from made.predictions import random_table, table
from made.programs import run_program

from deepfake.checkpoints.best_pt import load_checkpoint, save_changed
from deepfake.checkpoints.metadata import MOST_PEOPLE
from deepfake.errors import ModelError
from deepfake.evaluation.predictions import aggregate_to_videos, choose_thresholds, write_predictions
from deepfake.evaluation.thresholds import people_thresholds

FACTS = {"arch": "meso4", "parameters": 7, "threshold": 0.5, "metrics": {"val": {}}}
PLOTS = "roc precision-recall confusion calibration histogram".split()


@pytest.fixture
def trained(tmp_path) -> Path:
    """A folder as training leaves it: weights.pt, weights.json and val.csv, with scores close together."""
    write_member(tmp_path / "weights.pt", SMALL, metrics={"val": {"f1_macro": 0.1}, "epoch": 3})
    (tmp_path / "weights.json").write_text(json.dumps(FACTS))
    scores = random_table(30, 1)
    narrow = (0.4 + 0.1 * scores["probability"]).astype(np.float32).astype(float)
    write_predictions(scores.assign(probability=narrow), tmp_path / "val.csv")
    return tmp_path


def finish(folder: Path, threshold: str | float) -> int:
    files = [
        "--weights",
        folder / "weights.pt",
        "--facts",
        folder / "weights.json",
        "--val",
        folder / "val.csv",
    ]
    outputs = ["--output", folder / "best.pt", "--output-facts", folder / "facts.json"]
    return run_program("finish.py", *files, "--threshold", threshold, *outputs)


def facts_of(folder: Path) -> dict:
    return json.loads((folder / "facts.json").read_text())


def reported(folder: Path, method: str | float) -> dict:
    """The thresholds of the report of evaluate.py, whose own scores of val differ in the last digits."""
    val = pd.read_csv(folder / "val.csv", dtype={"group": str, "target": str}, keep_default_na=False)
    write_predictions(val.assign(probability=val["probability"] + 1e-7), folder / "predicted.csv")
    config = {"threshold": method, "bootstrap": 0, "seed": 1}
    files = [
        "--test",
        folder / "val.csv",
        "--val",
        folder / "predicted.csv",
        "--facts",
        folder / "facts.json",
    ]
    outputs = [part for name in PLOTS for part in (f"--{name}", folder / f"{name}.svg")]
    outputs += ["--output-table", folder / "m.csv", "--output-text", folder / "m.txt"]
    outputs += ["--output-groups", folder / "groups.csv"]
    args = [*files, *outputs, "--output", folder / "metrics.json", "--config", json.dumps(config)]
    assert run_program("evaluate.py", *args) == 0
    return json.loads((folder / "metrics.json").read_text())["threshold"]


@pytest.mark.parametrize("method", ["f1_macro", "eer", 0.437, 0, 1])
def test_best_pt_has_the_thresholds_of_the_report_to_the_last_bit(trained, method):
    assert finish(trained, method) == 0
    best, facts, threshold = (
        load_checkpoint(trained / "best.pt"),
        facts_of(trained),
        reported(trained, method),
    )
    assert (threshold["frame"], threshold["video"]) == (best["threshold"], best["video_threshold"])
    assert threshold["people"] == best["people_thresholds"]
    assert (threshold["how"], threshold["from"]) == (method, "val" if isinstance(method, str) else "config")
    val = pd.read_csv(trained / "val.csv", dtype={"group": str, "target": str}, keep_default_na=False)
    assert choose_thresholds(val, method) == {key: best[key] for key in ("threshold", "video_threshold")}
    videos = aggregate_to_videos(val)
    people = people_thresholds(videos["label"], videos["probability"], best["video_threshold"])
    assert best["people_thresholds"] == facts["people_thresholds"] == people and len(people) == MOST_PEOPLE
    called = val["probability"] >= best["threshold"]
    assert best["metrics"]["val"]["accuracy"] == pytest.approx((called == val["label"]).mean())
    assert best["metrics"] == facts["metrics"] and best["metrics"]["epoch"] == 3


def test_all_else_stays_as_it_was_trained(trained):
    assert finish(trained, "eer") == 0
    trained_as, best = (load_checkpoint(trained / name) for name in ("weights.pt", "best.pt"))
    changed = {"threshold", "video_threshold", "people_thresholds", "metrics"}
    assert best.keys() - trained_as.keys() == {"people_thresholds"}
    for key in trained_as.keys() - changed - {"state"}:
        assert best[key] == trained_as[key], key
    assert all(torch.equal(best["state"][key], value) for key, value in trained_as["state"].items())
    facts = facts_of(trained)
    assert (facts["arch"], facts["parameters"]) == ("meso4", 7)
    first = (trained / "best.pt").read_bytes()
    assert finish(trained, "eer") == 0 and (trained / "best.pt").read_bytes() == first
    assert finish(trained, 0.3) == 0 and (trained / "best.pt").read_bytes() != first


def test_an_ensemble_and_a_validation_set_of_one_class(trained):
    member = load_checkpoint(trained / "weights.pt")
    write_ensemble(trained / "weights.pt", [member, member], [0.5, 0.5], temperature=2.0)
    write_predictions(table([("a", "v", "", 0, "p", [0.7, 0.9])]), trained / "val.csv")
    assert finish(trained, "eer") == 0
    best, facts = load_checkpoint(trained / "best.pt"), facts_of(trained)
    assert len(best["parts"]) == 2 and best["temperature"] == 2.0
    assert best["threshold"] == best["video_threshold"] == 0.5
    assert facts["threshold_choice"] == {"how": "eer", "from": "default"}


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("weights.pt", "text", "weights.pt is no file of torch.save"),
        ("weights.json", "{", "weights.json can't be read"),
        ("val.csv", "image,label\n", "val.csv: no column"),
        ("", "best", "write f1_macro, eer or a number"),
        ("", "1.5", "write a number from 0 to 1"),
        ("", "nan", "write a number from 0 to 1"),
    ],
)
def test_an_error_is_one_line_and_writes_nothing(trained, caplog, file, content, message):
    if file:
        (trained / file).write_text(content)
    assert finish(trained, "eer" if file else content) == 1
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1 and message in errors[0]
    assert not (trained / "best.pt").exists() and not (trained / "facts.json").exists()


@pytest.mark.parametrize(
    "thresholds",
    [[0.5] * 7, [0.5] * 9, [0.5] * 7 + [0.4], [0.6] * 8, [0.5] * 7 + [1.5], [0.5] * 7 + [1], "0.5", None],
    ids="few many falls other above integer text null".split(),
)
def test_thresholds_for_several_people_are_checked(trained, thresholds):
    checkpoint = load_checkpoint(trained / "weights.pt")
    assert checkpoint["video_threshold"] == COMMON["threshold"] == 0.5
    save_changed(trained / "best.pt", checkpoint, people_thresholds=[0.5] * MOST_PEOPLE)
    with pytest.raises(ModelError, match="people_thresholds"):
        save_changed(trained / "best.pt", checkpoint, people_thresholds=thresholds)
