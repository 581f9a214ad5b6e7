"""Self-blended images: pseudo-fakes made from single real face crops, or from two that look alike.

Shiohara and Yamasaki, "Detecting Deepfakes with Self-Blended Images", CVPR 2022; from two as in Li et al.,
"Face X-ray for More General Face Forgery Detection", CVPR 2020.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from deepfake.training.face_hulls import place_faces
from deepfake.training.face_masks import face_masks, uniform

RATIOS = (0.25, 0.5, 0.75, 1.0, 1.0, 1.0)  # weights of the source in the middle of the mask
GREY = (0.299, 0.587, 0.114)  # weights of red, green and blue, ITU-R BT.601


class Sources(NamedTuple):
    """The other images that faces are taken from, for n images.

    `images` are uint8 (n, 3, H, W), `landmarks` theirs, float32 (n, P, 2), and `given`, bool (n,), says where
    there is one: elsewhere the image itself is the source.
    """

    images: Tensor
    landmarks: Tensor
    given: Tensor


def self_blend(images: Tensor, landmarks: Tensor | None = None, sources: Sources | None = None) -> Tensor:
    """Return a pseudo-fake of each of `images`, uint8 (n, 3, H, W): same dtype, device and memory format.

    `landmarks` are those of face_hulls.place_faces, float32 (n, P, 2) on the CPU; None for mean faces.

    The source is the image with other colours, of lower resolution or sharpened, a little resized and
    shifted. It is blended into the target by a soft mask. The paper changes either source or target; here the
    target is always the image itself, so that pixels outside of the mask stay, and the blending is the only
    difference between a pseudo-fake and a real. Of `sources` the face is moved to the target's landmarks, and
    gets the target's colours, as in Face X-ray. All random numbers come from torch's global CPU generator,
    those of the masks first.
    """
    if len(images) == 0:
        return images.clone()
    faces = None if landmarks is None else place_faces(landmarks)
    masks = face_masks(len(images), *images.shape[-2:], device=images.device, faces=faces)
    ratios = torch.tensor(RATIOS)[torch.randint(len(RATIOS), (len(images),))].to(images.device)
    target = images.to(torch.float32)
    source = shift_and_resize(change_sharpness(change_colour(target)))
    if sources is not None:
        theirs = place_faces(sources.landmarks)
        numbers = torch.nonzero(sources.given & faces.known & theirs.known).flatten()
        at = numbers.to(images.device)
        if len(at):
            maps = from_target(faces.to_mean[numbers], theirs.to_mean[numbers])
            other = warp(sources.images[at].to(torch.float32), maps)
            source[at] = match_colours(other, target[at], masks[at])
            ratios[at] = 1.0
    blended = target + masks * ratios.view(-1, 1, 1, 1) * (source - target)
    return torch.empty_like(images).copy_(blended.round_().clamp_(0, 255))


def from_target(target: Tensor, source: Tensor) -> Tensor:
    """Return the maps from pixels of targets to those of sources, in coordinates from -1 to 1: (n, 2, 3).

    `target` and `source` are the maps to the mean face, from fractions of a side, (n, 2, 3).
    """
    linear = torch.linalg.solve(source[:, :, :2], target[:, :, :2])
    offset = torch.linalg.solve(source[:, :, :2], target[:, :, 2:] - source[:, :, 2:])
    return torch.cat((linear, linear.sum(2, keepdim=True) + 2 * offset - 1), 2)


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Return `images`, float32 (n, 3, H, W), resampled by affine `maps` of coordinates from -1 to 1."""
    grid = F.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, padding_mode="border", align_corners=False)


def match_colours(images: Tensor, targets: Tensor, masks: Tensor) -> Tensor:
    """Return `images` with the means and deviations of red, green and blue of `targets` inside `masks`.

    All are float32, (n, 3, H, W) from 0 to 255 and (n, 1, H, W) from 0 to 1.
    """
    weight = masks.sum((2, 3), keepdim=True).clamp_min(1e-6)

    def moments(of: Tensor) -> tuple[Tensor, Tensor]:
        mean = (of * masks).sum((2, 3), keepdim=True) / weight
        return mean, (((of - mean) ** 2 * masks).sum((2, 3), keepdim=True) / weight).sqrt()

    (mean, deviation), (wanted, spread) = moments(images), moments(targets)
    factor = (spread / deviation.clamp_min(1.0)).clamp(0.5, 2.0)
    return ((images - mean) * factor + wanted).clamp_(0, 255)


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
    return warp(images, theta)
