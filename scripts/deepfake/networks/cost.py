"""What a network takes for one image, computed from shapes alone: nothing is allocated, whatever its size."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from deepfake.networks.architectures import CANT_RUN

CANT_COUNT = (*CANT_RUN, AttributeError, LookupError)
MODULES, MODULES_PER_TENSOR = 10_000, 20
"""So many modules a network may have, and so many more for each tensor of its weights."""


@dataclass(frozen=True)
class Cost:
    """Of one image: the bytes of the largest layer's inputs and outputs, and the operations of all layers."""

    memory: int
    operations: int


def cost_of(network: nn.Module, size: int) -> Cost | None:
    """Return what `network`, whose parameters are on the device "meta", takes for an image (3, size, size).

    Returns None if it can't run there, or takes no image of this size.
    """
    if any(not buffer.is_meta for buffer in network.buffers()):
        network = copy.deepcopy(network).to("meta")
    memory = _largest_layer(network, size)
    if memory is None:
        return None
    flops = FlopCounterMode(display=False)
    with suppress(*CANT_COUNT), flops:  # it knows no cross-attention: what it has counted till then counts
        _run(network, size)
    return Cost(memory, flops.get_total_flops())


def _largest_layer(network: nn.Module, size: int) -> int | None:
    layers = _LargestLayer()
    try:
        with layers:
            _run(network, size)
    except CANT_COUNT:
        return None
    return layers.largest


@torch.inference_mode()
def _run(network: nn.Module, size: int) -> None:
    network.eval()(torch.zeros(1, 3, size, size, device="meta"))


class _LargestLayer(TorchDispatchMode):
    """Sees every operation of torch; `largest` is the most bytes that one of them reads and writes."""

    largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        tensors = [value for value in tree_leaves((args, kwargs, result)) if isinstance(value, Tensor)]
        self.largest = max(self.largest, sum(value.numel() * value.element_size() for value in tensors))
        return result


@contextmanager
def parameters_on_meta() -> Iterator[None]:
    """Move each parameter of the networks made in this block to the device "meta" before it gets values."""

    def move(module: nn.Module, name: str, value: nn.Parameter) -> nn.Parameter:
        return nn.Parameter(value.detach().to("meta"), value.requires_grad)

    handle = hooks.register_module_parameter_registration_hook(move)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def limited_modules(tensors: int) -> Iterator[None]:
    """Stop a network in the making that has far more modules than weights for `tensors` tensors would need.

    Even without weights a million layers take hours and gigabytes. Raises ValueError.
    """
    most, made = MODULES + MODULES_PER_TENSOR * tensors, 0

    def count(module: nn.Module, name: str, value: nn.Module) -> None:
        nonlocal made
        made += 1
        if made > most:
            raise ValueError(f"it would have more than {most:,} modules, for weights in {tensors:,} tensors")

    handle = hooks.register_module_module_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
