"""The learning rate of each step."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau


def set_learning_rate(optimizer: Optimizer, model: dict, step: int, steps_per_epoch: int) -> float:
    """Set the learning rates of step `step`, counted from 0 over all epochs; return the highest one.

    Each group of parameters has its own, `highest`. In the first `freeze_epochs` epochs, when the head alone
    is trained, it is that. Then over `warmup` epochs it rises to it in a line, and after these `schedule`
    decides. A plateau schedule itself sets the rate after the warm-up, at the end of an epoch, and it isn't
    touched here.
    """
    frozen = model["freeze_epochs"] * steps_per_epoch
    warmup = round(steps_per_epoch * model["warmup"])
    steps, now = steps_per_epoch * model["epochs"] - frozen - warmup, step - frozen - warmup
    for group in optimizer.param_groups:
        highest = group["highest"]
        if step < frozen:
            group["lr"] = highest
        elif now < 0:
            group["lr"] = highest * (now + warmup + 1) / warmup
        elif model["schedule"] == "constant":
            group["lr"] = highest
        elif model["schedule"] == "cosine":
            every = (model["restart_every"] or 0) * steps_per_epoch
            factor = cosine(now % every, min(every, steps)) if every else cosine(now, steps)
            lowest = min(model["lr_min"], highest)
            group["lr"] = lowest + (highest - lowest) * factor
    return max(group["lr"] for group in optimizer.param_groups)


def cosine(step: int, steps: int) -> float:
    """Return the factor of the learning rate at a step of `steps`: from 1 to 0 along half a cosine."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1, steps))))


def make_plateau(optimizer: Optimizer, model: dict) -> ReduceLROnPlateau | None:
    """Return what halves the learning rate in the second epoch without a rise of validation macro F1.

    None for other schedules than `plateau`. A rise counts however small it is.
    """
    if model["schedule"] != "plateau":
        return None
    return ReduceLROnPlateau(optimizer, mode="max", factor=0.5, patience=1, threshold=0.0)
