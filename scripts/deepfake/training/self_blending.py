"""Self-blended images: a real face crop becomes a pseudo-fake, made from that crop alone (Shiohara and
Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022).
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

GRID = 64  # masks are made on a grid of this side and then enlarged: their edges are soft anyway
DIRECTIONS = 24  # normals of the straight lines that bound a mask
RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)  # how much of the source stands in the middle of the mask
GREY = (0.299, 0.587, 0.114)  # weights of red, green and blue, ITU-R BT.601

# Where a mean face lies in a crop with margin 1.3: points (x, y) in shares of its side. As in the paper, the
# mask is the convex hull of all landmarks or of a part of them.
JAW = ((0.20, 0.46), (0.21, 0.58), (0.25, 0.71), (0.32, 0.81), (0.41, 0.88), (0.50, 0.90))
BROWS = ((0.23, 0.37), (0.30, 0.32), (0.40, 0.31))
FOREHEAD = ((0.29, 0.25), (0.40, 0.20))
MIDDLE = ((0.25, 0.43), (0.31, 0.36), (0.26, 0.56), (0.33, 0.69), (0.39, 0.75), (0.46, 0.77))
HULLS = (JAW + BROWS, JAW + BROWS + FOREHEAD, MIDDLE)


def blend_reals(images: Tensor, labels: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """`images` with each real turned into a self-blended fake by the chance `share`; labels, float32.

    `images` are uint8 (n, 3, H, W), `labels` are (n,), real = 0 and fake = 1. Fakes stay as they are, and the
    tensors given are not changed. Raises ValueError for a share outside of 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"the share of reals to blend is {share}: write a number from 0 to 1")
    drawn = (torch.rand(len(labels)) < share).to(labels.device)
    chosen = torch.nonzero((labels == 0) & drawn).flatten()
    labels = labels.to(torch.float32, copy=True)
    if len(chosen) == 0:
        return images, labels
    labels[chosen] = 1.0
    result = images.clone()
    where = chosen.to(images.device)
    result[where] = self_blend(images[where])
    return result, labels


def self_blend(images: Tensor) -> Tensor:
    """A pseudo-fake of each of `images`, uint8 (n, 3, H, W): same type, device and memory format.

    The source is the picture with other colours, fewer pixels or sharper, a little resized and shifted. It is
    blended into the target by a soft mask. The paper changes either source or target; here the target is
    always the picture itself, so that outside of the mask each pixel stays, and nothing but the blending
    tells a pseudo-fake from a real. All chance comes from torch's global CPU generator, the masks' first.
    """
    if len(images) == 0:
        return images.clone()
    masks = face_masks(len(images), *images.shape[-2:], device=images.device)
    ratios = torch.tensor(RATIOS)[torch.randint(len(RATIOS), (len(images),))].to(images.device)
    target = images.to(torch.float32)
    source = misplace(change_detail(shift_colour(target)))
    blended = target + masks * ratios.view(-1, 1, 1, 1) * (source - target)
    return torch.empty_like(images).copy_(blended.round_().clamp_(0, 255))


def face_masks(count: int, height: int, width: int, device: torch.device | str = "cpu") -> Tensor:
    """Soft masks of drawn face shapes, float32 (count, 1, height, width): 1 in the middle, 0 far outside.

    A hull of the mean face is moved, scaled, turned and bent, then blurred twice as in the paper: of the
    first blur only the inner half is kept, so that the second one fades out about the hull's own edge.
    """
    y, x = bent_grid(count, device)
    angles = torch.arange(DIRECTIONS) * (2 * math.pi / DIRECTIONS)
    reach = supports(count, angles).to(device)
    inside = torch.full((count, GRID, GRID), math.inf, device=device)
    for k, angle in enumerate(angles.tolist()):
        line = reach[:, k].view(-1, 1, 1) - math.cos(angle) * x - math.sin(angle) * y
        inside = torch.minimum(inside, line)
    hard = (inside * GRID + 0.5).clamp(0, 1)  # cells from the edge: its own cell is partly covered
    inner = (2 * gaussian(hard, uniform(count, 0.005, 0.015, device)) - 1).clamp(0, 1)
    soft = gaussian(inner, uniform(count, 0.012, 0.04, device))
    soft = soft / soft.amax((1, 2), keepdim=True).clamp_min(1e-6)
    return F.interpolate(soft.unsqueeze(1), (height, width), mode="bilinear", align_corners=False)


