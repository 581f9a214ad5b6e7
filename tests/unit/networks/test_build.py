"""Networks by name, with random weights: their outputs, their spec, and errors for what can't be made."""

import json

import pytest
import torch
import torchvision
from made.networks import images, same, section

from deepfake.errors import ModelError
from deepfake.networks.architectures import OWN_NETWORKS, make_network
from deepfake.networks.build import build, rebuild
from deepfake.networks.heads import head_names
from deepfake.networks.settings import OWN

pytestmark = pytest.mark.usefixtures("one_thread")

SMALL = ["meso4", "mesoinception4", "torchvision/mobilenet_v3_small", "timm/resnet18", "timm/test_vit"]


@pytest.mark.parametrize("arch", SMALL)
def test_a_network_gives_one_logit_per_image_and_is_rebuilt_from_its_spec(arch):
    size = 160 if arch == "timm/test_vit" else 64
    built = build(section(arch, size=size), seed=3)
    assert built.detector.training
    out = built.detector.eval()(images(size))
    assert out.shape == (2,) and out.dtype == torch.float32
    spec = json.loads(json.dumps(built.spec))
    again = rebuild(spec, built.detector.network.state_dict())
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
    assert (built.spec["mean"], built.spec["std"]) == (mean, std)


def test_every_own_network_has_a_size_and_a_class():
    assert OWN.keys() == OWN_NETWORKS.keys()
    for name, size in OWN.items():
        assert build(section(name, size=None), seed=0).geometry.size == size


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
            network, *_ = make_network("torchvision", name, 224)
        (head,) = head_names("torchvision", network)
        out = network.get_submodule(head)
        assert getattr(out, "out_features", getattr(out, "out_channels", None)) == 1, name


def test_regnet_too():
    assert build(section("torchvision/regnet_y_400mf"), seed=0).detector(images(64)).shape == (2,)


@pytest.mark.parametrize(
    "arch, message",
    [
        ("torchvision/resnet81", "did you mean resnet"),
        ("torchvision/fasterrcnn_resnet50_fpn", "torchvision has no classifier"),
        ("timm/resnet_18", "did you mean .*resnet18"),
        ("timm/resnet18.nosuch", "no weights 'resnet18.nosuch'.*a1_in1k"),
        ("timm/hf-hub:someone/something", "timm has no network"),
        ("timm/local-dir:/tmp", "timm has no network"),
    ],
)
def test_an_unknown_name_is_an_error_that_suggests_similar_ones(arch, message):
    with pytest.raises(ValueError, match=message):
        build(section(arch), seed=0)


@pytest.mark.parametrize(
    "arch, size",
    [("meso4", 16), ("torchvision/vit_b_16", 100), ("torchvision/alexnet", 32), ("timm/test_vit", 33)],
)
def test_an_impossible_size_is_an_error(arch, size):
    with pytest.raises(ValueError, match=f"{size}"):
        build(section(arch, size=size), seed=0)


def test_rebuild_refuses_another_state():
    built = build(section("meso4"), seed=0)
    state = dict(built.detector.network.state_dict())
    with pytest.raises(ModelError, match="missing"):
        rebuild(built.spec | {"arch": "mesoinception4"}, state, "best.pt")
    state.pop("head.5.weight")
    with pytest.raises(ModelError, match="best.pt.*head.5.weight"):
        rebuild(built.spec, state, "best.pt")
