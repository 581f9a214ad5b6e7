"""Sections of the config, images, and a comparison of two networks' weights."""

import torch
from torch import nn


def section(arch: str, weights=None, size: int | None = 64, **keys) -> dict:
    return {"arch": arch, "weights": weights and str(weights), "image_size": size, **keys}


def images(size: int, number: int = 2) -> torch.Tensor:
    return torch.randint(0, 256, (number, 3, size, size), generator=torch.Generator().manual_seed(1)).byte()


def decided_state(network: nn.Module, spread: float = 0.35) -> dict[str, torch.Tensor]:
    """Return a network's state_dict with a larger head, so that its outputs differ from image to image.

    A new head starts with weights near 0. Those of the last layer here have the standard deviation `spread`.
    """
    state = {key: value.clone() for key, value in network.state_dict().items()}
    last = [key for key, value in state.items() if value.ndim == 2][-1]
    state[last] = torch.randn(state[last].shape, generator=torch.Generator().manual_seed(0)) * spread
    return state


def perturb(network: nn.Module, spread: float = 0.05) -> None:
    """Add noise to all parameters: some networks start with branches of zeros, where nothing is learnt."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for value in network.parameters():
            value += torch.randn(value.shape, generator=generator) * spread


def same(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
