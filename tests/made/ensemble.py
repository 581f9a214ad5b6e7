"""Checkpoints of small untrained networks, and ensembles of them."""

from pathlib import Path

import torch
from made.networks import decided_state, section

from deepfake.checkpoints.best_pt import save_checkpoint, save_ensemble
from deepfake.checkpoints.metadata import check_metadata
from deepfake.errors import ModelError
from deepfake.networks.build import build
from deepfake.networks.ensemble import flatten
from deepfake.networks.views import WHOLE

DATASET = {"name": "made", "sha256": "0" * 64}
SMALL, LARGE = 32, 48
COMMON = {"threshold": 0.5, "training": {}, "dataset": DATASET, "metrics": {}}


def write_member(path: Path, size: int = SMALL, seed: int = 1, f1_macro: float = 0.5, **keys) -> Path:
    """Write the best.pt of a new Meso-4 for images of `size` pixels; `keys` are those of save_checkpoint."""
    built = build(section("meso4", size=size), seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    metrics = {"val": {"f1_macro": f1_macro, "log_loss": 0.7}}
    state = decided_state(built.detector.network)
    save_checkpoint(path, built.spec, state, **COMMON | {"metrics": metrics} | keys)
    return path


def write_ensemble(path: Path, members: list[dict], weights, views=(WHOLE,), temperature=1.0, **keys) -> Path:
    """Write the best.pt of the sum of some checkpoints."""
    save_ensemble(path, flatten(members, weights, views), temperature, **COMMON | keys)
    return path


def pixels(size: int, number: int = 3, seed: int = 0) -> torch.Tensor:
    """Return noise, uint8 (number, 3, size, size)."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (number, 3, size, size), generator=generator).byte()


def accepts_views(views: list) -> bool:
    """Return whether an ensemble's metadata may hold these views."""
    geometry = {"size": SMALL, "resize": SMALL, "resample": "bilinear"}
    described = {"geometry": geometry, "mean": [0.0] * 3, "std": [1.0] * 3}
    part = {"network": {"arch": "meso4", "fake": 1} | described} | described | {"views": views, "weight": 1.0}
    metadata = COMMON | {"format": 2, "classes": ["real", "fake"], "versions": {}, "preprocessing": {}}
    metadata |= {"video_threshold": 0.5, "parts": [part], "temperature": 1.0}
    try:
        check_metadata(metadata, "best.pt")
    except ModelError as error:
        assert "views" in str(error)
        return False
    return True
