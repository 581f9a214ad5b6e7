"""Weights from files and by name: found however they are wrapped; what doesn't fit is named."""

import time
from collections import OrderedDict

import pytest
import torch
import torchvision
from made.networks import images, same, section
from safetensors.torch import save_file

from deepfake.errors import ModelError
from deepfake.networks.build import build
from deepfake.networks.heads import head_names
from deepfake.networks.weights import read_weights_file

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".bin", ".safetensors"])
def test_weights_come_from_a_file(tmp_path, suffix):
    source = build(section("timm/resnet18"), seed=1).detector.network
    path = tmp_path / f"w{suffix}"
    if suffix == ".safetensors":
        save_file(source.state_dict(), path)
    else:
        torch.save(source.state_dict(), path)
    assert same(build(section("timm/resnet18", path), seed=2).detector.network, source)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: {"state_dict": s, "epoch": 3},
        lambda s: {"model": {f"module.{k}": v for k, v in s.items()}},
        lambda s: {f"_orig_mod.module.{k}": v for k, v in s.items()},
        lambda s: {"state_dict": {f"model.network.{k}": v for k, v in s.items()}, "optimizer": [1]},
        lambda s: {k: v.half() if v.is_floating_point() else v for k, v in s.items()},
        lambda s: {k: v for k, v in s.items() if not k.endswith("num_batches_tracked")},
    ],
    ids=["state_dict", "model-module", "compiled", "lightning", "half", "old-version"],
)
def test_wrapped_and_prefixed_weights_are_found(tmp_path, wrap):
    source = build(section("torchvision/mobilenet_v3_small"), seed=1).detector.network
    torch.save(wrap(source.state_dict()), tmp_path / "w.pt")
    loaded = build(section("torchvision/mobilenet_v3_small", tmp_path / "w.pt"), seed=2).detector.network
    for key, value in loaded.state_dict().items():
        if not key.endswith("num_batches_tracked"):
            assert torch.allclose(value, source.state_dict()[key], atol=1e-3), key


@pytest.mark.parametrize("head", ["absent", "1000 classes", "two classes"])
@pytest.mark.parametrize("arch", ["torchvision/squeezenet1_1", "timm/resnet18", "meso4"])
def test_another_head_is_new_and_the_log_says_so(tmp_path, caplog, arch, head):
    source = build(section(arch), seed=1).detector.network
    kind = arch.partition("/")[0].removesuffix("4")
    (name,) = head_names(kind, source)
    state = source.state_dict()
    for key in [key for key in state if key.startswith(f"{name}.")]:
        value = state.pop(key)
        if head != "absent":
            state[key] = torch.zeros(1000 if head == "1000 classes" else 2, *value.shape[1:])
    torch.save(state, tmp_path / "w.pt")
    with caplog.at_level("INFO"):
        loaded = build(section(arch, tmp_path / "w.pt"), seed=2).detector.network.state_dict()
    new = build(section(arch), seed=2).detector.network.state_dict()
    for key, value in loaded.items():
        expected = new if key.startswith(f"{name}.") else state
        assert torch.equal(value, expected[key]), key
    assert "the head is new" in caplog.text and name in caplog.text


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("conv1.weight"), "1 missing: conv1.weight"),
        (lambda s: s.update(extra=torch.zeros(1)), "1 unknown: extra"),
        (
            lambda s: s.update({"bn1.weight": torch.zeros(3)}),
            "1 of another shape: bn1.weight 3 instead of 64",
        ),
        (lambda s: s.update({"bn1.bias": torch.full((64,), torch.nan)}), "not finite: bn1.bias"),
        (lambda s: s.update({"fc.weight": torch.zeros(1000, 99)}), "fc.weight 1000×99 instead of 1×512"),
        (lambda s: [s.pop(k) for k in list(s) if k.startswith("layer4")], r"missing: .* and \d+ more"),
        (lambda s: s.update(note="text"), "note is no plain tensor"),
        (lambda s: s.clear(), "no state_dict"),
    ],
    ids="missing unknown shape nan head many text empty".split(),
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, message):
    state = OrderedDict(build(section("timm/resnet18"), seed=1).detector.network.state_dict())
    change(state)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=message) as error:
        build(section("timm/resnet18", tmp_path / "w.pt"), seed=2)
    assert str(tmp_path / "w.pt") in str(error.value)


