"""Detectors of torch, run on the best device that there is."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from deepfake.checkpoints.best_pt import read_detector
from deepfake.checkpoints.inference import Batch, Logits, Opened, in_shares
from deepfake.checkpoints.metadata import facts_of, geometries_of
from deepfake.networks.ensemble import Ensemble
from deepfake.networks.memory import keep_freed_memory


def best_device() -> torch.device:
    """The first of CUDA, Apple's MPS and the CPU that this machine has."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def as_tensor(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 3) as a tensor (N, 3, H, W) over the same memory, which makes it channels-last."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def logits_of(detector: nn.Module, device: torch.device | None = None) -> Logits:
    """What runs `detector`, which is moved to `device` (the best one) and put into evaluation mode."""
    device = device or best_device()
    keep_freed_memory()
    detector.to(device, memory_format=torch.channels_last).eval()

    def logits(batch: Batch) -> np.ndarray:
        with torch.inference_mode():
            return detector(*(as_tensor(images).to(device) for images in batch)).float().cpu().numpy()

    return in_shares(logits, detector.widest) if isinstance(detector, Ensemble) else logits


def open_torch(path: str | Path, threads: int) -> Opened:
    """A checkpoint of ours, as inference.open_model gives it."""
    torch.set_num_threads(threads)
    return opened(*read_detector(path))


def opened(detector: nn.Module, checkpoint: dict) -> Opened:
    """A checkpoint, and the detector that its weights make, ready to be run on the best device."""
    facts = facts_of(checkpoint)
    return Opened(facts, geometries_of(facts), logits_of(detector), detector)
