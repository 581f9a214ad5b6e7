"""A small model, images and videos, and a competition's lists of them."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
from made.decoded import MODEL, SIZE, striped
from made.networks import decided_state
from made.programs import run_program

from deepfake.checkpoints.best_pt import save_checkpoint
from deepfake.checkpoints.convert import convert
from deepfake.networks.build import build

LIMITS = {"members": 1000, "member_gb": 1, "total_gb": 1, "ratio": 1000, "seconds": 300}
STEPS = {
    "frames": {"strategy": "uniform", "count": 3, "format": "png"},
    "faces": {"detector": "none", "size": SIZE, "format": "png"},
}
PREPROCESSING = {"shows": "faces", "default": "made", "corpora": {"made": STEPS}}
LABELS = np.arange(6) % 2


def write_model(path: Path, threshold: float = 0.5, preprocessing: dict | None = None) -> Path:
    """Write a detector with random weights, as if trained on whole images of SIZE pixels."""
    built = build(MODEL, seed=3)
    save_checkpoint(
        path,
        built.spec,
        decided_state(built.detector.network),
        threshold=threshold,
        training={},
        dataset={"name": "made", "sha256": "0" * 64, "images": 88},
        metrics={"val": {"f1_macro": 0.5}},
        preprocessing=PREPROCESSING if preprocessing is None else preprocessing,
    )
    return path


def export_onnx(checkpoint: Path, path: Path) -> Path:
    """Write the checkpoint as float32.onnx."""
    convert(checkpoint, "float32.onnx", path)
    return path


def write_images(folder: Path) -> dict[str, np.ndarray]:
    """Write images `<number> of six.png`, every other one below `more/`; return uint8 RGB pixels by name."""
    found = {}
    for number, pixels in enumerate(striped(LABELS, SIZE, 5)):
        name = f"more/{number} of six.png" if number % 2 else f"{number} of six.png"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1].tobytes())
        found[name] = pixels
    return found


def submit(
    file: str, checkpoint: Path, names: Path, media: list[Path], output: Path, code: int = 0, **settings
) -> str:
    """Run submit.py, which must exit with `code`; return the text of its output, "" where there is none."""
    own = (
        {"crops": True, "fallback": 1}
        if file == "prediction.txt"
        else {"fallback": 0.5, "clip": [0.01, 0.99]}
    )
    cfg = {**own, "people": "worst", "limits": LIMITS, **settings}
    options = ["--file", file, "--checkpoint", checkpoint, "--names", names, "--media", *media]
    options += ["--config", json.dumps(cfg), "--threads", 1, "--output", output]
    assert run_program("submit.py", *options) == code
    return output.read_text(encoding="utf-8") if os.path.exists(output) else ""
