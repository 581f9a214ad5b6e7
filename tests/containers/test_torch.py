"""The torch image, built on another Debian than this machine's: an epoch under a real Apptainer."""

import json

import pytest
from made_images import build, in_image, workplace

SETTINGS = """
shard_size: 64
corpora: {demo: {demo: {people: 16, clips: 32, seconds: 0.4, width: 320}}}
datasets: {dataset_2gb: {splits: {train: 0.5, val: 0.3, test: 0.2}}}
models: {meso4: {epochs: 1}}
"""
TARGETS = ["results/model/best.pt", "results/predictions/dataset_2gb/meso4/test.csv"]
IMPORTS = "cv2 h5py huggingface_hub lightning_fabric matplotlib.pyplot numpy pandas PIL.Image"
IMPORTS += " safetensors.torch scipy.optimize tensorboard timm torch torchvision.transforms.v2 tqdm"
IMPORTS += " transformers"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    yield from workplace(tmp_path_factory)


@pytest.fixture(scope="module")
def built(place, tmp_path_factory):
    return build(["media", "torch"], place, tmp_path_factory.mktemp("torch") / "project")


def test_every_package_imports_as_an_ordinary_user(built):
    _, env = built
    assert in_image("torch", env, "id", "-u").strip() == "1000"
    in_image("torch", env, "python", "-c", f"import {', '.join(IMPORTS.split())}")


def test_a_model_is_trained_for_an_epoch_under_apptainer(built):
    project, _ = built
    done = project.run(*TARGETS, "--configfile", project.configure(SETTINGS), "--sdm", "apptainer")
    assert {"train", "choose", "predict"} <= done.rules
    assert "Activating singularity image resources/containers/torch.sif" in done.text
    assert json.loads((project / "results/model/choice.json").read_text())
    assert (project / TARGETS[0]).stat().st_size > 10_000
