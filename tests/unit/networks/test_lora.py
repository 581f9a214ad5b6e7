"""Adapters: where they are, that they change nothing at first, and what they are once merged."""

import re

import pytest
import torch
import transformers
from made.networks import images, perturb, section
from torch import nn

from deepfake.networks.build import build
from deepfake.networks.huggingface import Classifier
from deepfake.networks.lora import (
    adaptable_layers,
    adapter_state,
    add_adapters,
    is_adapter,
    merge_adapters,
    remove_adapters,
)

pytestmark = pytest.mark.usefixtures("one_thread")

SETTINGS = {"rank": 2, "alpha": 3, "dropout": 0.5}
SIZES = {
    "meso4": 32, "mesoinception4": 32, "timm/tf_efficientnet_lite0": 32, "timm/test_vit": 32,
    "timm/test_convnext": 32, "timm/beit_base_patch16_224": 224, "timm/test_nfnet": 32,
    "torchvision/vit_b_32": 32, "torchvision/mobilenet_v3_small": 32, "hf": 32,
}  # fmt: skip


def made(arch: str) -> nn.Module:
    if arch == "hf":
        sizes = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
        config = transformers.CLIPConfig(vision_config=sizes | {"image_size": 32, "patch_size": 8})
        return Classifier(transformers.AutoModelForImageClassification.from_config(config), 32)
    return build(section(arch, size=SIZES[arch]), 3).detector.network


@pytest.mark.parametrize("arch", [arch for arch in SIZES if not re.search("beit|nfnet", arch)])
def test_adapters_change_nothing_at_first_and_what_they_learn_is_merged_into_the_plain_weights(arch):
    network, pixels = made(arch).eval(), images(SIZES[arch], 3) / 255
    perturb(network)
    plain = {key: value.clone() for key, value in network.state_dict().items()}
    expected = network(pixels)
    add_adapters(network, SIZES[arch], SETTINGS, ["head.5"])
    assert torch.allclose(network.eval()(pixels), expected, atol=1e-6)
    with torch.no_grad():
        for name, value in network.named_parameters():
            if is_adapter(name):
                value.normal_(std=0.1)
    state = network.state_dict()
    changed = network(pixels)
    assert not torch.allclose(changed, expected, atol=1e-4)
    merged = merge_adapters(state, 1.5)
    assert merged.keys() == plain.keys()
    adapted = {key.removesuffix(".lora_A.default.weight") for key in adapter_state(state)}
    for key, value in merged.items():
        assert torch.equal(value, plain[key]) == (key.removesuffix(".weight") not in adapted), key
    remove_adapters(network)
    assert torch.allclose(network(pixels), expected, atol=1e-6)
    network.load_state_dict(merged)
    assert torch.allclose(network(pixels), changed, atol=1e-4)


def test_products_are_as_computed_by_hand():
    state = {
        "base_layer.weight": torch.ones(1),  # a name that networks have too
        "a.base_layer.weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "a.base_layer.bias": torch.tensor([5.0, 6.0]),
        "a.lora_A.default.weight": torch.tensor([[1.0, -1.0]]),
        "a.lora_B.default.weight": torch.tensor([[2.0], [10.0]]),
    }
    merged = merge_adapters(state, 0.5)
    assert list(merged) == ["base_layer.weight", "a.weight", "a.bias"]
    assert merged["a.weight"].tolist() == [[2.0, 1.0], [8.0, -1.0]]
    assert merged["a.bias"].tolist() == [5.0, 6.0]
    assert set(adapter_state(state)) == {"a.lora_A.default.weight", "a.lora_B.default.weight"}


UNCALLED = {
    "timm/beit_base_patch16_224": ".attn.qkv",
    "torchvision/vit_b_32": ".self_attention.out_proj",
    "timm/test_nfnet": ".conv1",  # whose weights are normalised before they are used
}


@pytest.mark.parametrize("arch", UNCALLED)
def test_layers_whose_weights_are_used_in_other_ways_get_none(arch):
    network = made(arch)
    layers = adaptable_layers(network, SIZES[arch])
    assert any(name.endswith(UNCALLED[arch]) for name, _ in network.named_modules())
    assert layers and not any(name.endswith(UNCALLED[arch]) for name in layers)
    assert all(module.training for module in network.modules())


def test_grouped_convolutions_and_the_head_get_none_and_all_else_is_frozen():
    model = section("timm/tf_efficientnet_lite0", size=32, tune="lora", lora=SETTINGS)
    network = build(model, 3).detector.network
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert {name for name in trained if not is_adapter(name)} == {"classifier.weight", "classifier.bias"}
    assert "blocks.1.0.conv_pw.lora_A.default.weight" in trained and not any("conv_dw" in n for n in trained)
    again = build(model, 3).detector.network
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in network.state_dict().items())
