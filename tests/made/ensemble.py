"""Checkpoints of small networks that were never trained, to make ensembles of."""

from pathlib import Path

import torch
from made.networks import section

from deepfake.checkpoints.best_pt import save_checkpoint, save_ensemble
from deepfake.networks.build import build
from deepfake.networks.ensemble import flatten
from deepfake.networks.views import WHOLE

DATASET = {"name": "made", "sha256": "0" * 64}
SMALL, LARGE = 32, 48
COMMON = {"threshold": 0.5, "training": {}, "dataset": DATASET, "metrics": {}}


def write_member(path: Path, size: int = SMALL, seed: int = 1, f1_macro: float = 0.5, **keys) -> Path:
    """The best.pt of a new Meso-4 for images of `size` pixels; `keys` as save_checkpoint takes them."""
    built = build(section("meso4", size=size), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    metrics = {"val": {"f1_macro": f1_macro, "log_loss": 0.7}}
    state = built.detector.network.state_dict()
    save_checkpoint(path, built.facts, state, **COMMON | {"metrics": metrics} | keys)
    return path


def write_ensemble(path: Path, members: list[dict], weights, views=(WHOLE,), temperature=1.0, **keys) -> Path:
    """The best.pt of the sum of some checkpoints."""
    save_ensemble(path, flatten(members, weights, views), temperature, **COMMON | keys)
    return path


def pixels(size: int, number: int = 3, seed: int = 0) -> torch.Tensor:
    """Noise as uint8 (number, 3, size, size)."""
    drawn = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (number, 3, size, size), generator=drawn).byte()
