"""Each of recipes/*.yaml trains to its end: the network's own class with random weights, on tiny images."""

import json
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import yaml
from conftest import ROOT
from made import decoded as made_decoded
from made import huggingface as made_huggingface
from made.config import SCHEMA, updated
from made.decoded import SIZE, history_of, train_here
from made.programs import run_program

from deepfake.checkpoints.best_pt import load_checkpoint
from deepfake.config.check import check_config
from deepfake.evaluation.predictions import read_predictions
from deepfake.inputs.decoded import read_decoded
from deepfake.inputs.landmarks import KINDS, Located, write_landmarks
from deepfake.networks.feature_settings import encoder_section, keeps_features

pytestmark = pytest.mark.usefixtures("one_thread")

RECIPES = sorted(path.stem for path in ROOT.glob("recipes/*.yaml") if path.stem != "results")
SMALL = {
    "timm/vit_large_patch14_clip_quickgelu_224": "timm/vit_xsmall_patch16_clip_224",
    "timm/tf_efficientnet_b4": "timm/tf_efficientnet_b0",
}
"""Networks in place of large ones: of the same class and shape, but for their width and depth."""

FEW = {"epochs": 1, "batch_size": 8, "precision": 32}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A decoded dataset with a video of two frames for each person, and a fake of each."""
    return made_decoded.make(tmp_path_factory.mktemp("made"), counts={"train": 16, "val": 8}, frames=2)


@pytest.fixture(scope="module")
def landmarks(made, tmp_path_factory) -> list[str]:
    """Files of 68 points for each image: those of an oval."""
    folder, names = tmp_path_factory.mktemp("landmarks"), read_decoded(made.images, made.rows).rows["image"]
    angles = np.linspace(0, 2 * np.pi, KINDS["68"], endpoint=False)
    points = np.stack([0.5 + 0.3 * np.cos(angles), 0.5 + 0.4 * np.sin(angles)], 1).astype(np.float32)
    files = folder / "68.npy", folder / "68.csv"
    write_landmarks([Located(SIZE, SIZE, points)] * len(names), names, "68", *files)
    return [str(path) for path in files]


def tiny(name: str, folder: Path) -> dict:
    """Return the section of a recipe, checked, with a network and images that take no time."""
    recipe = yaml.safe_load((ROOT / f"recipes/{name}.yaml").read_text(encoding="utf-8"))
    model = recipe["models"][name]
    model |= FEW
    if model["arch"].startswith("hf/"):
        made_huggingface.vit(folder / "vit", size=SIZE)
        model["arch"] = f"hf/{folder / 'vit'}"
    elif model["arch"].startswith("timm/"):
        model |= {"arch": SMALL.get(model["arch"], model["arch"]), "image_size": SIZE}
        size = {"img_size": SIZE} if "vit" in model["arch"] else {}
        network = timm.create_model(model["arch"].removeprefix("timm/"), num_classes=1, **size)
        model["weights"] = str(folder / "weights.pt")
        torch.save(network.state_dict(), model["weights"])
        model["head"] = "new"
    else:
        model["image_size"] = SIZE
    config = updated(yaml.safe_dump(recipe))
    check_config(config, SCHEMA)
    return config["models"][name] | {"seed": 1}


def keep_features(made, model: dict, folder: Path) -> list[str]:
    """Run features.py, and return the arguments with which train.py takes its arrays."""
    arrays = [str(folder / f"{split}.npy") for split in ("train", "val")]
    args = ["--images", made.images, "--rows", made.rows, "--plan-summary", made.plan_summary, "--threads", 1]
    args += ["--config", json.dumps(encoder_section(model)), "--run-folder", folder / "features"]
    args += ["--output-train", arrays[0], "--output-val", arrays[1], "--output", folder / "facts.json"]
    assert run_program("features.py", *args, "--accelerator", "cpu") == 0
    return ["--features", *arrays]


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_trains_to_its_end(name, made, landmarks, tmp_path):
    model = tiny(name, tmp_path)
    more = keep_features(made, model, tmp_path) if keeps_features(model) else []
    if model["self_blend_landmarks"] != "none":
        more = ["--landmarks", *landmarks]
    out = train_here(made, tmp_path, model, *more)
    (epoch,) = history_of(out)
    assert np.isfinite([epoch["train_loss"], epoch["val_loss"]]).all()
    assert load_checkpoint(out / "weights.pt")["training"]["lr"] == model["lr"]
    assert len(read_predictions(out / "val.csv")) == 8
