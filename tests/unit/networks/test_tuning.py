"""What is trained: the named parameters of each library's networks, and only they are not still."""

import re

import pytest
import torch
import transformers
from made.networks import section
from torch import nn

from deepfake.errors import UserError
from deepfake.networks.blocks import blocks_of
from deepfake.networks.build import build
from deepfake.networks.heads import head_names
from deepfake.networks.huggingface import Classifier
from deepfake.networks.tuning import norm_parameters, trained_names

pytestmark = pytest.mark.usefixtures("one_thread")

NETWORKS = {
    "meso4": (r"features\.(2|6|10|14)\.", r"head\.5\.", 5),
    "mesoinception4": (r"features\.(1|4|8|12)\.", r"head\.5\.", 2),
    "timm/tf_efficientnet_lite0": (r".*bn\d\.", r"classifier\.", 16),
    "timm/vit_tiny_patch16_224": (r".*norm\d?\.", r"head\.", 12),
    "timm/convnextv2_atto": (r"stem\.1|.*norm|.*grn|stages\.\d\.downsample\.0\.", r"head\.fc\.", 12),
    "timm/resmlp_12_224": (r".*norm", r"head\.", 12),
    "timm/levit_128s": (r".*bn\.", r"head(_dist)?\.linear\.", 9),
    "timm/vit_pe_core_tiny_patch16_384": (r".*norm", r"head\.", 12),
    "torchvision/resnet18": (r".*bn\d\.|.*downsample\.1\.", r"fc\.", 8),
    "torchvision/efficientnet_b0": (r".*\.\d\.1\.(weight|bias)|features\.[08]\.1\.", r"classifier\.1\.", 16),
    "torchvision/vit_b_32": (r".*ln(_\d)?\.", r"heads\.head\.", 12),
    "torchvision/vgg11": (None, r"classifier\.6\.", 10),
    "hf/ViT": (r".*layernorm", r"model\.classifier\.", 2),
    "hf/CLIP": (r".*(layer_?norm|layrnorm)", r"model\.classifier\.", 2),
    "hf/ConvNext": (r".*layernorm|.*downsampling_layer\.0\.", r"model\.classifier\.", 2),
}  # fmt: skip
"""For each network the names of its norms and its head, and the number of its blocks."""


def network_of(arch: str) -> nn.Module:
    library, _, name = arch.rpartition("/")
    with torch.device("meta"):
        if library == "hf":
            return Classifier(transformers.AutoModelForImageClassification.from_config(CONFIGS[name]()), 32)
        return build(section(arch, size=384 if "384" in arch else 224), 0).detector.network


SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
CONFIGS = {
    "ViT": lambda: transformers.ViTConfig(**SMALL, image_size=32, patch_size=8),
    "CLIP": lambda: transformers.CLIPConfig(vision_config=SMALL, projection_dim=16),
    "ConvNext": lambda: transformers.ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1]),
}


@pytest.mark.parametrize("arch", NETWORKS)
def test_each_tune_names_its_parameters(arch):
    library, network = arch.rpartition("/")[0] or "own", network_of(arch)
    names = [name for name, _ in network.named_parameters()]
    norms, head, blocks = NETWORKS[arch]
    of_head = {name for name in names if re.match(head, name)}
    assert trained_names(library, network, "all") == set(names)
    assert trained_names(library, network, "head") == of_head != set()
    if norms:
        expected = {name for name in names if re.match(norms, name)} | of_head
        assert trained_names(library, network, "norms") == expected
        assert len(expected) > len(of_head)
    else:
        with pytest.raises(UserError, match="tune: norms needs a network with normalisation layers"):
            trained_names(library, network, "norms")
    last = [trained_names(library, network, {"last": number + 1}) for number in range(blocks)]
    assert of_head < last[0] and all(one < two for one, two in zip(last, last[1:], strict=False))
    with pytest.raises(
        UserError, match=rf"the network has {blocks} blocks; write at most {{last: {blocks}}}"
    ):
        trained_names(library, network, {"last": blocks + 1})


@pytest.mark.parametrize("arch", NETWORKS)
def test_blocks_hold_each_parameter_once_from_the_input_to_the_head(arch):
    library, network = arch.rpartition("/")[0] or "own", network_of(arch)
    names = [name for name, _ in network.named_parameters()]
    layers = head_names(library, network)
    blocks = blocks_of(library, network, layers)
    assert sorted(sum(blocks, [])) == sorted(names) and all(blocks[1:])
    assert {f"{layer}.weight" for layer in layers} <= set(blocks[-1])
    if library != "timm":  # whose position embeddings lie between the blocks of others
        assert sum(blocks, []) == names


def test_own_classes_of_normalisation_count_but_not_what_holds_them():
    class RMSNorm2(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(1, 4, 1, 1))

    class NormedLinear(nn.Linear):
        pass

    network = nn.Sequential(RMSNorm2(), NormedLinear(4, 4, bias=False), nn.Conv2d(4, 4, 1), nn.RMSNorm(4))
    assert norm_parameters(network) == {"0.scale", "3.weight"}


# Still


def training(arch: str, tune: str | dict) -> dict[str, bool]:
    detector = build(section(arch, size=224 if "vit" in arch else 64, tune=tune), 0).detector
    detector.eval().train()
    return {name: module.training for name, module in detector.network.named_modules()}


def test_the_head_alone_is_not_still_where_it_alone_is_trained():
    modes = training("torchvision/efficientnet_b0", "head")
    assert [name for name, mode in modes.items() if mode] == ["classifier.1"]


def test_frozen_batch_norms_are_still_and_trained_blocks_and_dropout_are_not():
    last = training("torchvision/efficientnet_b0", {"last": 1})
    assert not last["features.0.1"] and not last["features.6.0"]
    assert last["features.7.0.block.0.1"] and last["features.8.1"] and last["classifier.0"] and last[""]
    norms = training("torchvision/efficientnet_b0", "norms")
    assert not norms["features.0.1"], "its statistics stay as they are, though its scale is trained"
    assert not norms["features.0.0"] and norms["classifier.0"]
    assert norms["features.2.0.stochastic_depth"]


def test_by_default_all_are_trained_and_nothing_is_still():
    detector = build(section("timm/test_resnet"), 0).detector
    assert all(module.training for module in detector.modules())
    assert all(parameter.requires_grad for parameter in detector.parameters())
