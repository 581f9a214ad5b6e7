"""combine.py: the ensemble's predictions, numbers and errors, and predict.py with an ensemble."""

import json
import re
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from made import decoded as made_decoded
from made.ensemble import LARGE, SMALL, write_member

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.open_model import open_model
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.predictions import choose_thresholds, read_predictions
from deepfake.inputs.decoded import read_decoded
from deepfake.program import run

pytestmark = pytest.mark.usefixtures("one_thread")

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"
COMBINE, PREDICT = (runpy.run_path(str(SCRIPTS / f"{name}.py"))["main"] for name in ("combine", "predict"))
SECTION = {"models": ["a", "b"], "weighted": "validation", "tta": None, "calibrate": True}
TTA = {"flip": True, "scales": [1, 0.75], "crops": None}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The same images, decoded at two sizes."""
    folder = tmp_path_factory.mktemp("made")
    return [made_decoded.make(folder / str(size), size) for size in (SMALL, LARGE)]


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    folder = tmp_path_factory.mktemp("members")
    write_member(
        folder / "a.pt", SMALL, 1, f1_macro=0.9, training={"seed": 5}, preprocessing={"shows": "faces"}
    )
    write_member(folder / "b.pt", LARGE, 2, f1_macro=0.6)
    return {name: folder / f"{name}.pt" for name in "ab"}


def inputs(made) -> list:
    return ["--images", *(one.images for one in made), "--rows", *(one.rows for one in made), "--threads", 1]


def combine(made, members: dict, folder: Path, **changes) -> int:
    """Run combine.py, and return its exit code."""
    section = SECTION | {"models": list(members)} | changes
    args = ["--members", *members, "--checkpoints", *members.values(), "--config", json.dumps(section)]
    return run(COMBINE, [*map(str, common_args(made, folder)), *map(str, args)])


def common_args(made, folder: Path) -> list:
    args = ["--dataset", "made", "--ensemble", "both", "--plan-summary", made[0].plan_summary, *inputs(made)]
    args += ["--output-val", folder / "val.csv"]
    return [*args, "--output", folder / "weights.pt", "--output-facts", folder / "weights.json"]


def predicted(made, checkpoint: Path, folder: Path, split: str = "test") -> np.ndarray:
    args = ["predict.py", *inputs(made), "--checkpoint", checkpoint, "--split", split]
    with patch.object(sys, "argv", [str(arg) for arg in [*args, "--output", folder / "out.csv"]]):
        assert not PREDICT()
    return read_predictions(folder / "out.csv")["probability"].to_numpy()


def logit(probabilities: np.ndarray) -> np.ndarray:
    return np.log(probabilities) - np.log1p(-probabilities)


def test_its_logits_are_the_weighted_mean_of_its_members_logits_over_the_temperature(made, members, tmp_path):
    assert combine(made, members, tmp_path) == 0
    facts = json.loads((tmp_path / "weights.json").read_text())
    assert [facts["members"][name]["weight"] for name in "ab"] == pytest.approx([0.6, 0.4])
    assert facts["temperature"] != 1
    alone = [predicted([one], path, tmp_path) for one, path in zip(made, members.values(), strict=True)]
    together = predicted(made, tmp_path / "weights.pt", tmp_path)
    expected = (0.6 * logit(alone[0]) + 0.4 * logit(alone[1])) / facts["temperature"]
    np.testing.assert_allclose(logit(together), expected, atol=1e-3)
    assert together.std() > 0


def test_its_thresholds_and_metrics_are_those_of_val(made, members, tmp_path):
    assert combine(made, members, tmp_path) == 0
    checkpoint, facts = (
        load_checkpoint(tmp_path / "weights.pt"),
        json.loads((tmp_path / "weights.json").read_text()),
    )
    for key in ("threshold", "video_threshold", "metrics", "dataset", "preprocessing", "training"):
        assert checkpoint[key] == facts[key], key
    assert facts["preprocessing"] == {"shows": "faces"}
    assert facts["training"]["members"]["a"] == {"weight": 0.6, "training": {"seed": 5}}
    assert facts["training"]["ensemble"] == SECTION
    rows = read_decoded(made[0].images, made[0].rows).rows
    val = rows[rows["split"] == "val"].sort_values("image")
    probability = predicted(made, tmp_path / "weights.pt", tmp_path, "val")
    thresholds = choose_thresholds(val.assign(probability=probability))
    assert thresholds == pytest.approx({key: facts[key] for key in thresholds}, abs=1e-6)
    measured = compute_metrics(val["label"].to_numpy(), probability, facts["threshold"])
    assert facts["metrics"]["val"] == pytest.approx(measured, abs=1e-4)


def test_neither_train_nor_test_has_an_effect(made, members, tmp_path):
    assert combine(made, members, tmp_path / "one") == 0
    others = []
    for number, one in enumerate(made):
        images, decoded = np.load(one.images), read_decoded(one.images, one.rows)
        images[np.concatenate([decoded.split("train"), decoded.split("test")])] = 0
        np.save(tmp_path / f"{number}.npy", images)
        others.append(made_decoded.DecodedFiles(tmp_path / f"{number}.npy", one.rows, one.plan_summary))
    assert combine(others, members, tmp_path / "two") == 0
    for name in ("weights.pt", "weights.json", "val.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_calibration_lowers_the_loss_of_val_and_keeps_the_order(made, members, tmp_path):
    facts = {}
    for calibrate in (True, False):
        folder = tmp_path / str(calibrate)
        assert combine(made, members, folder, calibrate=calibrate) == 0
        facts[calibrate] = json.loads((folder / "weights.json").read_text())
    val = {calibrate: content["metrics"]["val"] for calibrate, content in facts.items()}
    assert facts[False]["temperature"] == 1 != facts[True]["temperature"]
    assert val[True]["log_loss"] < val[False]["log_loss"]
    for name in ("roc_auc", "eer", "average_precision", "f1_macro"):
        assert val[True][name] == val[False][name], name


def test_views_of_one_model_are_averaged(made, members, tmp_path):
    only = {"a": members["a"]}
    assert combine(made[:1], only, tmp_path, tta=TTA, calibrate=False, weighted="equally") == 0
    facts = json.loads((tmp_path / "weights.json").read_text())
    assert facts["views"] == 4 and facts["members"]["a"]["archs"] == ["meso4"]
    model, decoded = open_model(tmp_path / "weights.pt"), read_decoded(made[0].images, made[0].rows)
    images = decoded.take(decoded.split("test"))
    mirrored = np.ascontiguousarray(images[:, :, ::-1])
    np.testing.assert_allclose(model.logits([images]), model.logits([mirrored]), atol=1e-5)
    alone = open_model(members["a"]).logits
    assert not np.allclose(alone([images]), alone([mirrored]), atol=1e-3)


def test_without_a_class_in_val_the_temperature_stays_1_with_a_warning(members, tmp_path, caplog):
    made = [made_decoded.make(tmp_path / str(size), size, {"val": 1}) for size in (SMALL, LARGE)]
    assert combine(made, members, tmp_path / "out") == 0
    assert "val lacks a class, so the temperature stays 1" in caplog.text
    facts = json.loads((tmp_path / "out/weights.json").read_text())
    assert facts["temperature"] == 1 and facts["threshold"] == 0.5


def test_an_error_is_one_line_and_writes_nothing(made, members, tmp_path, caplog):
    other = write_member(tmp_path / "in/c.pt", LARGE, dataset={"name": "large", "sha256": "1" * 64})
    silent = write_member(tmp_path / "in/d.pt", LARGE, metrics={})
    half = tmp_path / "in/half.pt"
    half.write_bytes(other.read_bytes()[:3000])
    fewer = made_decoded.make(tmp_path / "in/fewer", LARGE, {"val": 2})
    a = {"a": members["a"]}
    wide = {"flip": True, "scales": [1 - n / 1000 for n in range(200)], "crops": None}
    for message, images, given, changes in (
        ("c .*was trained on large, digest 111111111111.*train it on the same", made, a | {"c": other}, {}),
        ("d has no macro F1 on val.*write weighted: equally", made, a | {"d": silent}, {}),
        ("half.pt is no file of torch.save", made, a | {"half": half}, {}),
        ("there is no .*nowhere.pt", made, a | {"b": tmp_path / "nowhere.pt"}, {}),
        ("takes images at 32-bilinear, 48-bilinear; give images and rows for each", made[:1], members, {}),
        ("images of 48×48 pixels, and the network takes 32×32", made[::-1], members, {}),
        ("list different images", [made[0], fewer], members, {}),
        ("ensembles.both: 2 networks and 400 views of one; at most 64 and 256", made, members, {"tta": wide}),
    ):
        caplog.clear()
        assert combine(images, given, tmp_path / "out", **changes) == 1
        lines = [record.getMessage() for record in caplog.records]
        assert len(lines) == 1 and re.search(message, lines[0]) and "\n" not in lines[0]
    assert not (tmp_path / "out").exists()


def test_members_and_checkpoints_must_be_equally_many(made, members, tmp_path, capsys):
    args = [
        *common_args(made, tmp_path),
        "--members",
        "a",
        "b",
        "--checkpoints",
        members["a"],
        "--config",
        "{}",
    ]
    with pytest.raises(SystemExit):
        run(COMBINE, [str(arg) for arg in args])
    assert "--members and --checkpoints: give the same number of each" in capsys.readouterr().err
