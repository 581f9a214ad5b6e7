"""What a `models` section means: arch, image size and weights file."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

from deepfake.inputs.geometry import Geometry
from deepfake.networks.huggingface_preprocessing import geometry_of_processor
from deepfake.networks.settings import geometry_of, parse_arch, weights_digest


def section(arch: str, **keys) -> dict:
    return {"arch": arch, "weights": None, "image_size": None, **keys}


def folder_with(tmp_path, preprocessor: dict | str) -> str:
    text = preprocessor if isinstance(preprocessor, str) else json.dumps(preprocessor)
    (tmp_path / "preprocessor_config.json").write_text(text)
    return f"hf/{tmp_path}"


@pytest.mark.parametrize(
    "arch, geometry",
    [
        ("meso4", Geometry(256, 256, "bilinear")),
        ("mesoinception4", Geometry(256, 256, "bilinear")),
        ("torchvision/resnet18", Geometry(224, 224, "bilinear")),
        ("torchvision/inception_v3", Geometry(299, 299, "bilinear")),
        ("timm/xception", Geometry(299, 299, "bicubic")),
        ("timm/efficientnet_b4", Geometry(224, 224, "bicubic")),
        ("timm/mobilenetv3_large_100", Geometry(224, 224, "bicubic")),
        ("timm/vit_base_patch16_384.augreg_in1k", Geometry(384, 384, "bicubic")),
        ("timm/swinv2_tiny_window8_256", Geometry(256, 256, "bicubic")),
        ("hf/nobody/nothing", Geometry(224, 224, "bilinear")),
    ],
)
def test_each_kind_has_its_size(arch, geometry):
    assert geometry_of(section(arch)) == geometry


@pytest.mark.parametrize("arch", ["meso4", "torchvision/inception_v3", "timm/vit_base_patch16_384"])
def test_a_given_size_wins(arch):
    geometry = geometry_of(section(arch, image_size=96))
    assert (geometry.size, geometry.resize) == (96, 96)


@pytest.mark.parametrize("arch", ["meso5", "timm", "timm/", "keras/vgg16", ""])
def test_an_unknown_arch_is_an_error_that_lists_the_kinds(arch):
    with pytest.raises(ValueError, match="write meso4, .*hf/<folder>"):
        parse_arch(arch)


SQUARE = {"height": 224, "width": 224}


@pytest.mark.parametrize(
    "preprocessor, geometry",
    [
        ({"size": SQUARE, "resample": 2}, Geometry(224, 224, "bilinear")),
        ({"size": 224, "resample": 3}, Geometry(224, 224, "bicubic")),
        ({"size": {"shortest_edge": 192}, "resample": 1}, Geometry(192, 192, "lanczos")),
        (
            {"size": {"shortest_edge": 256}, "resample": 0, "do_center_crop": True, "crop_size": SQUARE},
            Geometry(224, 256, "nearest"),
        ),
        ({"size": 256, "do_center_crop": True, "crop_size": 224}, Geometry(224, 256, "bilinear")),
        ({"size": SQUARE, "do_center_crop": False, "crop_size": 100}, Geometry(224, 224, "bilinear")),
        ({"size": {"shortest_edge": 224}, "crop_pct": 0.875, "resample": 3}, Geometry(224, 256, "bicubic")),
        ({"size": {"shortest_edge": 384}, "crop_pct": 0.875}, Geometry(384, 384, "bilinear")),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 112}},
            Geometry(112, 128, "bilinear"),
        ),
        (
            {
                "image_processor_type": "LevitImageProcessor",
                "size": {"shortest_edge": 224},
                "do_center_crop": True,
            }
            | {"crop_size": SQUARE},
            Geometry(224, 256, "bilinear"),
        ),
    ],
    ids="square number edge crop deit no-crop convnext convnext-large convnext-default levit".split(),
)
def test_the_preprocessing_of_a_folder_is_followed(tmp_path, preprocessor, geometry):
    assert geometry_of_processor(preprocessor) == geometry
    arch = folder_with(tmp_path, preprocessor)
    assert geometry_of(section(arch)) == geometry
    assert geometry_of(section(arch, image_size=64)) == Geometry(64, 64, geometry.resample)


@pytest.mark.parametrize(
    "preprocessor, message",
    [
        ("{not json", "can't be read as JSON"),
        ("[1, 2]", "keys and values"),
        ({}, "image_size"),
        ({"size": {"height": 224, "width": 192}}, "image_size"),
        ({"size": {"longest_edge": 224}}, "image_size"),
        ({"size": True}, "image_size"),
        ({"size": 10**9}, "image_size"),
        ({"size": 224, "do_resize": False}, "image_size"),
        ({"size": 224, "crop_pct": 0}, "image_size"),
        ({"size": 224, "crop_pct": "0.9"}, "image_size"),
        ({"size": 224, "do_center_crop": True, "crop_size": 256}, "larger than the image"),
        ({"size": 224, "resample": 5}, "resample is 5"),
    ],
    ids="text list empty oblong longest true huge fixed zero share crop resample".split(),
)
def test_invalid_preprocessing_is_an_error_that_names_the_file(tmp_path, preprocessor, message):
    with pytest.raises(ValueError, match=message) as error:
        geometry_of(section(folder_with(tmp_path, preprocessor)))
    assert str(tmp_path / "preprocessor_config.json") in str(error.value)


def test_a_folder_without_preprocessing_needs_a_size(tmp_path):
    with pytest.raises(ValueError, match="preprocessor_config.json.*set models.<model>.image_size"):
        geometry_of(section(f"hf/{tmp_path}"))
    assert geometry_of(section(f"hf/{tmp_path}", image_size=48)) == Geometry(48, 48, "bilinear")


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="there is no folder .*/absent"):
        geometry_of(section(f"hf/{tmp_path}/absent"))


@pytest.mark.parametrize("weights", [None, "IMAGENET1K_V1", "pretrained", "absent.pt"])
def test_no_file_no_digest(weights):
    assert weights_digest(section("torchvision/resnet18", weights=weights)) == ""


@pytest.mark.parametrize("size", [10, 64 * 65536 + 1])
def test_the_digest_sees_first_and_last_byte_and_the_size(tmp_path, size):
    path = tmp_path / "w.pt"
    seen = set()
    for content in (bytes(size), b"x" + bytes(size - 1), bytes(size - 1) + b"x", bytes(size + 1)):
        path.write_bytes(content)
        seen.add(weights_digest(section("meso4", weights=str(path))))
    assert len(seen) == 4 and all(len(digest) == 64 for digest in seen)
    os.utime(path, (0, 0))
    assert weights_digest(section("meso4", weights=str(path))) in seen


def test_a_large_file_is_read_in_part(tmp_path):
    path = tmp_path / "large.safetensors"
    with open(path, "wb") as file:
        file.truncate(1 << 40)  # sparse, so it takes no space; to read all of it would take minutes
    assert len(weights_digest(section("timm/resnet18", weights=str(path)))) == 64


def test_the_digest_of_a_folder_covers_all_files_of_the_network(tmp_path):
    model, seen = section(f"hf/{tmp_path}"), set()
    for name in ("config.json", "preprocessor_config.json", "model.safetensors", "pytorch_model.bin"):
        (tmp_path / name).write_text("a")
        seen.add(weights_digest(model))
        (tmp_path / name).write_text("b")
        seen.add(weights_digest(model))
    assert len(seen) == 8
    (tmp_path / "README.md").write_text("a")
    assert weights_digest(model) in seen


def test_the_workflow_reads_settings_without_torch():
    code = "import sys, deepfake.networks.settings; print('torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
