"""Self-blended images: pseudo-fakes made from single real face crops.

Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from deepfake.errors import UserError

GRID = 64  # cells; masks are made on a grid of this side and enlarged, which their soft edges allow
DIRECTIONS = 24  # a mask is bounded by straight lines with normals in this number of directions
RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)  # weights of the source in the middle of the mask
GREY = (0.299, 0.587, 0.114)  # weights of red, green and blue, ITU-R BT.601

# Landmarks of a mean face in a crop with margin 1.3: (x, y) in fractions of its side. As in the paper, the
# mask is the convex hull of all landmarks or of some of them.
JAW = ((0.20, 0.46), (0.21, 0.58), (0.25, 0.71), (0.32, 0.81), (0.41, 0.88), (0.50, 0.90))
BROWS = ((0.23, 0.37), (0.30, 0.32), (0.40, 0.31))
FOREHEAD = ((0.29, 0.25), (0.40, 0.20))
INNER = ((0.25, 0.43), (0.31, 0.36), (0.26, 0.56), (0.33, 0.69), (0.39, 0.75), (0.46, 0.77))
HULLS = (JAW + BROWS, JAW + BROWS + FOREHEAD, INNER)


def blend_reals(
    images: Tensor, labels: Tensor, probability: float, together: int = 1
) -> tuple[Tensor, Tensor]:
    """Return images and labels, in which each real image is a self-blended fake with `probability`.

    `images` are uint8 (n, 3, H, W), `labels` are (n,), real = 0 and fake = 1; the labels returned are
    float32. Each `together` images in turn, the frames of a video, are blended all or none. Fakes stay the
    same, and the arguments are not changed. Raises UserError for a probability
    outside of 0 to 1.
    """
    if not 0 <= probability <= 1:
        raise UserError(f"self_blend is {probability}: write a number from 0 to 1")
    drawn = torch.rand(len(labels) // together) < probability
    selected = drawn.repeat_interleave(together).to(labels.device)
    chosen = torch.nonzero((labels == 0) & selected).flatten()
    labels = labels.to(torch.float32, copy=True)
    if len(chosen) == 0:
        return images, labels
    labels[chosen] = 1.0
    result = images.clone()
    indices = chosen.to(images.device)
    result[indices] = self_blend(images[indices])
    return result, labels


def self_blend(images: Tensor) -> Tensor:
    """Return a pseudo-fake of each of `images`, uint8 (n, 3, H, W): same dtype, device and memory format.

    The source is the image with other colours, of lower resolution or sharpened, a little resized and
    shifted. It is blended into the target by a soft mask. The paper changes either source or target; here the
    target is always the image itself, so that pixels outside of the mask stay, and the blending is the only
    difference between a pseudo-fake and a real. All random numbers come from torch's global CPU generator,
    those of the masks first.
    """
    if len(images) == 0:
        return images.clone()
    masks = face_masks(len(images), *images.shape[-2:], device=images.device)
    ratios = torch.tensor(RATIOS)[torch.randint(len(RATIOS), (len(images),))].to(images.device)
    target = images.to(torch.float32)
    source = shift_and_resize(change_sharpness(change_colour(target)))
    blended = target + masks * ratios.view(-1, 1, 1, 1) * (source - target)
    return torch.empty_like(images).copy_(blended.round_().clamp_(0, 255))


def face_masks(count: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Return soft masks of random faces, float32 (count, 1, height, width): 1 in the middle, 0 outside.

    A hull of the mean face is moved, scaled, rotated and warped, then blurred twice as in the paper: only the
    inner half of the first blur is kept, so that the second one fades out around the edge of the hull.
    """
    y, x = warped_grid(count, device)
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    extents = hull_extents(count, angles).to(device)
    inside = torch.full((count, GRID, GRID), math.inf, device=device)
    for k, angle in enumerate(angles.tolist()):
        distance = extents[:, k].view(-1, 1, 1) - math.cos(angle) * x - math.sin(angle) * y
        inside = torch.minimum(inside, distance)
    hard = (inside * GRID + 0.5).clamp(0, 1)  # in cells from the edge; the cell on the edge is partly covered
    inner = (2 * gaussian_blur(hard, uniform(count, 0.005, 0.015, device)) - 1).clamp(0, 1)
    soft = gaussian_blur(inner, uniform(count, 0.012, 0.04, device))
    soft = soft / soft.amax((1, 2), keepdim=True).clamp_min(1e-6)
    return F.interpolate(soft.unsqueeze(1), (height, width), mode="bilinear", align_corners=False)


