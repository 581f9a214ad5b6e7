"""train.py with checkpoint: delta: the same network as whole checkpoints hold, in less space."""

import json
from pathlib import Path

import pytest
import torch
from made import decoded as made_decoded
from made.decoded import train_here
from made.programs import run_program

from deepfake.checkpoints.best_pt import load_checkpoint, read_checkpoint
from deepfake.networks.build import build

pytestmark = pytest.mark.usefixtures("one_thread")

VIT = {"arch": "timm/test_vit", "image_size": 32, "head": "new", "epochs": 1, "lr": 0.01}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("made"), counts={"train": 24, "val": 16})


@pytest.fixture(scope="module")
def encoder(tmp_path_factory) -> str:
    """The path of the weights that the networks start from."""
    path = tmp_path_factory.mktemp("encoder") / "encoder.pth"
    torch.save(build(VIT | {"weights": None}, 3).detector.network.state_dict(), path)
    return str(path)


def finish(out: Path) -> int:
    files = ["--weights", out / "weights.pt", "--facts", out / "weights.json", "--val", out / "val.csv"]
    outputs = ["--output", out / "best.pt", "--output-facts", out / "facts.json"]
    return run_program("finish.py", *files, "--threshold", "eer", *outputs)


@pytest.mark.parametrize("tune", ["head", "norms", "lora", {"last": 1}], ids=str)
def test_a_delta_is_the_network_that_a_whole_checkpoint_holds(made, encoder, tmp_path, tune):
    settings = VIT | {"weights": encoder, "tune": tune}
    whole = train_here(made, tmp_path / "whole", settings)
    delta = train_here(made, tmp_path / "delta", settings | {"checkpoint": "delta"})
    assert finish(whole) == finish(delta) == 0
    for name in ("weights.pt", "best.pt", "checkpoints/last.pt"):
        full, completed, kept = load_checkpoint(whole / name), load_checkpoint(delta / name), delta / name
        assert list(completed["state"]) == list(full["state"])
        assert all(torch.equal(value, completed["state"][key]) for key, value in full["state"].items())
        assert "encoder" in read_checkpoint(kept) and kept.stat().st_size < (whole / name).stat().st_size
        assert completed["threshold"] == full["threshold"]
    assert (whole / "val.csv").read_bytes() == (delta / "val.csv").read_bytes()
    parameters = [json.loads((out / "facts.json").read_text())["parameters"] for out in (whole, delta)]
    assert parameters[0] == parameters[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "checkpoint: delta can't be used with tune: all"),
        ({"tune": "norms", "weights": None}, "checkpoint: delta can't be used with weights: null"),
    ],
)
def test_where_a_delta_saves_nothing_is_said_before_the_training(
    made, encoder, tmp_path, caplog, changes, message
):
    train_here(made, tmp_path, VIT | {"weights": encoder, "checkpoint": "delta"} | changes, code=1)
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1 and errors[0].startswith(message)
    assert not (tmp_path / "out").exists() and not (tmp_path / "run").exists()
