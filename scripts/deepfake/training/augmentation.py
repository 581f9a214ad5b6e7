"""Augmentation of training batches, light or strong: flip, crop, colour, blur, rescaling, noise and JPEG."""

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

Step = tuple[float, Callable[[Tensor], Tensor]]  # the share of images it is for, and the operation
REFERENCE = 256  # pixels: blur is given for pictures of this side
LEAST_SIGMA = 0.4  # pixels: less than this changes nothing that 8 bits can show


def augmentation(strength: str, size: int, group: int | None = None) -> Callable[[Tensor], Tensor]:
    """The function that augments a batch, uint8 (N, 3, size, size), and gives a new one like it.

    `strength` is `off` (the very tensor comes back), `light` or `strong`. Device, type and memory format
    stay as they are. Each image draws for itself which operations it gets; `group` images that get the same
    one also share its parameters, which keeps kernels large on a GPU. None means one image on the CPU and
    an eighth of the batch elsewhere.

    All chance comes from torch's global CPU generator: the same seed and `group` give the same batch to the
    last bit. Raises ValueError for an unknown strength, and for a batch of another type or shape.
    """
    if strength not in STRENGTHS:
        raise ValueError(f"augmentation is {strength!r}: write one of {', '.join(STRENGTHS)}")
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
    """`images`, uint8 (N, 3, H, W), after all `steps` in their order; the tensor given is not changed."""
    if group is None:
        group = 1 if images.device.type == "cpu" else -(-len(images) // 8)
    result = images.clone()
    for share, operation in steps.values():
        chosen = torch.nonzero(torch.rand(len(images)) < share).flatten()
        for part in chosen.split(max(group, 1)) if len(chosen) else ():
            where = part.to(images.device)
            result[where] = operation(result[where])
    return result


def light(size: int) -> dict[str, Step]:
    """Mild changes that any platform makes to a video; half of the images get little more than a flip."""
    return {
        "flip": (0.5, F.horizontal_flip),
        "crop": (0.5, v2.RandomResizedCrop(size, scale=(0.85, 1.0), ratio=(0.95, 1.05))),
        "colour": (0.5, v2.ColorJitter(brightness=0.15, contrast=0.15, saturation=0.15)),
        "hue": (0.2, v2.ColorJitter(hue=0.02)),
        "blur": (0.1, blur(size, 1.0)),
        "rescale": (0.15, partial(rescale, least=0.5)),
        "noise": (0.1, partial(noise, least=0.005, most=0.02)),
        "jpeg": (0.3, partial(jpeg, v2.JPEG((60, 95)))),
    }


def strong(size: int) -> dict[str, Step]:
    """More and harder changes, for detectors that are to meet other corpora and bad copies."""
    return {
        "flip": (0.5, F.horizontal_flip),
        "crop": (0.8, v2.RandomResizedCrop(size, scale=(0.7, 1.0), ratio=(0.85, 1.18))),
        "colour": (0.8, v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3)),
        "hue": (0.4, v2.ColorJitter(hue=0.03)),
        "blur": (0.3, blur(size, 2.5)),
        "rescale": (0.4, partial(rescale, least=0.25)),
        "noise": (0.3, partial(noise, least=0.01, most=0.05)),
        "jpeg": (0.6, partial(jpeg, v2.JPEG((30, 90)))),
    }


STRENGTHS: dict[str, Callable[[int], dict[str, Step]]] = {
    "off": lambda size: {},
    "light": light,
    "strong": strong,
}


def blur(size: int, most: float) -> v2.GaussianBlur:
    """Gaussian blur of a sigma up to `most` pixels of a picture of 256; the kernel reaches 2 sigma."""
    sigma = max(most * size / REFERENCE, 1.5 * LEAST_SIGMA)
    return v2.GaussianBlur(2 * math.ceil(2 * sigma) + 1, (LEAST_SIGMA, sigma))


def rescale(images: Tensor, least: float) -> Tensor:
    """`images`, uint8 (n, 3, H, W), scaled down to between `least` and all of their side, and up again."""
    size = list(images.shape[-2:])
    factor = uniform(least, 1.0)
    small = F.resize(images, [max(round(side * factor), 1) for side in size], antialias=True)
    return F.resize(small, size, antialias=True)


def noise(images: Tensor, least: float, most: float) -> Tensor:
    """`images`, uint8 (n, 3, H, W), with Gaussian noise of a sigma between `least` and `most`; white is 1.

    The noise is drawn on the images' device by a generator that the CPU's seeds.
    """
    sigma = 255 * uniform(least, most)
    generator = torch.Generator(images.device).manual_seed(int(torch.randint(2**62, ())))
    grain = torch.randn(images.shape, generator=generator, device=images.device)
    return grain.mul_(sigma).add_(images).round_().clamp_(0, 255).to(torch.uint8)


def jpeg(compress: v2.JPEG, images: Tensor) -> Tensor:
    """`images`, uint8 (n, 3, H, W), as they come back from JPEG files; the coder runs on the CPU only."""
    return compress(images.cpu().contiguous()).to(images.device)


def uniform(low: float, high: float) -> float:
    """One number between `low` and `high`, from torch's global CPU generator."""
    return low + (high - low) * float(torch.rand(()))