class Evil:
    def __reduce__(self):
        return (print, ("code has run",))


@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.h5"])
@pytest.mark.parametrize("content", ["text", "empty", "pickle", "cut"])
def test_a_foreign_file_is_an_error_and_runs_nothing(tmp_path, capsys, name, content):
    path = tmp_path / name
    torch.save({"a": torch.zeros(9), "b": Evil()} if content == "pickle" else {"a": torch.zeros(999)}, path)
    if content in ("text", "empty"):
        path.write_text("this is no network\n" * (content == "text"))
    elif content == "cut":
        path.write_bytes(path.read_bytes()[:-99])
    with pytest.raises(ModelError, match=name):
        build(section("meso4", path), seed=0)
    assert "code has run" not in capsys.readouterr().out


def test_a_pickle_with_code_is_named_as_such(tmp_path):
    torch.save({"a": Evil()}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match="could run code; save the state_dict alone"):
        read_weights_file(tmp_path / "w.pt")


@pytest.mark.parametrize("arch", ["meso4", "torchvision/resnet18", "timm/resnet18"])
def test_a_missing_file_is_named(tmp_path, arch):
    for name in ("absent.pt", "absent.h5")[: 2 if arch == "meso4" else 1]:
        with pytest.raises(ModelError, match=f"no weights file .*{name}"):
            build(section(arch, tmp_path / name), seed=0)


def test_keras_weights_are_for_mesonet_only(tmp_path):
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match="only MesoNet"):
        build(section("timm/resnet18", tmp_path / "w.h5"), seed=0)


@pytest.mark.parametrize(
    "arch, name, message",
    [
        ("torchvision/resnet18", "IMAGENET1K_V9", "write IMAGENET1K_V1, DEFAULT, or the path"),
        ("timm/resnet18", "nosuch", "those of resnet18 are .*a1_in1k"),
        ("timm/convnextv2_small", "pretrained", "no published weights"),
        ("meso4", "DF", "write the path of a file"),
    ],
)
def test_an_unknown_weights_name_is_an_error_that_lists_the_names(arch, name, message):
    with pytest.raises(ValueError, match=message):
        build(section(arch, name), seed=0)


@pytest.mark.parametrize(
    "arch, name",
    [("torchvision/squeezenet1_1", "DEFAULT"), ("timm/resnet18", "pretrained"), ("timm/resnet18", "a1_in1k")],
)
def test_weights_that_cant_be_fetched_are_an_error_within_seconds(monkeypatch, tmp_path, arch, name):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing answers there, on any machine
    began = time.monotonic()
    with pytest.raises(ModelError, match="(?s)can't be fetched from https://.*copy the file here"):
        build(section(arch, name), seed=0)
    assert time.monotonic() - began < 15


def test_named_weights_of_torchvision_are_loaded_all_but_the_head(monkeypatch, tmp_path):
    """As published: 1000 classes, an auxiliary head; no connection is needed once they were fetched."""
    source = torchvision.models.googlenet(init_weights=False)
    (tmp_path / "hub/checkpoints").mkdir(parents=True)
    url = torchvision.models.GoogLeNet_Weights.DEFAULT.url
    path = tmp_path / "hub/checkpoints" / url.rpartition("/")[2]
    torch.save(source.state_dict(), path)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    built = build(section("torchvision/googlenet", "DEFAULT"), seed=0)
    assert torch.equal(built.detector.network.conv1.conv.weight, source.conv1.conv.weight)
    assert built.detector.network.fc.weight.shape == (1, 1024)
    source.transform_input = True
    source.fc = built.detector.network.fc
    scaled = (images(64) / 255 - built.detector.mean) / built.detector.std
    with torch.inference_mode():
        assert torch.allclose(built.detector.eval()(images(64)), source.eval()(scaled)[:, 0], atol=1e-5)
