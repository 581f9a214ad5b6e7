"""Small models of every kind, and the forms that convert.py makes of them."""

import runpy
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from made import huggingface as made_huggingface
from made.decoded import MODEL, ROOT, Made

from deepfake.checkpoints.best_pt import load_checkpoint, save_checkpoint, save_ensemble
from deepfake.checkpoints.inference import Opened
from deepfake.networks.build import build
from deepfake.networks.ensemble import flatten
from deepfake.networks.views import views_of

CONVERT = runpy.run_path(str(ROOT / "scripts/convert.py"))["main"]
NAMES = ["float32.onnx", "int8_dynamic.onnx", "int8_static.onnx", "float32.safetensors"]
KEPT = {
    "threshold": 0.0625,
    "video_threshold": 0.75,
    "training": {"lr": 0.01, "seed": 1, "betas": [0.9, 0.999]},
    "dataset": {"name": "made", "sha256": "0" * 64},
    "preprocessing": {"shows": "faces", "default": "made", "corpora": {"made": {"frames": {"count": 3}}}},
    "metrics": {"val": {"f1_macro": 0.5, "roc_auc": None}},
}


def run(main, *words: object) -> int:
    with patch.object(sys, "argv", ["program", *map(str, words)]):
        return main()


def convert(made: Made, checkpoint: Path, form: str, output: Path, *more: object) -> int:
    words = ["--checkpoint", checkpoint, "--form", form, "--output", output, "--threads", 1, *more]
    if form == "int8_static.onnx":
        words += ["--images", made.images, "--rows", made.rows, "--config", '{"calibration": 16}']
    return run(CONVERT, *words)


def save(path: Path, section: dict, spread: float = 1.0, **changes) -> Path:
    """best.pt of a network with new weights, its last layer's `spread` as wide as they come."""
    built = build(section, 4)
    state = {key: value.clone() for key, value in built.detector.network.state_dict().items()}
    last = [key for key, value in state.items() if value.ndim == 2][-1]
    state[last] = torch.randn(state[last].shape, generator=torch.Generator().manual_seed(0)) * spread
    save_checkpoint(path, built.facts, state, **KEPT | changes)
    return path


def _hf(folder: Path) -> Path:
    made_huggingface.vit(folder / "vit", size=16)
    return save(folder / "hf.pt", made_huggingface.section(folder / "vit", head="keep"), 0.2)


def _ensemble(folder: Path) -> Path:
    """Of two geometries, one of them in several views."""
    small = save(folder / "small.pt", MODEL | {"image_size": 32})
    large = save(folder / "large.pt", MODEL | {"image_size": 48})
    tta = {"flip": True, "scales": [0.8], "crops": None}
    parts = flatten([load_checkpoint(small)], [0.7], views_of(None))
    parts += flatten([load_checkpoint(large)], [0.3], views_of(tta))
    save_ensemble(folder / "ensemble.pt", parts, 1.5, **KEPT)
    return folder / "ensemble.pt"


KINDS = {
    "meso": lambda folder: save(folder / "meso.pt", MODEL | {"arch": "mesoinception4"}),
    "torchvision": lambda folder: save(folder / "tv.pt", MODEL | {"arch": "torchvision/resnet18"}, 0.1),
    "timm": lambda folder: save(folder / "timm.pt", MODEL | {"arch": "timm/test_vit", "image_size": 64}, 0.1),
    "hf": _hf,
    "ensemble": _ensemble,
}
"""From a kind of network to what writes a best.pt of it into a folder."""


def pictures(model: Opened, number: int, seed: int = 0) -> list[np.ndarray]:
    """Smooth coloured pictures at each geometry of a model, which differ more than noise does."""
    rng, found = np.random.default_rng(seed), []
    rough = rng.integers(0, 256, (number, 4, 4, 3), np.uint8)
    for geometry in model.geometries:
        times = geometry.size // 4
        found.append(np.ascontiguousarray(rough.repeat(times, 1).repeat(times, 2)))
    return found
