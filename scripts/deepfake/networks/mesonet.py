"""Meso-4 and MesoInception-4, by Afchar et al. (2018), "MesoNet: a compact facial video forgery detection
network".

The layers are those of the authors' published Keras code: each convolution is followed by ReLU, then by batch
normalisation, then by max pooling; every padding is Keras's `same`.
"""

import torch
from torch import Tensor, nn

from deepfake.errors import UserError

# The weight of a batch in the moving averages, in training. It is torch's default: with Keras's, 0.01, the
# averages lag so much that after some hundred steps validation is still at chance.
MOMENTUM = 0.1
EPSILON = 1e-3  # Keras's default for batch normalisation; torch's is 1e-5
SLOPE = 0.1  # of LeakyReLU below zero
STRIDE = 32  # pixels of the image per cell of the last feature map: pooling by 2, 2, 2 and 4
CHANNELS = 16  # of the last feature map
HIDDEN = 16  # units of the first dense layer


class Meso4(nn.Module):
    """Four convolutions and two dense layers, 27,977 trainable parameters at the published size of 256.

    `size` is the side of the square images in pixels; UserError if it is below 32.
    """

    def __init__(self, size: int = 256):
        super().__init__()
        sides = _sides(size)
        self.size = size
        self.features = nn.Sequential(
            *_convolution(3, 8, kernel=3),
            *_norm_and_pool(8, sides[0], by=2),
            *_convolution(8, 8, kernel=5),
            *_norm_and_pool(8, sides[1], by=2),
            *_convolution(8, 16, kernel=5),
            *_norm_and_pool(16, sides[2], by=2),
            *_convolution(16, CHANNELS, kernel=5),
            *_norm_and_pool(CHANNELS, sides[3], by=4),
        )
        self.head = _head(sides[4])
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logit of fake, float (N, 1), of RGB images, float (N, 3, size, size) in [0, 1]."""
        return self.head(self.features(_checked(images, self.size)))


class MesoInception4(nn.Module):
    """Meso-4 with inception blocks for the first two convolutions: 28,615 trainable parameters at size 256.

    `size` is the side of the square images in pixels; UserError if it is below 32.
    """

    def __init__(self, size: int = 256):
        super().__init__()
        sides = _sides(size)
        self.size = size
        self.features = nn.Sequential(
            Inception(3, (1, 4, 4, 2)),
            *_norm_and_pool(11, sides[0], by=2),
            Inception(11, (2, 4, 4, 2)),
            *_norm_and_pool(12, sides[1], by=2),
            *_convolution(12, 16, kernel=5),
            *_norm_and_pool(16, sides[2], by=2),
            *_convolution(16, CHANNELS, kernel=5),
            *_norm_and_pool(CHANNELS, sides[3], by=4),
        )
        self.head = _head(sides[4])
        self.apply(_initialise)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logit of fake, float (N, 1), of RGB images, float (N, 3, size, size) in [0, 1]."""
        return self.head(self.features(_checked(images, self.size)))


class Inception(nn.Module):
    """Four parallel branches: 1×1 alone, and 1×1 then 3×3 with dilation 1, 2 and 3.

    `widths` are the channels of the branches, which the output, (N, sum of widths, H, W), has in that order.
    """

    def __init__(self, channels: int, widths: tuple[int, int, int, int]):
        super().__init__()
        self.branches = nn.ModuleList(
            nn.Sequential(
                *_convolution(channels, width, kernel=1),
                *(_convolution(width, width, kernel=3, dilation=dilation) if dilation else []),
            )
            for dilation, width in enumerate(widths)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def _convolution(channels: int, width: int, kernel: int, dilation: int = 1) -> list[nn.Module]:
    padding = dilation * (kernel // 2)
    return [nn.Conv2d(channels, width, kernel, padding=padding, dilation=dilation), nn.ReLU()]


def _norm_and_pool(channels: int, side: int, by: int) -> list[nn.Module]:
    """Batch normalisation, then max pooling of a map of `side` cells to ceil(side / by), padded like `same`.

    Half of the padding is before the map and half after it; an odd cell is after it.
    """
    before = (-side % by) // 2
    return [
        nn.BatchNorm2d(channels, eps=EPSILON, momentum=MOMENTUM),
        nn.MaxPool2d(by, padding=before, ceil_mode=True),
    ]


def _head(side: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(CHANNELS * side * side, HIDDEN),
        nn.LeakyReLU(SLOPE),
        nn.Dropout(0.5),
        nn.Linear(HIDDEN, 1),
    )


def _sides(size: int) -> list[int]:
    """Return the side of the image, and of the feature map after each of the four poolings."""
    if size < STRIDE:
        raise UserError(
            f"MesoNet can't take images of size {size}: write {STRIDE} or more; 256 is as published"
        )
    sides = [size]
    for by in (2, 2, 2, 4):
        sides.append(-(-sides[-1] // by))
    return sides


def _checked(images: Tensor, size: int) -> Tensor:
    if images.ndim != 4 or tuple(images.shape[1:]) != (3, size, size):
        raise ValueError(
            f"this network takes images of shape (N, 3, {size}, {size}), not {tuple(images.shape)}"
        )
    return images


def _initialise(module: nn.Module) -> None:
    """Keras's defaults: uniform weights by Glorot and Bengio (2010), zero biases."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        nn.init.zeros_(module.bias)