def bent_grid(count: int, device: torch.device | str) -> tuple[Tensor, Tensor]:
    """y and x of the cells as the mean face has them, (count, GRID, GRID): moved, scaled, turned and bent."""
    line = (torch.arange(GRID, device=device) + 0.5) / GRID - 0.5
    y, x = (axis - uniform(count, -0.03, 0.03, device) for axis in torch.meshgrid(line, line, indexing="ij"))
    turn = uniform(count, -0.15, 0.15, device)  # radians
    y, x = turn.cos() * y - turn.sin() * x, turn.cos() * x + turn.sin() * y
    bends = torch.randn(count, 2, 5, 5).to(device) * 0.01
    bends = F.interpolate(bends, (GRID, GRID), mode="bicubic", align_corners=True)
    y = y / uniform(count, 0.85, 1.1, device) + 0.5 + bends[:, 0]
    x = x / uniform(count, 0.85, 1.1, device) + 0.5 + bends[:, 1]
    return y, x


def supports(count: int, angles: Tensor) -> Tensor:
    """How far a drawn one of the HULLS reaches in the directions `angles` (k,), float32 (count, k)."""
    normals = torch.stack((angles.cos(), angles.sin()))
    hulls = (torch.tensor(points + tuple((1 - x, y) for x, y in points)) for points in HULLS)
    reach = torch.stack([(points @ normals).amax(0) for points in hulls])
    return reach[torch.randint(len(HULLS), (count,))]


def shift_colour(images: Tensor) -> Tensor:
    """`images`, float32 (n, 3, H, W) of 0 to 255, with red, green and blue shifted, more or less contrast and
    saturation: a matrix and an offset for each picture."""
    count, device = len(images), images.device
    grey = torch.tensor(GREY, device=device).expand(3, 3)
    saturation = uniform(count, 0.85, 1.15, device)
    matrix = saturation * torch.eye(3, device=device) + (1 - saturation) * grey
    contrast = uniform(count, 0.9, 1.1, device)
    shift = 20 * torch.rand(count, 1, 1) * (2 * torch.rand(count, 3, 1) - 1)  # at most the paper's 20 levels
    flat = images.flatten(2)
    offset = (1 - contrast) * (matrix @ flat.mean(2, keepdim=True)) + shift.to(device)
    return torch.baddbmm(offset, contrast * matrix, flat).view(images.shape).clamp_(0, 255)


def change_detail(images: Tensor) -> Tensor:
    """`images`, float32 (n, 3, H, W), each sharpened, or scaled down to half or a quarter and up again."""
    kind = torch.randint(4, (len(images),))
    result = images.clone()
    for factor, chosen in ((2, kind == 0), (4, kind == 1)):
        where = torch.nonzero(chosen).flatten().to(images.device)
        if len(where):
            result[where] = through_fewer(images[where], factor)
    where = torch.nonzero(kind > 1).flatten().to(images.device)
    if len(where):
        sharp = images[where]
        smooth = F.avg_pool2d(F.pad(sharp, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        result[where] = sharp + uniform(len(where), 0.3, 1.2, images.device).unsqueeze(1) * (sharp - smooth)
    return result


def through_fewer(images: Tensor, factor: int) -> Tensor:
    """`images`, float32 (n, 3, H, W), made `factor` times smaller and large again."""
    size = images.shape[-2:]
    small = F.interpolate(images, [max(side // factor, 1) for side in size], mode="area")
    return F.interpolate(small, size, mode="bilinear", align_corners=False)


def misplace(images: Tensor) -> Tensor:
    """`images`, float32 (n, 3, H, W), each resized by up to 5 %, and shifted by up to 3 % of its width and
    1.5 % of its height."""
    count, device = len(images), images.device
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0] = theta[:, 1, 1] = uniform(count, 0.95, 1 / 0.95, device).flatten()
    theta[:, 0, 2] = uniform(count, -0.06, 0.06, device).flatten()  # grid_sample counts from -1 to 1
    theta[:, 1, 2] = uniform(count, -0.03, 0.03, device).flatten()
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def gaussian(maps: Tensor, sigmas: Tensor) -> Tensor:
    """`maps`, float32 (n, GRID, GRID), each blurred by its own sigma, in shares of the side; (n, 1, 1)."""
    reach = math.ceil(0.1 * GRID)
    steps = torch.arange(-reach, reach + 1, device=maps.device)
    kernel = torch.exp(-0.5 * (steps / (sigmas.view(-1, 1) * GRID)) ** 2)
    kernel = kernel / kernel.sum(1, keepdim=True)
    rows = F.pad(maps.unsqueeze(0), (reach,) * 4, mode="replicate")
    rows = F.conv2d(rows, kernel.view(-1, 1, 1, 2 * reach + 1), groups=len(maps))
    return F.conv2d(rows, kernel.view(-1, 1, 2 * reach + 1, 1), groups=len(maps)).squeeze(0)


def uniform(count: int, low: float, high: float, device: torch.device | str) -> Tensor:
    """A number between `low` and `high` for each picture, float32 (count, 1, 1), drawn on the CPU."""
    return (low + (high - low) * torch.rand(count, 1, 1)).to(device)
