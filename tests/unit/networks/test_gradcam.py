"""Grad-CAM: known maps of small networks, and maps of every family of networks that can be trained."""

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import nn
from transformers import ViTConfig, ViTForImageClassification

from deepfake.networks.detector import Detector
from deepfake.networks.gradcam import gradcam
from deepfake.networks.mesonet import Meso4, MesoInception4

pytestmark = pytest.mark.usefixtures("one_thread")


def detector(network: nn.Module) -> Detector:
    return Detector(network, [0.5] * 3, [0.5] * 3).eval()


def images(size: int, number: int = 2) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (number, 3, size, size), dtype=np.uint8)


class Corner(nn.Module):
    """Convolutions over the whole image, of which a dense layer reads one corner's eighth of each side."""

    def __init__(self, row: int, column: int):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Sigmoid())
        self.head = nn.Linear(4 * 8 * 8, 1)
        kept = torch.zeros(4, 8, 8)
        kept[:, row, column] = 1
        with torch.no_grad():
            self.head.weight.copy_(kept.view(1, -1))

    def forward(self, x):
        return self.head(nn.functional.avg_pool2d(self.body(x), 4).flatten(1))


@pytest.mark.parametrize(("row", "column"), [(0, 0), (0, 7), (7, 0), (7, 7)])
def test_a_network_that_reads_one_corner_lights_that_corner(row, column):
    heat = gradcam(detector(Corner(row, column)), images(32))
    lit = np.zeros((32, 32), bool)
    lit[row * 4 : row * 4 + 4, column * 4 : column * 4 + 4] = True
    assert (heat[:, lit] > 0).all() and (heat[:, ~lit] == 0).all()
    assert heat.max(axis=(1, 2)).tolist() == pytest.approx([1, 1])


def test_with_average_pooling_it_is_the_formula_of_the_paper():
    body = nn.Sequential(nn.Conv2d(3, 5, 3, stride=4, padding=1), nn.BatchNorm2d(5), nn.ReLU())
    net = detector(nn.Sequential(body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 1)))
    batch = images(16)
    pixels = (torch.from_numpy(batch) / 255 - 0.5) / 0.5
    maps = body(pixels).detach().requires_grad_()
    net.network[3](net.network[2](net.network[1](maps))).sum().backward()
    weights = maps.grad.mean(dim=(2, 3), keepdim=True)
    cam = nn.functional.interpolate((weights * maps).sum(1, keepdim=True).relu(), size=16, mode="bilinear")[
        :, 0
    ]
    expected = (cam / cam.amax(dim=(1, 2), keepdim=True)).detach().numpy()
    assert expected.min() < 0.5
    np.testing.assert_allclose(gradcam(net, batch), expected, atol=1e-5)


def test_what_speaks_for_real_alone_gives_zeros():
    net = Corner(0, 0)
    with torch.no_grad():
        net.head.weight.neg_()
    assert (gradcam(detector(net), images(32)) == 0).all()


class Logits(nn.Module):
    """A model of transformers as a network."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(pixel_values=x).logits


def hf_vit() -> nn.Module:
    config = ViTConfig(
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        image_size=32,
        patch_size=8,
        num_labels=2,
    )
    return Logits(ViTForImageClassification(config))


def of_torchvision(name: str, **options: object):
    return lambda: torchvision.models.get_model(name, num_classes=1, **options)


def of_timm(name: str, **options: object):
    return lambda: timm.create_model(name, num_classes=1, **options)


def torchvision_vit() -> nn.Module:
    return torchvision.models.VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=1)


def torchvision_swin() -> nn.Module:
    return torchvision.models.SwinTransformer([4, 4], 16, [1, 1], [2, 2], [4, 4], num_classes=1)


NETWORKS = {
    "meso4": (lambda: Meso4(64), 64),
    "mesoinception4": (lambda: MesoInception4(64), 64),
    "torchvision resnet18": (of_torchvision("resnet18"), 64),
    "torchvision efficientnet_b0": (of_torchvision("efficientnet_b0"), 64),
    "torchvision convnext": (of_torchvision("convnext_tiny"), 64),
    "torchvision vit": (torchvision_vit, 32),
    "torchvision swin": (torchvision_swin, 32),
    "timm vit": (of_timm("vit_tiny_patch16_224", img_size=64, depth=2), 64),
    "timm vit with registers": (of_timm("vit_small_patch14_reg4_dinov2", img_size=56, depth=2), 56),
    "timm swin": (of_timm("swin_tiny_patch4_window7_224", img_size=56, depths=(1, 1), num_heads=(3, 6)), 56),
    "timm resnet": (of_timm("resnet10t"), 64),
    "transformers vit": (hf_vit, 32),
}


def made(name: str) -> tuple[Detector, int]:
    """Return the network, with a random head: some begin with zeros there."""
    build, size = NETWORKS[name]
    net = detector(build())
    last = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
    nn.init.normal_(last.weight)
    return net, size


@pytest.mark.parametrize("name", NETWORKS)
def test_every_family_gives_maps_and_is_left_as_it_was(name):
    net, size = made(name)
    net.requires_grad_(False)  # a frozen network can be explained too
    before = {key: value.clone() for key, value in net.state_dict().items()}
    batch = images(size, 3)
    with torch.no_grad():
        heat = gradcam(net, batch)
    assert heat.shape == (3, size, size) and heat.dtype == np.float32 and np.isfinite(heat).all()
    assert heat.min() >= 0 and heat.max() <= 1
    assert not any(module._forward_hooks for module in net.modules())
    assert all(p.grad is None and not p.requires_grad for p in net.parameters())
    assert not net.training and all(
        torch.equal(before[key], value) for key, value in net.state_dict().items()
    )
    assert np.array_equal(heat, gradcam(net, batch))


@pytest.mark.parametrize("name", NETWORKS)
def test_every_family_lights_something_for_fake_or_for_real(name):
    """The negated logit has the opposite gradients: what doesn't light up for one does for the other."""
    net, size = made(name)
    last = [module for module in net.modules() if isinstance(module, nn.Linear)][-1]
    heat = gradcam(net, images(size))
    if last.out_features == 2:
        net.fake = 1 - net.fake
    else:
        nn.init.zeros_(last.bias)
        last.weight.data.neg_()
    other = gradcam(net, images(size))
    assert (np.maximum(heat, other).max(axis=(1, 2)) == 1).all()
    assert not np.array_equal(heat, other)


def test_no_images():
    assert gradcam(detector(Meso4(32)), np.zeros((0, 3, 32, 32), np.uint8)).shape == (0, 32, 32)


@pytest.mark.parametrize("wrong", [np.zeros((1, 32, 32, 3), np.uint8), np.zeros((1, 3, 32, 32), np.float32)])
def test_images_of_another_kind_are_refused(wrong):
    with pytest.raises(ValueError, match="uint8 of shape"):
        gradcam(detector(Meso4(32)), wrong)


def test_a_detector_in_training_is_refused():
    with pytest.raises(ValueError, match="training mode"):
        gradcam(detector(Meso4(32)).train(), images(32))
