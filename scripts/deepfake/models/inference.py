"""Probabilities of fake, for as many images as there are."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from torch import Tensor, nn

from deepfake.datasets.decoded import Decoded

BATCH = 64


def best_device() -> torch.device:
    """The first of CUDA, Apple's MPS and the CPU that this machine has."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def batched(images: Iterable[np.ndarray], number: int = BATCH) -> Iterator[np.ndarray]:
    """`images`, each uint8 (size, size, 3), stacked: uint8 (up to `number`, size, size, 3)."""
    images = iter(images)
    while some := list(islice(images, number)):
        yield np.stack(some)


def as_tensor(images: np.ndarray) -> Tensor:
    """uint8 (N, H, W, 3) as a tensor (N, 3, H, W) over the same memory, which makes it channels-last."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)


def probabilities(detector: nn.Module, batches: Iterable[np.ndarray], device: torch.device) -> np.ndarray:
    """Of each image the probability that it is fake, float32 (total,).

    `batches` are uint8 (n, size, size, 3), RGB. `detector` gives logits of fake; it is moved to `device` and
    put into evaluation mode.
    """
    detector.to(device, memory_format=torch.channels_last).eval()
    found = [np.empty(0, np.float32)]
    with torch.inference_mode():
        for batch in batches:
            found.append(detector(as_tensor(batch).to(device)).sigmoid().float().cpu().numpy())
    return np.concatenate(found)


def predict_split(
    detector: nn.Module, decoded: Decoded, split: str, watch: Callable[[list], Iterable] = iter
) -> np.ndarray:
    """The probability of fake of each image of a split, float32 (n,), in the order of its rows.

    `watch` gives the numbers of the batches on, and may show how far it is.
    """
    numbers = decoded.split(split)
    parts = [numbers[start : start + BATCH] for start in range(0, len(numbers), BATCH)]
    return probabilities(detector, map(decoded.take, watch(parts)), best_device())
