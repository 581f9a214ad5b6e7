"""The preprocessing of transformers' image processors: followed, saved for another size, or refused."""

import numpy as np
import pytest
import torch
import transformers
from made.huggingface import fake_probability, random_image, section, transformers_probabilities, vit
from PIL import Image

from deepfake.inputs.pixels import fit
from deepfake.networks.build import build
from deepfake.networks.huggingface import save_pretrained
from deepfake.networks.huggingface_preprocessing import geometry_of_processor, scaling_of_processor

pytestmark = pytest.mark.usefixtures("one_thread")

SQUARE = {"height": 32, "width": 32}


@pytest.mark.parametrize(
    "preprocessor",
    [
        None,
        {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 32}, "crop_pct": 0.8},
        {"image_processor_type": "BitImageProcessor", "do_resize": False, "image_mean": [0.3, 0.2, 0.1]},
    ],
    ids=["vit", "convnext", "no-size"],
)
@pytest.mark.parametrize("size", [48, 24])
def test_another_size_is_saved_too(tmp_path, size, preprocessor):
    (tmp_path / "in").mkdir()
    vit(tmp_path / "in", preprocessor=preprocessor)
    built = build(section(tmp_path / "in", image_size=size), seed=0)
    save_pretrained(built.detector, built.spec, tmp_path / "out")
    model = transformers.AutoModelForImageClassification.from_pretrained(tmp_path / "out")
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path / "out", backend="pil")
    image = random_image(70, 50)
    pixels = processor(Image.fromarray(image), return_tensors="pt").pixel_values
    assert pixels.shape[2:] == (size, size)
    with torch.inference_mode():
        given = model(pixels, interpolate_pos_encoding=True).logits.softmax(1)[0, 1]
    assert fake_probability(built, image) == pytest.approx(float(given), abs=1e-5)


PROCESSORS = {
    "ViTImageProcessor": {"size": SQUARE, "resample": 2},
    "ViTFeatureExtractor": {"size": 32, "resample": 3, "image_mean": [0.1, 0.2, 0.3]},
    "ConvNextImageProcessor": {"size": {"shortest_edge": 32}, "crop_pct": 0.875, "resample": 3},
    "DeiTImageProcessor": {"size": {"height": 40, "width": 40}, "crop_size": SQUARE, "do_center_crop": True},
    "BitImageProcessor": {"size": {"shortest_edge": 40}, "crop_size": SQUARE, "do_center_crop": True},
    "MobileNetV2ImageProcessor": {"size": {"shortest_edge": 37}, "crop_size": SQUARE, "do_center_crop": True},
    "EfficientNetImageProcessor": {"size": SQUARE, "rescale_offset": True, "rescale_factor": 1 / 127.5},
    "SiglipImageProcessor": {"size": SQUARE, "resample": 1},
    "LevitImageProcessor": {"size": {"shortest_edge": 28}, "crop_size": SQUARE, "do_center_crop": True},
    "PoolFormerImageProcessor": {"size": {"shortest_edge": 32}, "crop_pct": 0.9, "do_center_crop": True}
    | {"crop_size": SQUARE},
    "BeitImageProcessor": {"size": SQUARE, "do_normalize": False, "do_center_crop": False},
}


@pytest.mark.parametrize("kind", PROCESSORS)
def test_the_preprocessing_of_each_processor_class_is_followed(tmp_path, kind):
    """Square images of another size, through the transformers processor and through `fit`."""
    given = {"image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.3, 0.4], "resample": 2} | PROCESSORS[kind]
    key = "feature_extractor_type" if "Extractor" in kind else "image_processor_type"
    vit(tmp_path, preprocessor=given | {key: kind})
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path, backend="pil")
    image = random_image(60, 60)
    expected = processor(Image.fromarray(image), return_tensors="np")["pixel_values"][0].transpose(1, 2, 0)
    mean, std = scaling_of_processor(given | {key: kind})
    got = (fit(image, geometry_of_processor(given | {key: kind})) / 255 - mean) / std
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_the_default_backend_of_transformers_differs_by_rounding_only(tmp_path):
    vit(tmp_path)
    image = random_image(60, 60)
    pil = transformers_probabilities(tmp_path, image, "pil")["Deepfake"]
    assert transformers_probabilities(tmp_path, image, "torchvision")["Deepfake"] == pytest.approx(
        pil, abs=0.02
    )
    assert fake_probability(build(section(tmp_path), seed=0), image) == pytest.approx(pil, abs=1e-5)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"image_mean": [0.5]}, "image_mean"),
        ({"image_std": [0.5, 0.5, 0]}, "image_std"),
        ({"image_std": "x"}, "image_std"),
        ({"rescale_factor": None}, "rescale_factor"),
        ({"do_flip_channel_order": True}, "blue, green, red"),
        ({"image_processor_type": "MobileViTImageProcessor"}, "blue, green, red"),
    ],
    ids="short zero text none flip mobilevit".split(),
)
def test_unsupported_preprocessing_is_an_error(tmp_path, change, message):
    vit(tmp_path, preprocessor={"size": SQUARE, "resample": 2} | change)
    with pytest.raises(ValueError, match=f"preprocessor_config.json: .*{message}"):
        build(section(tmp_path), seed=0)


def test_without_preprocessing_a_size_is_enough_and_the_log_warns(tmp_path, caplog):
    vit(tmp_path, preprocessor={})
    built = build(section(tmp_path, image_size=32), seed=0)
    assert built.spec["mean"] == [0.5, 0.5, 0.5] and "no preprocessor_config.json" in caplog.text
    save_pretrained(built.detector, built.spec, tmp_path / "out")
    image = random_image()
    assert transformers_probabilities(tmp_path / "out", image)["Deepfake"] == pytest.approx(
        fake_probability(built, image), abs=1e-5
    )
