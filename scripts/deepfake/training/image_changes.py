"""The operations of augmentation, for batches on any device: each image is changed by its own values.

cpu_changes has faster ones for the CPU.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

REFERENCE_SIZE = 256  # pixels; the sigma of a blur is given for images of this side
LEAST_SIGMA = 0.4  # pixels; a blur of it changes no 8-bit pixel
GREY = (0.299, 0.587, 0.114)  # weights of red, green and blue, ITU-R BT.601
TO_YIQ = (GREY, (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))
"""Red, green and blue to brightness and the two axes of colours, in which a change of hue is a rotation."""


def flip(images: Tensor, values: Tensor) -> Tensor:
    return images.flip(3)


def placement(
    area: Tensor, stretch: Tensor, degrees: Tensor, shift: Tensor, scale: Tensor, place: Tensor
) -> Tensor:
    """Return the affine maps that crop, stretch, rotate, shift and scale images, for `move`: (n, 2, 3).

    `area` (n, 1) is the part of the image that is kept, at the `place` (n, 2) from 0 to 1 across and down;
    `stretch` (n, 1) how much wider it becomes, or narrower below 0; `degrees` (n, 1) counterclockwise;
    `shift` (n, 2) to the right and down, in parts of the side; `scale` (n, 1) a factor. The maps lead from
    the result to the image, in coordinates from -1 to 1 across and down.
    """
    ratio = torch.where(stretch < 0, 1 - stretch, 1 / (1 + stretch)).sqrt()
    sides = torch.cat((area.sqrt() * ratio, area.sqrt() / ratio), 1)
    sides = sides / sides.amax(1, keepdim=True).clamp_min(1)
    angle = degrees.squeeze(1) * (math.pi / 180)
    turn = torch.stack((angle.cos(), -angle.sin(), angle.sin(), angle.cos()), 1).view(-1, 2, 2)
    # a pixel of the result, from -1 to 1: moved back, then enlarged and turned, then into the crop
    linear = turn * sides.unsqueeze(2) / scale.clamp_min(1e-3).unsqueeze(2)
    middle = (1 - sides) * (2 * place - 1)
    offset = middle.unsqueeze(2) - linear @ (2 * shift).unsqueeze(2)
    return torch.cat((linear, offset), 2)


def move(images: Tensor, maps: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), resampled by the `maps` of `placement`.

    What lies outside of an image is filled by its outermost pixels.
    """
    grid = F.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
    moved = F.grid_sample(images.to(torch.float32), grid, padding_mode="border", align_corners=False)
    return as_images(moved, images)


def colours(factors: Tensor, hue: Tensor) -> Tensor:
    """Return the matrices of changes of colour, for `recolour`: float32 (n, 4, 3).

    `factors` are (n, 3), of brightness, contrast and saturation; `hue` (n, 1) is a part of the circle. Three
    rows give red, green and blue from those of a pixel, the last one what is added, from the image's means.
    """
    brightness, contrast, saturation = factors.view(-1, 3, 1, 1).unbind(1)
    angle = hue.flatten() * (2 * math.pi)
    turn = torch.eye(3).repeat(len(angle), 1, 1)
    turn[:, 1, 1] = turn[:, 2, 2] = angle.cos()
    turn[:, 1, 2], turn[:, 2, 1] = -angle.sin(), angle.sin()
    turn[:, 1:] *= saturation
    to_yiq = torch.tensor(TO_YIQ)
    matrix = torch.linalg.inv(to_yiq) @ turn @ to_yiq * brightness
    return torch.cat((contrast * matrix, (1 - contrast) * (to_yiq[:1] @ matrix)), 1)


