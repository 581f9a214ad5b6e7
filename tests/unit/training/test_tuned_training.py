"""Training of a part of a network: all else stays to the last bit, and a killed run resumes."""

import pytest
import torch
from made import decoded as made_decoded
from made.decoded import MODEL
from made.huggingface import vit
from made.training import Killed, before_epoch, run, same

from deepfake.networks.build import build
from deepfake.networks.settings import parse_arch
from deepfake.networks.tuning import trained_names

pytestmark = pytest.mark.usefixtures("one_thread")

TUNES = ["all", "head", "norms", {"last": 1}]
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
    before = {key: value.clone() for key, value in network.state_dict().items()}
    trained = trained_names(parse_arch(model["arch"])[0], network, tune)
    moving = [
        f"{name}." for name, module in network.named_modules() if trained & own_parameters(name, module)
    ]
    after = run(few, tmp_path / "run", detector, **model).state("last")
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
