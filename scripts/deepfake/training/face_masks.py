"""Soft masks of faces for self-blended images: hulls, moved and warped, with blurred edges."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from deepfake.training.face_hulls import Faces, hull_extents

GRID = 64  # cells; masks are made on a grid of this side and enlarged, which their soft edges allow
DIRECTIONS = 24  # a mask is bounded by straight lines with normals in this number of directions
LARGEST = 1.3  # multiple of the mean face's size up to which edges grow softer with the face


def face_masks(
    count: int, height: int, width: int, device: torch.device | str = "cpu", faces: Faces | None = None
) -> Tensor:
    """Return soft masks of random faces, float32 (count, 1, height, width): 1 in the middle, 0 outside.

    A hull of each of `faces`, or of the mean face, is moved, scaled, rotated and warped, then blurred twice,
    as in the paper: only the inner half of the first blur is kept, so that the second one fades out around
    the edge of the hull.
    """
    y, x = warped_grid(count, device, faces)
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    extents = hull_extents(count, torch.stack((angles.cos(), angles.sin())), faces).to(device)
    inside = torch.full((count, GRID, GRID), math.inf, device=device)
    for k, angle in enumerate(angles.tolist()):
        distance = extents[:, k].view(-1, 1, 1) - math.cos(angle) * x - math.sin(angle) * y
        inside = torch.minimum(inside, distance)
    size = torch.ones(1) if faces is None else 1 / faces.scales
    size = size.view(-1, 1, 1).to(device)
    # in cells from the edge; the cell on the edge is partly covered
    hard = (inside * size * GRID + 0.5).clamp(0, 1)
    size = size.clamp_max(LARGEST)
    inner = (2 * gaussian_blur(hard, size * uniform(count, 0.005, 0.015, device)) - 1).clamp(0, 1)
    soft = gaussian_blur(inner, size * uniform(count, 0.012, 0.04, device))
    soft = soft / soft.amax((1, 2), keepdim=True).clamp_min(1e-6)
    return F.interpolate(soft.unsqueeze(1), (height, width), mode="bilinear", align_corners=False)


def warped_grid(count: int, device: torch.device | str, faces: Faces | None) -> tuple[Tensor, Tensor]:
    """Return y and x of the cells in the mean face's coordinates, float32 (count, GRID, GRID)."""
    line = (torch.arange(GRID, device=device) + 0.5) / GRID - 0.5
    y, x = torch.meshgrid(line, line, indexing="ij")
    if faces is not None:
        a = faces.to_mean.to(device)
        middle = a[:, :, :2].sum(2) / 2 + a[:, :, 2] - 0.5  # of the image, from the mean face's
        y, x = (
            a[:, row, 0, None, None] * x + a[:, row, 1, None, None] * y + middle[:, row, None, None]
            for row in (1, 0)
        )
    y, x = (axis - uniform(count, -0.03, 0.03, device) for axis in (y, x))
    angle = uniform(count, -0.15, 0.15, device)  # radians
    y, x = angle.cos() * y - angle.sin() * x, angle.cos() * x + angle.sin() * y
    warp = torch.randn(count, 2, 5, 5).to(device) * 0.01
    warp = F.interpolate(warp, (GRID, GRID), mode="bicubic", align_corners=True)
    y = y / uniform(count, 0.85, 1.1, device) + 0.5 + warp[:, 0]
    x = x / uniform(count, 0.85, 1.1, device) + 0.5 + warp[:, 1]
    return y, x


def gaussian_blur(maps: Tensor, sigmas: Tensor) -> Tensor:
    """Return `maps`, float32 (n, GRID, GRID), each blurred by its own of `sigmas`.

    `sigmas` are (n, 1, 1), in fractions of the side.
    """
    radius = math.ceil(0.1 * GRID)
    steps = torch.arange(-radius, radius + 1, device=maps.device)
    kernel = torch.exp(-0.5 * (steps / (sigmas.view(-1, 1) * GRID)) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    rows = F.pad(maps.unsqueeze(0), (radius,) * 4, mode="replicate")
    rows = F.conv2d(rows, kernel.view(-1, 1, 1, 2 * radius + 1), groups=len(maps))
    return F.conv2d(rows, kernel.view(-1, 1, 2 * radius + 1, 1), groups=len(maps)).squeeze(0)


def uniform(count: int, low: float, high: float, device: torch.device | str) -> Tensor:
    """Return a random number between `low` and `high` for each image, float32 (count, 1, 1), on `device`.

    They come from torch's global CPU generator.
    """
    return (low + (high - low) * torch.rand(count, 1, 1)).to(device)
