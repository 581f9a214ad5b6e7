"""features.py, and train.py on what it keeps: the same whatever the run, and a head that fits its network."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL, history_of, train_here
from made.models import load_detector
from made.programs import run_program
from made.training import Killed, before_epoch, timeless_files

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.predictions import read_predictions
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.networks.feature_detector import features_of
from deepfake.networks.feature_settings import encoder_section
from deepfake.training import features

pytestmark = pytest.mark.usefixtures("one_thread")

HEAD = MODEL | {
    "arch": "timm/test_efficientnet",
    "image_size": 32,
    "tune": "head",
    "augment": "light",
    "lr": 0.3,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"))


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> dict:
    """A section that trains the head alone of a network with given weights."""
    path = tmp_path_factory.mktemp("weights") / "encoder.pt"
    torch.save(build(HEAD, 3).detector.network.state_dict(), path)
    return HEAD | {"weights": str(path)}


def keep(made, model: dict, folder: Path, **changes) -> list[str]:
    """Run features.py, and return the paths of the arrays of train and val."""
    folder.mkdir(exist_ok=True)
    arrays = [str(folder / f"{split}.npy") for split in ("train", "val")]
    args = ["--images", made.images, "--rows", made.rows, "--plan-summary", made.plan_summary, "--threads", 1]
    args += ["--config", json.dumps(encoder_section(model | changes)), "--run-folder", folder / "run"]
    args += ["--output-train", arrays[0], "--output-val", arrays[1], "--output", folder / "facts.json"]
    assert run_program("features.py", *args, "--accelerator", "cpu") == 0
    return arrays


def test_each_image_has_the_features_that_its_network_gives(made, model, tmp_path):
    train, val = (np.load(path) for path in keep(made, model, tmp_path, augment="off"))
    decoded, detector = read_decoded(made.images, made.rows), build(model, 0).detector.eval()
    for array, split in ((train, "train"), (val, "val")):
        images = torch.from_numpy(decoded.take(decoded.split(split))).permute(0, 3, 1, 2)
        assert array.dtype == np.float32 and len(array) == 1
        assert np.allclose(array[0], features_of(detector, images), atol=1e-5)
    facts = json.loads((tmp_path / "facts.json").read_text())
    assert facts["features"] == train.shape[-1] and facts["views"] == 1
    assert not (tmp_path / "run").exists()


def test_views_differ_and_are_the_same_for_a_seed(made, model, tmp_path, monkeypatch):
    train, val = (np.load(path) for path in keep(made, model, tmp_path / "one"))
    assert train.shape[:2] == (4, 48) and val.shape[:2] == (1, 24)
    assert len(np.unique(train, axis=0)) == 4
    monkeypatch.setitem(features.BATCH, "cpu", 7)
    again, same_val = (np.load(path) for path in keep(made, model, tmp_path / "two"))
    assert np.allclose(train, again, atol=1e-5) and np.allclose(val, same_val, atol=1e-5)
    other = np.load(keep(made, model, tmp_path / "other", seed=2)[0])
    assert not np.allclose(train, other, atol=1e-2)
    assert np.load(keep(made, model, tmp_path / "more", feature_views=2)[0]).shape[0] == 2


def end(calls: Iterator) -> tuple[()]:
    """Raise Killed where there are no more `calls`."""
    if next(calls, None) is None:
        raise Killed
    return ()


def test_a_killed_run_ends_like_an_uninterrupted_one(made, model, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 10)
    whole = [Path(path).read_bytes() for path in keep(made, model, tmp_path / "whole")]
    kills, compute = 0, features.features_of
    while True:
        calls = iter(range(7))
        monkeypatch.setattr(features, "features_of", lambda *args, calls=calls: compute(*args, *end(calls)))
        try:
            again = keep(made, model, tmp_path / "killed")
            break
        except Killed:
            kills += 1
        with open(tmp_path / f"killed/run/{'train' if kills < 3 else 'val'}.npy", "ab") as file:
            file.write(b"half")
    assert kills == 3 and [Path(path).read_bytes() for path in again] == whole


def test_a_head_trained_on_features_is_that_of_its_whole_network(made, model, tmp_path):
    arrays = keep(made, model, tmp_path)
    out = train_here(made, tmp_path, model | {"epochs": 6}, "--features", *arrays)
    given, content = torch.load(model["weights"], weights_only=True), load_checkpoint(out / "weights.pt")
    found, written = scores_of(made, out)
    assert np.allclose(found, written, atol=1e-5) and found.std() > 0.01
    changed = {key for key, value in content["state"].items() if not torch.equal(value, given[key])}
    assert changed == {"classifier.weight", "classifier.bias"} and content["state"].keys() == given.keys()
    assert content["training"]["augment"] == "light"
    rows = history_of(out)
    assert rows[-1]["val_loss"] < rows[0]["val_loss"]


@pytest.mark.parametrize(
    "changes",
    [
        {"head_norm": "l2", "loss": "focal", "uniformity": 0.5, "alignment": 0.1},
        {"arch": "torchvision/resnet18", "batches": "balanced", "ema": 0.9, "checkpoint": "delta"},
        {"arch": "meso4", "frames": 2},
        {"arch": "timm/test_vit", "layer_decay": 0.5, "lr": {"encoder": 0.001, "head": 0.1}},
    ],
)
def test_features_replace_images_of_every_network_with_a_linear_head(made, tmp_path, changes):
    path = tmp_path / "encoder.pt"
    section = HEAD | {"augment": "off", "epochs": 1} | changes
    torch.save(build(section | {"frames": 1}, 3).detector.network.state_dict(), path)
    section |= {"weights": str(path)}
    out = train_here(made, tmp_path, section, "--features", *keep(made, section, tmp_path))
    assert np.allclose(*scores_of(made, out), atol=1e-5)


def test_a_killed_training_on_features_ends_with_the_same_bytes(made, model, tmp_path, monkeypatch):
    arrays = keep(made, model, tmp_path)
    whole = timeless_files(train_here(made, tmp_path / "whole", model, "--features", *arrays))

    def kill() -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        before_epoch(2, kill, patch)
        train_here(made, tmp_path / "killed", model, "--features", *arrays)
    assert timeless_files(train_here(made, tmp_path / "killed", model, "--features", *arrays)) == whole


def test_two_processes_train_one_head(made, model, tmp_path):
    arrays = keep(made, model, tmp_path, feature_views=1)
    done = made_decoded.train(made, tmp_path, model | {"epochs": 1}, "--features", *arrays, "--devices", "2")
    assert done.returncode == 0, done.stderr
    assert np.allclose(*scores_of(made, tmp_path / "out"), atol=1e-5)


def test_without_a_linear_head_nothing_is_kept_and_training_takes_the_images(made, tmp_path):
    section = HEAD | {"arch": "torchvision/squeezenet1_1", "image_size": 48, "epochs": 1}
    large = made_decoded.make(tmp_path / "large", size=48, counts={"train": 8, "val": 4})
    torch.save(build(section | {"frames": 1}, 3).detector.network.state_dict(), tmp_path / "encoder.pt")
    section |= {"weights": str(tmp_path / "encoder.pt")}
    arrays = keep(large, section, tmp_path)
    assert np.load(arrays[0]).shape == (4, 8, 0)
    out = train_here(large, tmp_path, section, "--features", *arrays)
    assert np.allclose(*scores_of(large, out), atol=1e-5)


def test_features_of_something_else_are_refused(made, model, tmp_path, caplog):
    few = made_decoded.make(tmp_path / "few", counts={"train": 8, "val": 8})
    train_here(made, tmp_path, model, "--features", *keep(few, model, tmp_path / "a"), code=1)
    assert "there are 48 images of train" in caplog.text
    torch.save(build(HEAD, 4).detector.network.state_dict(), tmp_path / "other.pt")
    other = keep(made, model | {"weights": str(tmp_path / "other.pt")}, tmp_path / "b")
    train_here(made, tmp_path, model, "--features", *other, code=1)
    assert "features of another network or other images" in caplog.text


def scores_of(made, out: Path) -> tuple[np.ndarray, np.ndarray]:
    """The probabilities of val by weights.pt, on the images, and those that training has written."""
    decoded, (detector, _) = read_decoded(made.images, made.rows), load_detector(out / "weights.pt")
    written = read_predictions(out / "val.csv").set_index("image")["probability"]
    images = decoded.rows["image"].iloc[decoded.split("val")]
    return predict_split(logits_function(detector), [decoded], "val"), written[images].to_numpy()


def test_a_method_is_left_out_of_features_as_of_images(made, model, tmp_path):
    rows = pd.read_csv(made.rows, dtype=str, keep_default_na=False)
    rows.loc[rows.index[rows["label"] == "1"][::3], "method"] = "other"
    rows.to_csv(tmp_path / "rows.csv", index=False)
    some = replace(made, rows=tmp_path / "rows.csv")
    still = model | {"augment": "off", "epochs": 2, "channels_last": False}
    arrays = keep(some, still, tmp_path)
    images = train_here(some, tmp_path / "images", still, "--leave-out", "other")
    kept = train_here(some, tmp_path / "kept", still, "--leave-out", "other", "--features", *arrays)
    one, two = (read_predictions(out / "val.csv").set_index("image") for out in (images, kept))
    assert len(one) < 24 and np.allclose(one["probability"], two.loc[one.index, "probability"], atol=1e-4)
