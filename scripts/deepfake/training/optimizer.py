"""The optimiser and the learning rate of each step."""

import math
from collections.abc import Callable

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def make_optimizer(network: nn.Module, model: dict) -> Optimizer:
    """Return the optimiser that a model's section describes (`optimizer`, `lr`, `weight_decay`).

    Biases and the scales of normalisation layers, tensors of one dimension, get no weight decay.
    """
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in trained if parameter.ndim > 1]},
        {"params": [parameter for parameter in trained if parameter.ndim <= 1], "weight_decay": 0.0},
    ]
    return OPTIMIZERS[model["optimizer"]](groups, model["lr"], weight_decay=model["weight_decay"])


def make_plateau(optimizer: Optimizer, model: dict) -> ReduceLROnPlateau | None:
    """Return what halves the learning rate in the second epoch without a rise of validation macro F1.

    None for other schedules than `plateau`. A rise counts however small it is.
    """
    if model["schedule"] != "plateau":
        return None
    return ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=1, threshold=0.0)


def set_learning_rate(optimizer: Optimizer, model: dict, step: int, steps_per_epoch: int) -> float:
    """Set the learning rate of step `step`, counted from 0 over all epochs, and return it.

    Over the first `warmup` epochs it rises in a line to `lr`; after them `schedule` decides. A plateau
    schedule itself sets the rate after the warm-up, at the end of an epoch, and it isn't touched here.
    """
    steps = steps_per_epoch * model["epochs"]
    warmup = round(steps * model["warmup"] / model["epochs"])
    schedule = SCHEDULES[model["schedule"]]
    if step < warmup or schedule:
        factor = (step + 1) / warmup if step < warmup else schedule(step - warmup, steps - warmup)
        for group in optimizer.param_groups:
            group["lr"] = model["lr"] * factor
    return optimizer.param_groups[0]["lr"]


def cosine(step: int, steps: int) -> float:
    """Return the factor of the learning rate at a step of `steps`: from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))


def constant(step: int, steps: int) -> float:
    return 1.0


SCHEDULES: dict[str, Callable[[int, int], float] | None] = {
    "cosine": cosine,
    "constant": constant,
    "plateau": None,
}
