"""Training of a part of a network: all else stays to the last bit, and a killed run resumes."""

import sys

import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL, history_of, train_here
from made.huggingface import vit
from made.models import load_detector
from made.networks import perturb
from made.training import Killed, before_epoch, run, same

from deepfake.checkpoints.dataset_inference import predict_split
from deepfake.checkpoints.torch_inference import logits_function
from deepfake.evaluation.metrics import compute_metrics
from deepfake.inputs.decoded import read_decoded
from deepfake.networks.build import build
from deepfake.networks.settings import parse_arch
from deepfake.networks.tuning import trained_names

pytestmark = pytest.mark.usefixtures("one_thread")

TUNES = ["all", "head", "norms", "lora", {"last": 1}]
ARCHS = ["meso4", "timm/test_resnet", "timm/test_vit", "torchvision/mobilenet_v3_small", "hf"]
SETTINGS = {"epochs": 2, "weight_decay": 0.1, "batch_size": 5, "lr": 0.01}


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return made_decoded.make(tmp_path_factory.mktemp("few"), counts={"train": 16, "val": 8})


def settings_of(arch: str, folder) -> dict:
    if arch == "hf":
        vit(folder / "vit")
        return SETTINGS | {"arch": f"hf/{folder / 'vit'}", "head": "new"}
    return SETTINGS | {"arch": arch}


@pytest.mark.parametrize("tune", TUNES, ids=str)
@pytest.mark.parametrize("arch", ARCHS)
def test_only_what_is_tuned_changes(few, tmp_path, arch, tune):
    model = settings_of(arch, tmp_path) | {"tune": tune}
    detector = build(MODEL | model, 5).detector
    network = detector.network
    perturb(network)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    trained = trained_names(parse_arch(model["arch"])[0], network, tune)
    moving = [
        f"{name}." for name, module in network.named_modules() if trained & own_parameters(name, module)
    ]
    after = run(few, tmp_path / "run", detector, **model).raw_state("last")
    assert after.keys() == before.keys()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    parameters = dict(network.named_parameters())
    assert changed & parameters.keys() == trained
    assert all(key.startswith(tuple(moving)) for key in changed - parameters.keys())


def own_parameters(name: str, module) -> set[str]:
    return {f"{name}.{key}".lstrip(".") for key, _ in module.named_parameters(recurse=False)}


@pytest.mark.parametrize("tune", TUNES[1:], ids=str)
def test_a_killed_run_resumes_to_the_same_bytes(few, tmp_path, monkeypatch, tune):
    model = {"arch": "timm/test_resnet", "tune": tune, "epochs": 3, "augment": "light"}
    whole = run(few, tmp_path / "whole", **model)

    def kill() -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        before_epoch(2, kill, patch)
        run(few, tmp_path / "killed", **model)
    assert same(whole, run(few, tmp_path / "killed", **model))


def test_a_checkpoint_of_adapters_is_the_plain_network_s_and_opens_without_peft(few, tmp_path, monkeypatch):
    out = train_here(few, tmp_path, {"arch": "timm/test_vit", "tune": "lora", "epochs": 2})
    monkeypatch.setitem(sys.modules, "peft", None)
    detector, content = load_detector(out / "weights.pt")
    plain = build(MODEL | {"arch": "timm/test_vit"}, 0).detector.network
    assert content["state"].keys() == plain.state_dict().keys()
    decoded = read_decoded(few.images, few.rows)
    labels = decoded.rows["label"].to_numpy()[decoded.split("val")]
    probabilities = predict_split(logits_function(detector), [decoded], "val").astype(float)
    found = compute_metrics(labels, probabilities, 0.5)
    row = history_of(out)[content["metrics"]["epoch"] - 1]
    assert row["val_loss"] == pytest.approx(found["log_loss"], abs=1e-5)