def warped_grid(count: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """Return y and x of the cells in the mean face's coordinates, float32 (count, GRID, GRID)."""
    line = (torch.arange(GRID, device=device) + 0.5) / GRID - 0.5
    y, x = (axis - uniform(count, -0.03, 0.03, device) for axis in torch.meshgrid(line, line, indexing="ij"))
    angle = uniform(count, -0.15, 0.15, device)  # radians
    y, x = angle.cos() * y - angle.sin() * x, angle.cos() * x + angle.sin() * y
    warp = torch.randn(count, 2, 5, 5).to(device) * 0.01
    warp = F.interpolate(warp, (GRID, GRID), mode="bicubic", align_corners=True)
    y = y / uniform(count, 0.85, 1.1, device) + 0.5 + warp[:, 0]
    x = x / uniform(count, 0.85, 1.1, device) + 0.5 + warp[:, 1]
    return y, x


def hull_extents(count: int, angles: Tensor) -> Tensor:
    """Return how far random ones of the HULLS extend in the directions `angles` (k,), float32 (count, k)."""
    normals = torch.stack((angles.cos(), angles.sin()))
    hulls = (torch.tensor(points + tuple((1 - x, y) for x, y in points)) for points in HULLS)
    extents = torch.stack([(points @ normals).amax(0) for points in hulls])
    return extents[torch.randint(len(HULLS), (count,))]


def change_colour(images: Tensor) -> Tensor:
    """Return `images`, float32 (n, 3, H, W) from 0 to 255, with other brightness, contrast and saturation.

    Red, green and blue are shifted each by its own amount. An image gets one matrix and one offset.
    """
    count, device = len(images), images.device
    grey = torch.tensor(GREY, device=device).expand(3, 3)
    saturation = uniform(count, 0.85, 1.15, device)
    matrix = saturation * torch.eye(3, device=device) + (1 - saturation) * grey
    contrast = uniform(count, 0.9, 1.1, device)
    shift = 20 * torch.rand(count, 1, 1) * (2 * torch.rand(count, 3, 1) - 1)  # at most the paper's 20 levels
    flat = images.flatten(2)
    offset = (1 - contrast) * (matrix @ flat.mean(2, keepdim=True)) + shift.to(device)
    return torch.baddbmm(offset, contrast * matrix, flat).view(images.shape).clamp_(0, 255)


def change_sharpness(images: Tensor) -> Tensor:
    """Return `images`, float32 (n, 3, H, W), each sharpened, or of a half or a quarter of the resolution."""
    kind = torch.randint(4, (len(images),))
    result = images.clone()
    for factor, chosen in ((2, kind == 0), (4, kind == 1)):
        indices = torch.nonzero(chosen).flatten().to(images.device)
        if len(indices):
            result[indices] = reduce_resolution(images[indices], factor)
    indices = torch.nonzero(kind > 1).flatten().to(images.device)
    if len(indices):
        original = images[indices]
        smooth = F.avg_pool2d(F.pad(original, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        amount = uniform(len(indices), 0.3, 1.2, images.device).unsqueeze(1)
        result[indices] = original + amount * (original - smooth)
    return result


def reduce_resolution(images: Tensor, factor: int) -> Tensor:
    """Return `images`, float32 (n, 3, H, W), scaled down by `factor` and up again."""
    size = images.shape[-2:]
    small = F.interpolate(images, [max(side // factor, 1) for side in size], mode="area")
    return F.interpolate(small, size, mode="bilinear", align_corners=False)


def shift_and_resize(images: Tensor) -> Tensor:
    """Return `images`, float32 (n, 3, H, W), resized by up to 5 % and shifted.

    The shift is at most 3 % of the width and 1.5 % of the height.
    """
    count, device = len(images), images.device
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0] = theta[:, 1, 1] = uniform(count, 0.95, 1 / 0.95, device).flatten()
    theta[:, 0, 2] = uniform(count, -0.06, 0.06, device).flatten()  # grid_sample counts from -1 to 1
    theta[:, 1, 2] = uniform(count, -0.03, 0.03, device).flatten()
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


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
