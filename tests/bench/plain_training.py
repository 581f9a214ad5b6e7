"""What a plain script does to train a network on images in memory: the reference of bench_learning.py."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

EVAL_BATCH = 128


def train_plain(
    network: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    mean: list[float],
    std: list[float],
    lr: float,
    epochs: int,
    batch_size: int,
    seed: int,
) -> float:
    """Train what isn't frozen of `network` by AdamW with one cycle of the learning rate and random flips.

    Returns the first epoch's mean loss.

    `images` are uint8 (N, size, size, 3) RGB, `labels` are (N,), real = 0 and fake = 1, and the network maps
    normalised pixels (n, 3, size, size) to the logit of fake, (n, 1).
    """
    torch.manual_seed(seed)
    network.train()
    optimizer = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr)
    steps = len(images) // batch_size
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, epochs=epochs, steps_per_epoch=steps)
    losses = []
    for _ in range(epochs):
        order = torch.randperm(len(images)).numpy()
        for start in range(0, steps * batch_size, batch_size):
            chosen = order[start : start + batch_size]
            pixels, targets = normalise(images[chosen], mean, std), torch.from_numpy(labels[chosen]).float()
            flipped = torch.rand(len(chosen)) < 0.5
            pixels[flipped] = pixels[flipped].flip(3)
            loss = binary_cross_entropy_with_logits(network(pixels)[:, 0], targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
    return float(np.mean(losses[:steps]))


@torch.inference_mode()
def predict_plain(network: nn.Module, images: np.ndarray, mean: list[float], std: list[float]) -> np.ndarray:
    """Return the logits of fake, float32 (N,)."""
    network.eval()
    parts = [images[start : start + EVAL_BATCH] for start in range(0, len(images), EVAL_BATCH)]
    return np.concatenate([network(normalise(part, mean, std))[:, 0].numpy() for part in parts])


def normalise(images: np.ndarray, mean: list[float], std: list[float]) -> Tensor:
    """Return uint8 (n, size, size, 3) as float32 (n, 3, size, size), channels last in memory."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    return (pixels - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
