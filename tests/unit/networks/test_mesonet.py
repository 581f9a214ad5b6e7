"""MesoNet: its layers, and its outputs with the authors' weight files compared to their network in numpy.

The authors' own files are in $DEEPFAKE_TEST_DATA/mesonet; tests that need them are skipped without.
"""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import DATA
from made.keras import original, write_weights

from deepfake.extraction import detectors
from deepfake.extraction.boxes import to_faces
from deepfake.extraction.crops import crop_and_resize, crop_square
from deepfake.extraction.video import VideoReader
from deepfake.networks.keras_weights import read_keras_weights
from deepfake.networks.mesonet import MOMENTUM, Meso4, MesoInception4

pytestmark = pytest.mark.usefixtures("one_thread")

YUNET = DATA / "yunet_n_640_640.onnx"
YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
PUBLISHED = {
    "Meso4_DF": Meso4,
    "Meso4_F2F": Meso4,
    "MesoInception_DF": MesoInception4,
    "MesoInception_F2F": MesoInception4,
}
NETWORKS = {"meso4": Meso4, "mesoinception4": MesoInception4}
networks = pytest.mark.parametrize("name", NETWORKS)
real_files = pytest.mark.skipif(
    not (DATA / "mesonet").is_dir(), reason=f"no weight files of the authors under {DATA / 'mesonet'}"
)


