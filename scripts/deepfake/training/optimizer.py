"""The optimiser and the learning rate of each step."""

import math
import re
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm as BATCH_NORMS
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

OPTIMIZERS = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}
LEARNING_RATES = {  # by whether the weights are pretrained, and whether the network has batch normalisation
    (False, True): 1e-3,
    (False, False): 3e-4,
    (True, True): 3e-4,
    (True, False): 5e-5,
}
WARMUP = 0.1  # of the epochs, at most one
UNDECAYED = re.compile(r"pos(ition)?_?emb|(token|bias|bias_table|biases)s?$")
"""Parameters of several dimensions that are no weights of layers: embeddings of positions, and tokens."""


def with_defaults(model: dict, network: nn.Module) -> dict:
    """Return a model's section with numbers for `lr` and `warmup` where they are null.

    A pretrained network is trained more gently than a new one, and one without batch normalisation, such as a
    transformer, more gently than one with it.
    """
    pretrained = bool(model["weights"]) or model["arch"].startswith("hf/")
    normalised = any(isinstance(module, BATCH_NORMS) for module in network.modules())
    lr, warmup = LEARNING_RATES[pretrained, normalised], min(1.0, WARMUP * model["epochs"])
    return model | {
        "lr": lr if model["lr"] is None else model["lr"],
        "warmup": warmup if model["warmup"] is None else model["warmup"],
    }


def make_optimizer(network: nn.Module, model: dict) -> Optimizer:
    """Return the optimiser that a model's section describes (`optimizer`, `lr`, `weight_decay`).

    Biases and the scales of normalisation layers, tensors of one dimension, get no weight decay, and neither
    do embeddings of positions and tokens.
    """
    trained = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    decayed = {
        name for name, parameter in trained.items() if parameter.ndim > 1 and not UNDECAYED.search(name)
    }
    groups = [
        {"params": [trained[name] for name in trained if name in decayed]},
        {"params": [trained[name] for name in trained if name not in decayed], "weight_decay": 0.0},
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
