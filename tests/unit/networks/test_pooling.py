"""The class token or the mean of the patches: as timm and transformers compute them, and rebuilt the same."""

import json

import pytest
import timm
import torch
import transformers
from made.huggingface import section as hf_section
from made.networks import images, perturb, section

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint
from deepfake.checkpoints.torch_inference import make_detector
from deepfake.errors import UserError
from deepfake.networks.build import build, rebuild

pytestmark = pytest.mark.usefixtures("one_thread")

METADATA = {"threshold": 0.5, "training": {}, "metrics": {}, "dataset": {"name": "d", "sha256": "0" * 64}}
OWN = {
    "timm/test_vit": ("cls", 160),
    "timm/eva02_tiny_patch14_224": ("mean", 224),
    "timm/vit_pe_core_tiny_patch16_384": ("attention", 384),
}
"""Their own pooling, and the side of their images."""

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
CLASSES = {
    "vit": (transformers.ViTConfig, transformers.ViTForImageClassification),
    "clip": (transformers.CLIPConfig, transformers.CLIPForImageClassification),
    "siglip": (transformers.SiglipConfig, transformers.SiglipForImageClassification),
}


def folder_of(kind: str, folder) -> dict:
    config, made = CLASSES[kind]
    sizes = SIZES | {"image_size": 32, "patch_size": 8}
    settings = config(**sizes) if kind == "vit" else config(vision_config=sizes, text_config=SIZES)
    model = made(settings)
    perturb(model)
    model.save_pretrained(folder)
    return hf_section(folder, head="new", image_size=32)


def features(built, size: int = 32) -> torch.Tensor:
    with torch.inference_mode():
        return built.detector.eval()(images(size, 3), whole=True).features


@pytest.mark.parametrize("pooling", ["cls", "mean", None])
@pytest.mark.parametrize("arch", OWN)
def test_timm_s_networks_pool_as_timm_does_and_are_rebuilt_the_same(arch, pooling):
    own, size = OWN[arch]
    built = build(section(arch, size=size, pooling=pooling), 3)
    perturb(built.detector.network)
    network = built.detector.network.eval()
    pixels = (images(size, 3) / 255 - built.detector.mean) / built.detector.std
    with torch.inference_mode():
        tokens, before = network.forward_features(pixels), network.num_prefix_tokens
        expected = {"cls": tokens[:, 0], "mean": tokens[:, before:].mean(1), None: network.pool(tokens)}
        assert torch.allclose(features(built, size), network.fc_norm(expected[pooling]), atol=1e-5)
    again = rebuild(json.loads(json.dumps(built.spec)), network.state_dict()).eval()
    with torch.inference_mode():
        assert torch.equal(again(images(size)), built.detector(images(size)))
    assert ("pooling" in built.spec) == (pooling not in (own, None))


def test_the_norm_of_the_weights_stays():
    theirs = timm.create_model("test_vit", num_classes=1, img_size=160, global_pool="avg", fc_norm=False)
    built = build(section("timm/test_vit", size=160, pooling="mean"), 3)
    theirs.load_state_dict(built.detector.network.state_dict())
    pixels = (images(160) / 255 - built.detector.mean) / built.detector.std
    with torch.inference_mode():
        assert torch.allclose(theirs.eval()(pixels)[:, 0], built.detector.eval()(images(160)), atol=1e-6)


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("kind", ["vit", "clip"])
def test_transformers_pool_their_tokens_and_are_rebuilt_the_same(tmp_path, kind, pooling):
    model = folder_of(kind, tmp_path)
    built, plain = (build(model | {"pooling": name}, 3) for name in (pooling, None))
    classifier = built.detector.network.model.eval()
    encoder = classifier.vit if kind == "vit" else classifier.vision_model
    pixels = (images(32, 3) / 255 - built.detector.mean) / built.detector.std
    with torch.inference_mode():
        tokens = encoder(pixel_values=pixels).last_hidden_state
        first = tokens[:, 0] if kind == "vit" else encoder.post_layernorm(tokens[:, 0])
    expected = first if pooling == "cls" else tokens[:, 1:].mean(1)
    assert torch.allclose(features(built), expected, atol=1e-6)
    own = {"vit": "cls", "clip": "mean"}[kind] == pooling
    assert torch.equal(features(built), features(plain)) == own == ("pooling" not in built.spec)
    save_checkpoint(tmp_path / "best.pt", built.spec, built.detector.network.state_dict(), **METADATA)
    again = make_detector(load_checkpoint(tmp_path / "best.pt"), tmp_path / "best.pt")
    with torch.inference_mode():
        assert torch.equal(again(images(32)), built.detector(images(32)))


def test_weights_of_a_checkpoint_bring_their_pooling(tmp_path):
    model = section("timm/vit_pe_core_tiny_patch16_384", size=384)
    built = build(model | {"pooling": "mean"}, 3)
    save_checkpoint(tmp_path / "best.pt", built.spec, built.detector.network.state_dict(), **METADATA)
    for pooling in (None, "mean"):
        again = build(model | {"weights": str(tmp_path / "best.pt"), "head": "keep", "pooling": pooling}, 4)
        assert again.spec["pooling"] == "mean"
        with torch.inference_mode():
            assert torch.equal(again.detector.eval()(images(384)), built.detector.eval()(images(384)))


@pytest.mark.parametrize(
    "arch, pooling",
    [
        ("timm/test_resnet", "mean"),
        ("timm/swin_tiny_patch4_window7_224", "mean"),
        ("timm/deit_tiny_distilled_patch16_224", "cls"),
        ("timm/vit_base_patch16_siglip_224", "cls"),
        ("torchvision/vit_b_32", "mean"),
        ("torchvision/resnet18", "cls"),
        ("meso4", "cls"),
    ],
)
def test_networks_without_such_tokens_are_an_error(arch, pooling):
    with torch.device("meta"), pytest.raises(UserError, match=f"pooling: {pooling} can't be had of this net"):
        build(section(arch, size=64 if arch == "meso4" else 224, pooling=pooling), 0)


def test_models_of_transformers_without_such_tokens_are_an_error(tmp_path):
    with pytest.raises(
        UserError, match="pooling: cls can't be had of transformers' siglip, which has no class"
    ):
        build(folder_of("siglip", tmp_path / "siglip") | {"pooling": "cls"}, 0)
    config = transformers.ConvNextConfig(num_stages=2, hidden_sizes=[8, 16], depths=[1, 1], patch_size=4)
    transformers.ConvNextForImageClassification(config).save_pretrained(tmp_path / "convnext")
    with pytest.raises(UserError, match="pooling: mean can't be had of transformers' convnext"):
        build(hf_section(tmp_path / "convnext", head="new", image_size=32, pooling="mean"), 0)
