"""Small models of every kind, and convert.py, which exports them to other formats."""

from pathlib import Path

import numpy as np
from made import huggingface as made_huggingface
from made.decoded import MODEL, DecodedFiles
from made.networks import decided_state
from made.programs import run_program
from torch import nn

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint, save_ensemble
from deepfake.checkpoints.inference import LoadedModel
from deepfake.checkpoints.torch_inference import make_detector
from deepfake.networks.build import build
from deepfake.networks.ensemble import flatten
from deepfake.networks.views import tta_views

FORMATS = ["float32.onnx", "int8_dynamic.onnx", "int8_static.onnx", "float32.safetensors"]
METADATA = {
    "threshold": 0.0625,
    "video_threshold": 0.75,
    "training": {"lr": 0.01, "seed": 1, "betas": [0.9, 0.999]},
    "dataset": {"name": "made", "sha256": "0" * 64},
    "preprocessing": {"shows": "faces", "default": "made", "corpora": {"made": {"frames": {"count": 3}}}},
    "metrics": {"val": {"f1_macro": 0.5, "roc_auc": None}},
}
"""What `save` and the ensemble here write into best.pt beside the network."""


def convert(made: DecodedFiles, checkpoint: Path, name: str, output: Path) -> int:
    """Export a best.pt to the format `name`, calibrated on the images of `made` where it needs some."""
    args = ["--checkpoint", checkpoint, "--form", name, "--output", output, "--threads", 1]
    if name == "int8_static.onnx":
        args += ["--images", made.images, "--rows", made.rows, "--config", '{"calibration": 16}']
    return run_program("convert.py", *args)


def save(path: Path, section: dict, spread: float = 1.0, **changes) -> Path:
    """Write the best.pt of a network with new weights, those of the last layer `spread` times as large."""
    built = build(section, 4)
    state = decided_state(built.detector.network, spread)
    save_checkpoint(path, built.spec, state, **METADATA | changes)
    return path


def load_detector(path: Path) -> tuple[nn.Module, dict]:
    """Return the detector of a best.pt, in evaluation mode on the CPU, and its checkpoint."""
    checkpoint = load_checkpoint(path)
    return make_detector(checkpoint, path), checkpoint


def _transformers(folder: Path) -> Path:
    made_huggingface.vit(folder / "vit", size=16)
    return save(folder / "hf.pt", made_huggingface.section(folder / "vit", head="keep"), 0.2)


def _ensemble(folder: Path) -> Path:
    """Of two geometries, one of them in several views."""
    small = save(folder / "small.pt", MODEL | {"image_size": 32})
    large = save(folder / "large.pt", MODEL | {"image_size": 48})
    tta = {"flip": True, "scales": [0.8], "crops": None}
    parts = flatten([load_checkpoint(small)], [0.7], tta_views(None))
    parts += flatten([load_checkpoint(large)], [0.3], tta_views(tta))
    save_ensemble(folder / "ensemble.pt", parts, 1.5, **METADATA)
    return folder / "ensemble.pt"


KINDS = {
    "meso": lambda folder: save(folder / "meso.pt", MODEL | {"arch": "mesoinception4"}),
    "torchvision": lambda folder: save(folder / "tv.pt", MODEL | {"arch": "torchvision/resnet18"}, 0.1),
    "timm": lambda folder: save(folder / "timm.pt", MODEL | {"arch": "timm/test_vit", "image_size": 64}, 0.1),
    "hf": _transformers,
    "ensemble": _ensemble,
}
"""A kind of network, and the function that writes its best.pt into a folder and returns the path."""


def images_for(model: LoadedModel, number: int, seed: int = 0) -> list[np.ndarray]:
    """Return a batch for `model`: images of a few large coloured squares, which differ more than noise."""
    rng, batch = np.random.default_rng(seed), []
    squares = rng.integers(0, 256, (number, 4, 4, 3), np.uint8)
    for geometry in model.geometries:
        times = geometry.size // 4
        batch.append(np.ascontiguousarray(squares.repeat(times, 1).repeat(times, 2)))
    return batch
