"""Sections of the config, images, and a comparison of two networks' weights."""

import torch
from torch import nn


def section(arch: str, weights=None, size: int | None = 64, **keys) -> dict:
    return {"arch": arch, "weights": weights and str(weights), "image_size": size, **keys}


def images(size: int, number: int = 2) -> torch.Tensor:
    return torch.randint(0, 256, (number, 3, size, size), generator=torch.Generator().manual_seed(1)).byte()


def same(one: nn.Module, other: nn.Module) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)
