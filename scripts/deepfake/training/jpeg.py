"""JPEG compression and decompression of a batch of images, each with its own quality, on their device.

What JPEG loses is the rounding of cosine coefficients and half of the resolution of colours (ITU-T T.81, and
the tables of its annex K); the rest of a codec is lossless and left out. So this gives nearly the pixels of
libjpeg at the same quality, for many images at once, and on a GPU without a way to the CPU and back.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)
CHROMA = (
    (17, 18, 24, 47, 99, 99, 99, 99),
    (18, 21, 26, 66, 99, 99, 99, 99),
    (24, 26, 56, 99, 99, 99, 99, 99),
    (47, 66, 99, 99, 99, 99, 99, 99),
    *((99,) * 8,) * 4,
)
"""The steps of the cosine coefficients of 8 x 8 pixels at quality 50, brightness and colours."""

TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
FROM_YCC = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
"""RGB to brightness and two differences of colours, around 0, and back (JFIF)."""


def compress(images: Tensor, quality: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), as they are after JPEG compression with 4:2:0 colours.

    `quality` is (n, 1), from 1 to 100 as libjpeg counts it; it is rounded.
    """
    count, _, height, width = images.shape
    padding = (0, -width % 16, 0, -height % 16)
    ycc = _product(TO_YCC, F.pad(images.to(torch.float32), padding, mode="replicate")).round_()
    ycc[:, 0] -= 128
    factor = _scale(quality.round()).to(images.device).view(-1, 1, 1)
    y = _quantise(ycc[:, :1], LUMA, factor)
    colours = _quantise(F.avg_pool2d(ycc[:, 1:], 2), CHROMA, factor)
    colours = F.interpolate(colours, scale_factor=2, mode="bilinear", align_corners=False)
    result = _product(FROM_YCC, torch.cat((y, colours), 1)) + 128
    result = result.round_().clamp_(0, 255)[:, :, :height, :width]
    return torch.empty_like(images).copy_(result)


def _scale(quality: Tensor) -> Tensor:
    """Return by which factor, in percent, the tables are multiplied."""
    return torch.where(quality < 50, (5000 / quality).floor(), 200 - 2 * quality)


def _product(matrix: tuple, images: Tensor) -> Tensor:
    """Return images, float32 (n, 3, H, W), whose channels are those of `images` times a matrix."""
    by = torch.tensor(matrix, device=images.device)
    return (by @ images.flatten(2)).view(images.shape)


def _quantise(planes: Tensor, table: tuple, factor: Tensor) -> Tensor:
    """Return `planes`, float32 (n, c, H, W), with the cosine coefficients of their blocks rounded.

    `factor` is (n, 1, 1), the percentage of the table's steps.
    """
    shape = planes.shape
    steps = ((torch.tensor(table, device=planes.device) * factor + 50) / 100).floor().clamp(1, 255)
    steps = steps.view(-1, 1, 1, 8, 1, 8)
    cosines = _cosines(planes.device)
    blocks = planes.reshape(shape[0], shape[1], shape[2] // 8, 8, shape[3])
    blocks = (cosines @ blocks).view(*blocks.shape[:4], -1, 8)
    blocks = ((blocks @ cosines.T) / steps).round_() * steps
    blocks = (blocks @ cosines).view(*blocks.shape[:4], shape[3])
    return (cosines.T @ blocks).view(shape)


def _cosines(device: torch.device) -> Tensor:
    """Return the matrix of the cosine transform of 8 values, float32 (8, 8), which is orthonormal."""
    place, frequency = torch.arange(8), torch.arange(8).view(-1, 1)
    matrix = 0.5 * torch.cos((2 * place + 1) * frequency * (math.pi / 16))
    matrix[0] /= math.sqrt(2)
    return matrix.to(device)
