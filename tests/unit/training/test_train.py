"""train.py: the files that it writes, two processes, given weights, and errors."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import transformers
from made import decoded as made_decoded
from made.decoded import MODEL, history_of, points, train_here, write_start
from made.huggingface import vit
from made.keras import write_weights
from made.models import load_detector

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.metrics import compute_metrics
from deepfake.evaluation.thresholds import choose_threshold
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.networks.keras_weights import read_keras_weights
from deepfake.networks.mesonet import Meso4
from deepfake.training.history import HISTORY
from deepfake.training.train import class_weights, share_of_fakes

pytestmark = pytest.mark.usefixtures("one_thread")

FILES = ["checkpoints", "curves.svg", "history.csv", "history.json", "tensorboard", "val.csv", "weights.json"]
FILES += ["weights.pt"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


def test_a_run_writes_the_documented_files_and_nothing_else(made, tmp_path, capsys):
    out = train_here(made, tmp_path, {"epochs": 5})
    assert sorted(path.name for path in out.iterdir()) == FILES
    assert sorted(path.name for path in (out / "checkpoints").iterdir()) == ["epoch_005.pt", "last.pt"]
    assert not (tmp_path / "run").exists()
    rows, table = history_of(out), pd.read_csv(out / "history.csv", float_precision="round_trip")
    assert list(table) == HISTORY and table.to_dict("records") == rows and len(rows) == 5
    for key, values in points(out / "tensorboard").items():
        assert [step for step, _ in values] == [1, 2, 3, 4, 5]
        assert np.allclose([value for _, value in values], table[key], rtol=1e-6), key
    assert (out / "curves.svg").read_text().count("<path") > 10
    assert re.match(r"made/tiny: macro F1 \d\.\d{3} on val, threshold 0\.\d{3}\n", capsys.readouterr().out)


def test_checkpoints_have_the_metrics_and_the_threshold_of_their_weights(made, tmp_path):
    out = train_here(made, tmp_path, {"epochs": 5})
    decoded = read_decoded(made.images, made.rows)
    labels = decoded.rows["label"].to_numpy()[decoded.split("val")]
    for path in (out / "weights.pt", *sorted((out / "checkpoints").glob("*.pt"))):
        detector, content = load_detector(path)
        found = predict_split(logits_function(detector), [decoded], "val").astype(np.float64)
        assert content["threshold"] == choose_threshold(labels, found)
        assert content["metrics"]["val"] == compute_metrics(labels, found, content["threshold"])
    best = load_checkpoint(out / "weights.pt")
    rows = sorted(history_of(out), key=lambda row: (-row["val_f1_macro"], row["val_loss"]))
    assert best["metrics"]["epoch"] == rows[0]["epoch"]
    assert best["dataset"] == {"name": "made", "sha256": "0" * 64, "images": {"all": 88}}
    assert best["training"] == MODEL | {"epochs": 5, "class_weights": {"real": 1.0, "fake": 1.0}}
    facts = json.loads((out / "weights.json").read_text())
    assert {key: facts[key] for key in ("metrics", "threshold", "training", "dataset", "geometry")} == {
        key: best[key] for key in ("metrics", "threshold", "training", "dataset", "geometry")
    }


def test_the_weights_of_the_classes_come_from_the_plan_the_config_or_nowhere(made, tmp_path):
    plan = {"class_weights": {"real": 2.0, "fake": 0.5}}
    for setting, expected in (
        ("auto", (2.0, 0.5)),
        ("none", (1.0, 1.0)),
        ({"real": 3, "fake": 1}, (3.0, 1.0)),
    ):
        assert class_weights(MODEL | {"class_weights": setting}, plan) == expected
        balanced = MODEL | {"class_weights": setting, "batches": "pairs"}
        assert class_weights(balanced, plan) == ((1.0, 1.0) if setting == "auto" else expected)


def test_without_fakes_the_weights_are_those_of_the_blends():
    plan = {"class_weights": {"real": 2.0, "fake": 0.5}}
    reals = MODEL | {"fakes": False, "class_weights": "auto"}
    assert class_weights(reals | {"self_blend": 0.25}, plan) == pytest.approx((2 / 3, 2.0))
    assert class_weights(reals | {"self_blend": 1}, plan) == (1.0, 1.0)
    assert class_weights(reals | {"self_blend": 1, "class_weights": {"real": 3, "fake": 1}}, plan) == (3, 1)


# Several processes


def test_two_processes_train_one_network_on_all_images(tmp_path):
    made = made_decoded.make(
        tmp_path / "made", counts={"train": 48, "val": 25}
    )  # two processes can't have equal shares of val
    settings = {"epochs": 2, "freeze_epochs": 1, "ema": 0.9}
    done = made_decoded.train(made, tmp_path, settings, "--devices", "2")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    rows = history_of(out)
    assert len(rows) == 2 and done.stderr.count("epoch 2 of 2") == 1
    decoded = read_decoded(made.images, made.rows)
    labels = decoded.rows["label"].to_numpy()[decoded.split("val")]
    detector, content = load_detector(out / "checkpoints/last.pt")
    found = compute_metrics(
        labels, predict_split(logits_function(detector), [decoded], "val").astype(float), 0.5
    )
    assert rows[-1]["val_f1_macro"] == found["f1_macro"]
    assert rows[-1]["val_loss"] == pytest.approx(found["log_loss"], rel=1e-4)
    assert load_checkpoint(out / "weights.pt")["metrics"]["epoch"] in (1, 2)
    assert sorted(path.name for path in out.iterdir()) == FILES and not (tmp_path / "run").exists()


# Given weights


def test_without_epochs_the_given_weights_stay_and_get_a_threshold_from_val(made, tmp_path):
    write_start(tmp_path / "given.pt", 3)
    out = train_here(made, tmp_path, {"epochs": 0, "weights": str(tmp_path / "given.pt")})
    given = torch.load(tmp_path / "given.pt", weights_only=True)
    detector, best = load_detector(out / "weights.pt")
    assert all(torch.equal(best["state"][key], given[key]) for key in given)
    decoded = read_decoded(made.images, made.rows)
    labels = decoded.rows["label"].to_numpy()[decoded.split("val")]
    assert best["threshold"] == choose_threshold(
        labels, predict_split(logits_function(detector), [decoded], "val").astype(float)
    )
    assert list(best["metrics"]) == ["val"]
    assert history_of(out) == [] and list(pd.read_csv(out / "history.csv")) == HISTORY
    assert "there was no training" in re.sub(r"<!--|-->", "", (out / "curves.svg").read_text())
    assert sorted(path.name for path in out.iterdir()) == FILES


def test_the_weights_of_mesonet_s_authors_stay_without_epochs(tmp_path):
    made = made_decoded.make(tmp_path / "made", size=256, counts={"train": 2, "val": 4})
    file = write_weights(tmp_path / "Meso4.h5", "meso4")
    out = train_here(made, tmp_path, {"epochs": 0, "weights": str(file), "image_size": None})
    expected = read_keras_weights(file, Meso4(256))
    state = load_checkpoint(out / "weights.pt")["state"]
    assert all(torch.equal(state[key], expected[key]) for key in expected)


def test_transformers_predicts_the_same_with_a_saved_hf_model(made, tmp_path):
    vit(tmp_path / "baseline")
    arch = f"hf/{tmp_path / 'baseline'}"
    model = {"arch": arch, "head": "keep", "image_size": None, "epochs": 4, "lr": 0.003}
    out = train_here(made, tmp_path, model)
    names = [path.name for path in sorted((out / "checkpoints").iterdir())]
    assert names == ["hf_best", "hf_last", "last.pt"]
    assert max(row["val_f1_macro"] for row in history_of(out)) > 0.9
    decoded = read_decoded(made.images, made.rows)
    ours = predict_split(logits_function(load_detector(out / "weights.pt")[0]), [decoded], "test")
    images = list(decoded.take(decoded.split("test")))
    for name, same in (("hf_best", True), ("../../baseline", False)):
        folder = out / "checkpoints" / name
        theirs = transformers.AutoModelForImageClassification.from_pretrained(folder)
        processor = transformers.AutoImageProcessor.from_pretrained(folder)
        with torch.inference_mode():
            shares = theirs(**processor(images, return_tensors="pt")).logits.softmax(1)
        assert theirs.config.id2label[1] == "Deepfake"
        assert np.allclose(shares[:, 1].numpy(), ours, atol=1e-5) == same


# Errors


def broken(made, folder: Path, change) -> made_decoded.DecodedFiles:
    """A copy of a decoded dataset with `change` applied to its rows."""
    rows = change(pd.read_csv(made.rows, dtype=str, keep_default_na=False))
    rows.to_csv(folder / "rows.csv", index=False)
    images = np.load(made.images)[: len(rows)]
    np.save(folder / "images.npy", images)
    return made_decoded.DecodedFiles(folder / "images.npy", folder / "rows.csv", made.plan_summary)


TABLES = {
    "the split val is empty": lambda rows: rows.assign(split=rows["split"].replace("val", "test")),
    "the split train has no fake images": lambda rows: rows[
        (rows["split"] != "train") | (rows["label"] == "0")
    ],
}


@pytest.mark.parametrize("message", TABLES)
def test_a_dataset_without_a_class_or_a_split_is_one_line(made, tmp_path, caplog, message):
    own = broken(made, tmp_path, TABLES[message])
    train_here(own, tmp_path, code=1)
    assert [record.getMessage().startswith(f"{own.rows}: {message}") for record in caplog.records] == [True]
    assert not (tmp_path / "out").exists()


def test_a_truncated_file_of_images_is_one_line(made, tmp_path, caplog):
    own = broken(made, tmp_path, lambda rows: rows)
    own.images.write_bytes(own.images.read_bytes()[:-100])
    train_here(own, tmp_path, code=1)
    assert "images.npy can't be read" in caplog.text and len(caplog.records) == 1


SECTIONS = {
    "there is no weights file nowhere.pt": {"weights": "nowhere.pt"},
    "there is no arch 'meso5'": {"arch": "meso5"},
    "there is no folder .*nowhere": {"arch": "hf//nowhere"},
    "holds images of 32×32 pixels, and the network takes 64×64": {"image_size": 64},
    "other.pt": {"weights": "other.pt"},
    "in epoch 1 the network's outputs are not finite": {"lr": 1e37, "warmup": 0, "clip": None},
    "accelerator gpu with devices 99 isn't possible": {},
}


@pytest.mark.parametrize("message", SECTIONS)
def test_a_wrong_section_is_one_line(made, tmp_path, monkeypatch, caplog, message):
    monkeypatch.chdir(tmp_path)
    torch.save(build(MODEL | {"arch": "mesoinception4"}, 0).detector.network.state_dict(), "other.pt")
    more = ["--accelerator", "gpu", "--devices", "99"] if "gpu" in message else []
    train_here(made, tmp_path, SECTIONS[message], *more, code=1)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(lines) == 1 and re.search(message, lines[0]) and "\n" not in lines[0]
    assert not (tmp_path / "out").exists()


# The start of a new head


@pytest.mark.parametrize(
    "labels, weights, changes, expected",
    [
        ([0, 1, 1, 1], (1.0, 1.0), {}, 0.75),
        ([0, 1, 1, 1], (3.0, 1.0), {}, 0.5),
        ([0, 1, 1, 1], (1.0, 1.0), {"self_blend": 0.5}, 0.875),
        ([0, 1, 1, 1], (1.0, 1.0), {"label_smoothing": 0.2}, 0.7),
        ([0, 1, 1, 1], (1.0, 1.0), {"batches": "balanced"}, 0.5),
        ([0, 1, 1, 1], (1.0, 1.0), {"batches": "pairs", "self_blend": 0.5}, 0.75),
        ([0, 0, 0, 1], (1.0, 1.0), {"self_blend": 0.2, "fakes": False}, 0.2),
        ([0, 0, 0, 1], (1.0, 3.0), {"self_blend": 1, "fakes": False}, 0.75),
    ],
)
def test_the_share_of_fakes_is_the_mean_target_of_the_loss(labels, weights, changes, expected):
    assert share_of_fakes(np.array(labels), weights, MODEL | changes) == pytest.approx(expected)


def test_training_starts_at_the_loss_of_the_share_of_fakes(tmp_path):
    """With one real in five, a first loss of its entropy, 0.50, is what the share alone is worth."""
    made = made_decoded.make(tmp_path / "made", counts={"train": 40, "val": 8})
    rows = pd.read_csv(made.rows, dtype=str, keep_default_na=False)
    train = rows["split"] == "train"
    rows.loc[train, "label"] = np.where(np.arange(train.sum()) % 5 == 0, "0", "1")
    rows.to_csv(made.rows, index=False)
    settings = {
        "epochs": 1,
        "batch_size": 40,
        "lr": 1e-9,
        "arch": "timm/test_resnet",
        "class_weights": "none",
    }
    out = train_here(made, tmp_path, settings | {"image_size": 32})
    assert history_of(out)[0]["train_loss"] == pytest.approx(0.5004, abs=0.01)