def recolour(images: Tensor, matrices: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), with the colours that the matrices of `colours` give."""
    flat, matrices = images.to(torch.float32).flatten(2), matrices.to(images.device)
    added = matrices[:, 3:] @ flat.mean(2, keepdim=True)
    return as_images(torch.baddbmm(added, matrices[:, :3], flat).view(images.shape), images)


def shuffle(images: Tensor, patches: Tensor, seeds: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), cut into squares that change places.

    `patches` (n, 1) is the number of squares along a side, rounded, and `seeds` (n, 1) decide where they go.
    Pixels that are left over at the right and the bottom stay.
    """
    result = images.clone()
    for image, number, seed in zip(result, patches.flatten().tolist(), seeds.flatten().tolist(), strict=True):
        count = max(1, min(round(number), *image.shape[1:]))
        height, width = (side // count for side in image.shape[1:])
        part = image[:, : count * height, : count * width]
        order = torch.randperm(count * count, generator=torch.Generator().manual_seed(seed))
        squares = part.reshape(3, count, height, count, width).permute(1, 3, 0, 2, 4).flatten(0, 1)
        squares = squares[order.to(images.device)]
        squares = squares.view(count, count, 3, height, width).permute(2, 0, 3, 1, 4)
        part.copy_(squares.reshape(part.shape))
    return result


def blur(images: Tensor, sigma: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), blurred by Gaussians of `sigma` (n, 1).

    Sigma is in pixels of an image of REFERENCE_SIZE. In small images it becomes as small as LEAST_SIGMA.
    """
    count, _, height, width = images.shape
    sigma = in_pixels(sigma, height)
    radius = min(math.ceil(2 * float(sigma.max())), height - 1, width - 1)
    steps = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(3, 0).to(images.device)
    planes = images.to(torch.float32).reshape(1, -1, height, width)
    planes = F.pad(planes, (radius,) * 4, mode="replicate")
    planes = F.conv2d(planes, kernel.view(-1, 1, 1, 2 * radius + 1), groups=3 * count)
    planes = F.conv2d(planes, kernel.view(-1, 1, 2 * radius + 1, 1), groups=3 * count)
    return as_images(planes.view(images.shape), images)


def in_pixels(sigma: Tensor, size: int) -> Tensor:
    """Return the sigma of a blur in pixels of an image of `size`."""
    return (sigma * (size / REFERENCE_SIZE)).hypot(torch.tensor(LEAST_SIGMA))


def rescale(images: Tensor, factor: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), scaled down by `factor` (n, 1) and up again."""
    result, size = images.clone(), images.shape[2:]
    for number, by in enumerate(factor.flatten().tolist()):
        small = [max(round(side * by), 1) for side in size]
        image = images[number : number + 1].to(torch.float32)
        image = F.interpolate(image, small, mode="bilinear", antialias=True).round_()
        image = F.interpolate(image, size, mode="bilinear", antialias=True)
        result[number] = image[0].round_().clamp_(0, 255)
    return result


def add_noise(images: Tensor, sigma: Tensor, seeds: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), with Gaussian noise of `sigma` (n, 1), where 1 is 255 levels.

    The first of `seeds` (n, 1) seeds the noise of them all.
    """
    noise = torch.randn(images.shape, generator=generator_on(images.device, seeds), device=images.device)
    levels = (255 * sigma).to(images.device).view(-1, 1, 1, 1)
    return as_images(noise.mul_(levels).add_(images), images)


def mask_frequencies(images: Tensor, part: Tensor, seeds: Tensor) -> Tensor:
    """Return `images`, uint8 (n, 3, H, W), without a random `part` (n, 1) of their frequencies.

    All channels lose the same ones, and the mean stays (Doloriel and Cheung, ICASSP 2024). The first of
    `seeds` (n, 1) decides which they are.
    """
    spectrum = torch.fft.rfft2(images.to(torch.float32))
    shape, generator = (len(images), 1, *spectrum.shape[2:]), generator_on(images.device, seeds)
    drawn = torch.rand(shape, generator=generator, device=images.device)
    kept = drawn >= part.to(images.device).view(-1, 1, 1, 1)
    kept[:, :, 0, 0] = True
    return as_images(torch.fft.irfft2(spectrum * kept, s=images.shape[2:]), images)


def generator_on(device: torch.device, seeds: Tensor) -> torch.Generator:
    """Return a generator on `device` with the first of `seeds`."""
    return torch.Generator(device).manual_seed(int(seeds[0]))


def as_images(values: Tensor, like: Tensor) -> Tensor:
    """Return `values`, float32 (n, 3, H, W), as uint8 in the memory format of `like`; they are changed."""
    return torch.empty_like(like).copy_(values.round_().clamp_(0, 255))
