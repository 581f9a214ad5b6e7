"""Networks by name, and weights from files, with randomly initialised models of the real classes."""

import json
import time
from collections import OrderedDict

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import nn

from deepfake.models import networks, weights
from deepfake.models.errors import WeightsDontFit, WeightsMissing
from deepfake.models.networks import build, rebuild

SMALL = ["meso4", "mesoinception4", "torchvision/mobilenet_v3_small", "timm/resnet18", "timm/test_vit"]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def section(arch: str, weights=None, size: int | None = 64, **keys) -> dict:
    return {"arch": arch, "weights": weights and str(weights), "image_size": size, **keys}


def images(size: int, number: int = 2) -> torch.Tensor:
    return torch.randint(0, 256, (number, 3, size, size), generator=torch.Generator().manual_seed(1)).byte()


def same(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("arch", SMALL)
def test_a_network_gives_a_logit_an_image_and_comes_back_from_its_facts(arch):
    size = 160 if arch == "timm/test_vit" else 64
    built = build(section(arch, size=size), seed=3)
    assert built.detector.training
    out = built.detector.eval()(images(size))
    assert out.shape == (2,) and out.dtype == torch.float32
    facts = json.loads(json.dumps(built.facts))
    again = rebuild(facts, built.detector.network.state_dict())
    assert torch.equal(again.eval()(images(size)), out)


def test_new_weights_come_from_the_seed_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = build(section("timm/resnet18"), seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(6)
    two = build(section("timm/resnet18"), seed=1)
    other = build(section("timm/resnet18"), seed=2)
    assert same(one.detector, two.detector) and not same(one.detector, other.detector)


@pytest.mark.parametrize(
    "arch, mean, std",
    [
        ("meso4", [0.0] * 3, [1.0] * 3),
        ("torchvision/mobilenet_v3_small", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ("timm/resnet18", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ("timm/test_vit", [0.5] * 3, [0.5] * 3),
    ],
)
def test_each_kind_has_its_scaling(arch, mean, std):
    built = build(section(arch, size=160), seed=0)
    assert (built.facts["mean"], built.facts["std"]) == (mean, std)


FAMILIES = {
    "alexnet": 224, "convnext_tiny": 64, "densenet121": 64, "efficientnet_b0": 64, "efficientnet_v2_s": 64,
    "googlenet": 64, "inception_v3": 96, "maxvit_t": 224, "mnasnet0_5": 64, "mobilenet_v2": 64,
    "mobilenet_v3_small": 64, "resnet18": 64, "shufflenet_v2_x0_5": 64, "squeezenet1_0": 64, "swin_t": 64,
    "swin_v2_t": 64, "vgg11": 64, "vit_b_16": 64,
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_of_torchvision_gives_one_output_in_training_too(name):
    size = FAMILIES[name]
    with torch.device("meta"):
        built = build(section(f"torchvision/{name}", size=size), seed=0)
        out = built.detector(torch.zeros(2, 3, size, size))
    assert out.shape == (2,)


def test_every_classifier_of_torchvision_can_be_made():
    known = torchvision.models.list_models(module=torchvision.models)
    plain = [name for name in known if not name.startswith("regnet")]  # regnet computes while it is made
    assert {name.partition("_")[0] for name in FAMILIES} <= {name.partition("_")[0] for name in plain}
    for name in plain:
        with torch.device("meta"):
            network, _ = networks._make("torchvision", name, 224)
        (head,) = networks._head("torchvision", network)
        out = network.get_submodule(head)
        assert getattr(out, "out_features", getattr(out, "out_channels", None)) == 1, name


def test_regnet_too():
    assert build(section("torchvision/regnet_y_400mf"), seed=0).detector(images(64)).shape == (2,)


@pytest.mark.parametrize(
    "arch, said",
    [
        ("torchvision/resnet81", "did you mean resnet"),
        ("torchvision/fasterrcnn_resnet50_fpn", "torchvision has no classifier"),
        ("timm/resnet_18", "did you mean .*resnet18"),
        ("timm/resnet18.nosuch", "no weights 'resnet18.nosuch'.*a1_in1k"),
        ("timm/hf-hub:someone/something", "timm has no network"),
        ("timm/local-dir:/tmp", "timm has no network"),
    ],
)
def test_an_unknown_name_is_an_error_that_suggests_near_ones(arch, said):
    with pytest.raises(ValueError, match=said):
        build(section(arch), seed=0)


@pytest.mark.parametrize(
    "arch, size",
    [("meso4", 16), ("torchvision/vit_b_16", 100), ("torchvision/alexnet", 32), ("timm/test_vit", 33)],
)
def test_a_size_that_can_not_be_is_an_error(arch, size):
    with pytest.raises(ValueError, match=f"{size}"):
        build(section(arch, size=size), seed=0)


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
def test_another_head_stays_new_and_the_log_says_so(tmp_path, caplog, arch, head):
    source = build(section(arch), seed=1).detector.network
    kind = arch.partition("/")[0].removesuffix("4")
    (name,) = networks._head(kind, source)
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
    assert "the head stays new" in caplog.text and name in caplog.text


@pytest.mark.parametrize(
    "change, said",
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
        (lambda s: s.update(note="text"), "note is no tensor"),
        (lambda s: s.clear(), "no state_dict"),
    ],
    ids="missing unknown shape nan head many text empty".split(),
)
def test_weights_that_do_not_fit_are_named(tmp_path, change, said):
    state = OrderedDict(build(section("timm/resnet18"), seed=1).detector.network.state_dict())
    change(state)
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(WeightsDontFit, match=said) as error:
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
    with pytest.raises(WeightsDontFit, match=name):
        build(section("meso4", path), seed=0)
    assert "code has run" not in capsys.readouterr().out


def test_a_pickle_with_code_is_named_as_such(tmp_path):
    torch.save({"a": Evil()}, tmp_path / "w.pt")
    with pytest.raises(WeightsDontFit, match="could run code; save the state_dict alone"):
        weights.read_file(tmp_path / "w.pt")


@pytest.mark.parametrize("arch", ["meso4", "torchvision/resnet18", "timm/resnet18"])
def test_a_missing_file_is_named(tmp_path, arch):
    for name in ("absent.pt", "absent.h5")[: 2 if arch == "meso4" else 1]:
        with pytest.raises(WeightsMissing, match=f"no weights file .*{name}"):
            build(section(arch, tmp_path / name), seed=0)


def test_keras_weights_are_for_mesonet_only(tmp_path):
    (tmp_path / "w.h5").write_bytes(b"x")
    with pytest.raises(WeightsDontFit, match="only MesoNet"):
        build(section("timm/resnet18", tmp_path / "w.h5"), seed=0)


@pytest.mark.parametrize(
    "arch, name, said",
    [
        ("torchvision/resnet18", "IMAGENET1K_V9", "write IMAGENET1K_V1, DEFAULT, or the path"),
        ("timm/resnet18", "nosuch", "those of resnet18 are .*a1_in1k"),
        ("timm/convnextv2_small", "pretrained", "no published weights"),
        ("meso4", "DF", "write the path of a file"),
    ],
)
def test_an_unknown_weights_name_is_an_error_that_lists_the_names(arch, name, said):
    with pytest.raises(ValueError, match=said):
        build(section(arch, name), seed=0)


@pytest.mark.parametrize(
    "arch, name",
    [("torchvision/squeezenet1_1", "DEFAULT"), ("timm/resnet18", "pretrained"), ("timm/resnet18", "a1_in1k")],
)
def test_weights_that_can_not_be_fetched_are_an_error_within_seconds(monkeypatch, tmp_path, arch, name):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for proxy in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(proxy, "http://127.0.0.1:9")  # nothing answers there, on any machine
    began = time.monotonic()
    with pytest.raises(WeightsMissing, match="(?s)can't be fetched from https://.*copy the file here"):
        build(section(arch, name), seed=0)
    assert time.monotonic() - began < 15


def test_named_weights_of_torchvision_are_laid_in_but_for_the_head(monkeypatch, tmp_path):
    """As published: 1000 classes, an auxiliary head, and no network is needed once they were fetched."""
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


def test_rebuild_refuses_another_state():
    built = build(section("meso4"), seed=0)
    state = dict(built.detector.network.state_dict())
    with pytest.raises(WeightsDontFit, match="missing"):
        rebuild(built.facts | {"arch": "mesoinception4"}, state, "best.pt")
    state.pop("head.5.weight")
    with pytest.raises(WeightsDontFit, match="best.pt.*head.5.weight"):
        rebuild(built.facts, state, "best.pt")
