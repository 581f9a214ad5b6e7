"""Training of a part of a network: all else stays to the last bit, and a killed run resumes."""

import sys

import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL, history_of, train_here
from made.huggingface import vit
from made.models import load_detector
from made.networks import perturb
from made.training import Killed, before_epoch, column, run, same

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


RESUMED = {str(tune): {"tune": tune} for tune in TUNES[1:]} | {
    "ema": {"ema": 0.9},
    "lora, ema": {"tune": "lora", "ema": 0.9},
    "frozen at first": {"freeze_epochs": 2, "lr": {"encoder": 0.001, "head": 0.01}, "layer_decay": 0.5},
    "frozen for one": {"freeze_epochs": 1, "tune": "norms", "ema": 0.5},
}


@pytest.mark.parametrize("name", RESUMED)
def test_a_killed_run_resumes_to_the_same_bytes(few, tmp_path, monkeypatch, name):
    model = {"arch": "timm/test_resnet", "epochs": 3, "augment": "light"} | RESUMED[name]
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


def test_in_the_first_epochs_the_head_alone_is_trained(few, tmp_path):
    settings = {"arch": "timm/test_resnet", "epochs": 6, "freeze_epochs": 5, "tune": "norms"}
    detector = build(MODEL | settings, 5).detector
    before = {key: value.clone() for key, value in detector.network.state_dict().items()}
    trained = run(few, tmp_path, detector, **settings)
    frozen, last = trained.state("epoch_005"), trained.state("last")
    assert {key for key in before if not torch.equal(before[key], frozen[key])} == {"fc.weight", "fc.bias"}
    changed = {key for key in before if not torch.equal(before[key], last[key])}
    assert "bn1.weight" in changed or any("bn" in key for key in changed)
    assert not any(key.endswith("conv1.weight") for key in changed)


def test_averages_are_validated_and_saved_in_place_of_the_weights(few, tmp_path):
    model = {"arch": "timm/test_resnet", "epochs": 2, "schedule": "constant"}
    plain, averaged = (
        run(few, tmp_path / str(ema), build(MODEL | model, 5).detector, ema=ema, **model)
        for ema in (None, 0.9)
    )
    one, two = plain.state("last"), averaged.state("last")
    assert one.keys() == two.keys() and not torch.equal(one["fc.weight"], two["fc.weight"])
    assert column(plain, "train_loss") == column(averaged, "train_loss")
    assert column(plain, "val_loss") != column(averaged, "val_loss")
    state = torch.load(tmp_path / "0.9/state.ckpt", weights_only=True)
    assert torch.equal(state["detector"]["network.fc.weight"], one["fc.weight"])
    assert torch.equal(state["averages"]["module.network.fc.weight"], two["fc.weight"])
