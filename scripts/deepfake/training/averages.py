"""Moving averages of a network's weights over the steps of training, which are validated in their place."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel


def make_averages(network: nn.Module, decay: float | None) -> AveragedModel | None:
    """Return a copy of `network` that holds exponential moving averages; None where `decay` is None.

    Each update multiplies the average by `decay` and adds 1 - `decay` of the weights, and of buffers of
    floating point. As long as (1 + n) / (10 + n), n being the number of updates, is less than `decay`, that
    counts instead: an average over 1000 steps would otherwise show the untrained network for an epoch.
    """
    if decay is None:
        return None
    averages = AveragedModel(network, multi_avg_fn=_averaging(decay), use_buffers=True)
    averages.requires_grad_(False)
    return averages


def _averaging(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor], None]:
    @torch.no_grad()
    def average(averages: list[Tensor], values: list[Tensor], updates: Tensor) -> None:
        number = int(updates)
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - min(decay, (1 + number) / (10 + number)))
        else:
            torch._foreach_copy_(averages, values)

    return average
