"""Augmentation of training batches, light or strong: flip, crop, colour, blur, rescaling, noise and JPEG."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

from deepfake.errors import UserError

Step = tuple[float, Callable[[Tensor], Tensor]]
"""The probability that an image gets the operation, and the operation."""

REFERENCE_SIZE = 256  # pixels; the sigma of the blur is given for images of this side
MIN_SIGMA = 0.4  # pixels; a blur below it changes no 8-bit pixel


def augmentation(strength: str, size: int, group: int | None = None) -> Callable[[Tensor], Tensor]:
    """Return a function that augments a batch, uint8 (N, 3, size, size), into a new one.

    `strength` is `off` (the function returns its argument), `light` or `strong`. Device, dtype and memory
    format stay. Each image gets each operation with the operation's probability; `group` images with the same
    operation share its random parameters, which keeps kernels large on a GPU. None stands for one image on
    the CPU, and for an eighth of the batch on other devices.

    All random numbers come from torch's global CPU generator: the same seed and `group` give the same batch
    to the last bit. Raises UserError for an unknown strength, and the function ValueError for a batch of
    another dtype or shape.
    """
    if strength not in STRENGTHS:
        raise UserError(f"augment is {strength!r}: write one of {', '.join(STRENGTHS)}")
    steps = STRENGTHS[strength](size)

    def augment(images: Tensor) -> Tensor:
        if images.dtype != torch.uint8 or images.shape[1:] != (3, size, size):
            raise ValueError(
                f"augmentation takes uint8 images of shape (N, 3, {size}, {size}), "
                f"not {images.dtype} {tuple(images.shape)}"
            )
        return apply(steps, images, group) if steps else images

    return augment


def apply(steps: dict[str, Step], images: Tensor, group: int | None = None) -> Tensor:
    """Return `images`, uint8 (N, 3, H, W), after all `steps` in order; the argument is not changed."""
    if group is None:
        group = 1 if images.device.type == "cpu" else -(-len(images) // 8)
    result = images.clone()
    for probability, operation in steps.values():
        chosen = torch.nonzero(torch.rand(len(images)) < probability).flatten()
        for part in chosen.split(max(group, 1)) if len(chosen) else ():
            indices = part.to(images.device)
            result[indices] = operation(result[indices])
    return result


def light(size: int) -> dict[str, Step]:
    """Return mild changes, such as video platforms make; half of the images get little more than a flip."""
    return {
        "flip": (0.5, F.horizontal_flip),
        "crop": (0.5, v2.RandomResizedCrop(size, scale=(0.85, 1.0), ratio=(0.95, 1.05))),
        "colour": (0.5, v2.ColorJitter(brightness=0.15, contrast=0.15, saturation=0.15)),
        "hue": (0.2, v2.ColorJitter(hue=0.02)),
        "blur": (0.1, blur(size, 1.0)),
        "rescale": (0.15, partial(rescale, min_scale=0.5)),
        "noise": (0.1, partial(noise, min_sigma=0.005, max_sigma=0.02)),
        "jpeg": (0.3, partial(jpeg, v2.JPEG((60, 95)))),
    }


def strong(size: int) -> dict[str, Step]:
    """Return more and harder changes, for detectors of other corpora and of copies of low quality."""
    return {
        "flip": (0.5, F.horizontal_flip),
        "crop": (0.8, v2.RandomResizedCrop(size, scale=(0.7, 1.0), ratio=(0.85, 1.18))),
        "colour": (0.8, v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3)),
        "hue": (0.4, v2.ColorJitter(hue=0.03)),
        "blur": (0.3, blur(size, 2.5)),
        "rescale": (0.4, partial(rescale, min_scale=0.25)),
        "noise": (0.3, partial(noise, min_sigma=0.01, max_sigma=0.05)),
        "jpeg": (0.6, partial(jpeg, v2.JPEG((30, 90)))),
    }


STRENGTHS: dict[str, Callable[[int], dict[str, Step]]] = {
    "off": lambda size: {},
    "light": light,
    "strong": strong,
}


def blur(size: int, max_sigma: float) -> v2.GaussianBlur:
    """Return a Gaussian blur with a sigma of up to `max_sigma` pixels in an image of REFERENCE_SIZE."""
    sigma = max(max_sigma * size / REFERENCE_SIZE, 1.5 * MIN_SIGMA)
    return v2.GaussianBlur(2 * math.ceil(2 * sigma) + 1, (MIN_SIGMA, sigma))


def rescale(images: Tensor, min_scale: float) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), scaled down by a factor of `min_scale` to 1, and up again."""
    size = list(images.shape[-2:])
    factor = uniform(min_scale, 1.0)
    small = F.resize(images, [max(round(side * factor), 1) for side in size], antialias=True)
    return F.resize(small, size, antialias=True)


def noise(images: Tensor, min_sigma: float, max_sigma: float) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), with Gaussian noise, where a sigma of 1 is 255 levels.

    The noise comes from a generator on the images' device, seeded by the CPU's generator.
    """
    sigma = 255 * uniform(min_sigma, max_sigma)
    generator = torch.Generator(images.device).manual_seed(int(torch.randint(2**62, ())))
    grain = torch.randn(images.shape, generator=generator, device=images.device)
    return grain.mul_(sigma).add_(images).round_().clamp_(0, 255).to(torch.uint8)


def jpeg(compress: v2.JPEG, images: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), compressed as JPEG and decompressed, on the CPU."""
    return compress(images.cpu().contiguous()).to(images.device)


def uniform(low: float, high: float) -> float:
    """Return a random number between `low` and `high`, from torch's global CPU generator."""
    return low + (high - low) * float(torch.rand(()))