def random_images(size: int, count: int = 2) -> np.ndarray:
    """Return smooth colours with noise, float32 (count, size, size, 3) in [0, 1]."""
    rng = np.random.default_rng(size)
    coarse = rng.uniform(0, 0.8, (count, 8, 8, 3)).repeat(-(-size // 8), axis=1).repeat(-(-size // 8), axis=2)
    images = coarse[:, :size, :size] + rng.uniform(0, 0.2, (count, size, size, 3))
    return images.astype(np.float32)


def loaded(path: Path, network: torch.nn.Module) -> torch.nn.Module:
    network.load_state_dict(read_keras_weights(path, network))
    return network.eval()


def logits(network: torch.nn.Module, images: np.ndarray) -> np.ndarray:
    """Return the logits of fake, float64 (N,), for images (N, H, W, 3)."""
    with torch.inference_mode():
        out = network(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    assert out.shape == (len(images), 1)
    return out[:, 0].double().numpy()


def assert_same(network: torch.nn.Module, path: Path, name: str, size: int) -> None:
    images = random_images(size)
    real, fake = original(path, name, images), logits(network, images)  # logits of these classes
    assert np.abs(1 / (1 + np.exp(fake)) - 1 / (1 + np.exp(-real))).max() <= 1e-5
    np.testing.assert_allclose(-fake, real, rtol=1e-5, atol=5e-5)  # also where the sigmoid is flat
    assert abs(real[0] - real[1]) > 0.01  # the images matter


@real_files
@pytest.mark.parametrize("file", PUBLISHED)
def test_published_files_give_the_original_outputs(file):
    path = DATA / "mesonet" / f"{file}.h5"
    name = "meso4" if PUBLISHED[file] is Meso4 else "mesoinception4"
    assert_same(loaded(path, PUBLISHED[file]()), path, name, 256)


@networks
@pytest.mark.parametrize(
    ("size", "cells"), [(256, 64), (33, 4), (100, 16), (121, 16)], ids=lambda value: str(value)
)
def test_made_files_give_the_original_outputs(tmp_path, name, size, cells):
    path = write_weights(tmp_path / "w.h5", name, first=7, cells=cells)  # 7 to 10: not as text sorts them
    assert_same(loaded(path, NETWORKS[name](size)), path, name, size)


@real_files
@pytest.mark.parametrize(
    ("fake", "files"),
    [
        ("Deepfakes/c23/videos/519_515.mp4", ["Meso4_DF", "MesoInception_DF"]),
        ("Face2Face/c23/videos/750_743.mp4", ["Meso4_F2F", "MesoInception_F2F"]),
    ],
    ids=["deepfakes", "face2face"],
)
def test_published_files_tell_real_videos_from_fake(data, fake, files):
    real = faces(data / "ffpp/original_sequences/youtube/c23/videos/634.mp4")
    fakes = faces(data / "ffpp/manipulated_sequences" / fake)
    for file in files:
        network = loaded(DATA / "mesonet" / f"{file}.h5", PUBLISHED[file]())
        assert np.median(logits(network, fakes)) > 1
        assert np.median(logits(network, real)) < -0.5


def faces(path: Path, count: int = 5) -> np.ndarray:
    """Return face crops of a video, RGB float32 (count, 256, 256, 3) in [0, 1]."""
    cfg = {"detector": "yunet", "model": str(YUNET), "sha256": YUNET_SHA256, "min_score": 0.6}
    detector, video, crops = detectors.load_detector(cfg), VideoReader(path), []
    for frame in video.frames(range(0, video.frame_count, video.frame_count // count)):
        image, scale = detectors.shrink(frame.pixels, 640)
        face = to_faces(detector.find(image), scale)[0]
        height, width = frame.pixels.shape[:2]
        crops.append(
            crop_and_resize(frame.pixels, crop_square(face.xywh, width, height, 1.3), 256)[..., ::-1]
        )
    return np.stack(crops).astype(np.float32) / 255


@networks
def test_parameters_are_as_published(name):
    network = NETWORKS[name]()
    trainable = sum(p.numel() for p in network.parameters() if p.requires_grad)
    moving = sum(b.numel() for key, b in network.named_buffers() if "running" in key)
    assert (trainable, trainable + moving) == {
        "meso4": (27_977, 28_073),
        "mesoinception4": (28_615, 28_725),
    }[name]


@networks
def test_defaults_are_those_of_keras(name):
    torch.manual_seed(0)
    modules = list(NETWORKS[name]().modules())
    for layer in modules:
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            area = layer.weight[0, 0].numel()  # of the kernel
            bound = np.sqrt(6 / (area * (layer.weight.shape[0] + layer.weight.shape[1])))
            assert not layer.bias.any()
            assert layer.weight.abs().max() <= bound
            if layer.weight.numel() > 500:
                assert layer.weight.std().item() == pytest.approx(bound / np.sqrt(3), rel=0.1)
    norms = [layer for layer in modules if isinstance(layer, torch.nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, MOMENTUM)}
    assert [layer.p for layer in modules if isinstance(layer, torch.nn.Dropout)] == [0.5, 0.5]


@networks
@pytest.mark.parametrize(("size", "inputs"), [(32, 16), (33, 64), (64, 64), (224, 784), (256, 1024)])
def test_first_dense_layer_follows_the_size(name, size, inputs):
    network = NETWORKS[name](size).eval()
    assert network.head[2].in_features == inputs
    assert logits(network, random_images(size)).shape == (2,)


@networks
@pytest.mark.parametrize("size", [31, 0, -256])
def test_too_small_sizes_are_refused(name, size):
    with pytest.raises(ValueError, match=f"size {size}:"):
        NETWORKS[name](size)


@networks
def test_images_of_another_shape_are_refused(name):
    with pytest.raises(ValueError, match=r"\(N, 3, 64, 64\), not \(2, 3, 60, 60\)"):
        NETWORKS[name](64)(torch.zeros(2, 3, 60, 60))


@networks
def test_channels_last_gives_the_same(name):
    torch.manual_seed(0)
    network = NETWORKS[name](64).eval()
    images = random_images(64)
    plain = logits(network, images)
    network = network.to(memory_format=torch.channels_last)
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    assert x.is_contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        last = network(x)[:, 0].double().numpy()
    np.testing.assert_allclose(last, plain, rtol=1e-4, atol=1e-5)


@networks
def test_channels_last_trains_every_parameter(name):
    torch.manual_seed(0)
    network = NETWORKS[name](64).to(memory_format=torch.channels_last).train()
    x = torch.from_numpy(random_images(64, count=8)).permute(0, 3, 1, 2)
    network(x).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
