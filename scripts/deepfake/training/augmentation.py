"""Augmentation of training batches: geometry, colour, blur, noise, JPEG and others, on the images' device.

Each image draws for each operation whether it is changed, and how much, whatever else is in its batch.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from deepfake.training import cpu_changes, image_changes, jpeg
from deepfake.training.augmentation_settings import OPERATIONS, Operation, Range, ranges_of


class Step(NamedTuple):
    """Operations that are one change of the image: how batches of any device and images of the CPU get it.

    Both functions take what `prepare` returns, if it is given, else all values: those of `names`, and of
    `more`: `place`, (n, 2) from 0 to 1, or `seed`, (n, 1).
    """

    names: tuple[str, ...]
    on_device: Callable[..., Tensor]
    on_cpu: cpu_changes.Change
    more: tuple[str, ...] = ()
    prepare: Callable[..., Tensor] | None = None


MOVES = ("crop", "stretch", "rotate", "shift", "scale")
STEPS = (
    Step(("flip",), image_changes.flip, cpu_changes.flip),
    Step(MOVES, image_changes.move, cpu_changes.move, ("place",), image_changes.placement),
    Step(("colour", "hue"), image_changes.recolour, cpu_changes.recolour, (), image_changes.colours),
    Step(("shuffle",), image_changes.shuffle, cpu_changes.shuffle, ("seed",)),
    Step(("blur",), image_changes.blur, cpu_changes.blur),
    Step(("rescale",), image_changes.rescale, cpu_changes.rescale),
    Step(("noise",), image_changes.add_noise, cpu_changes.add_noise, ("seed",)),
    Step(("frequency",), image_changes.mask_frequencies, cpu_changes.mask_frequencies, ("seed",)),
    Step(("jpeg",), jpeg.compress, cpu_changes.compress),
)
"""In the order in which an image gets them."""

EXTRAS: dict[str, Callable[[int], Tensor]] = {
    "place": lambda count: torch.rand(count, 2),
    "seed": lambda count: torch.randint(2**62, (count, 1)),
}


def augmentation(setting: str | dict, size: int) -> Callable[[Tensor], Tensor]:
    """Return a function that augments a batch, uint8 (N, 3, size, size), into a new one.

    `setting` is what augmentation_settings.ranges_of takes; without operations (`off`) the function returns
    its argument, whatever that is. Device, dtype and memory format stay.

    All random numbers come from torch's global CPU generator, and from generators on the images' device that
    it seeds: the same seed gives the same batch, on the CPU to the last bit. Raises UserError for a setting
    that can't be used, and the function ValueError for a batch of another dtype or shape.
    """
    ranges = ranges_of(setting)

    def augment(images: Tensor) -> Tensor:
        if not ranges:
            return images
        if images.dtype != torch.uint8 or images.shape[1:] != (3, size, size):
            raise ValueError(
                f"augmentation takes uint8 images of shape (N, 3, {size}, {size}), "
                f"not {images.dtype} {tuple(images.shape)}"
            )
        plan = planned(ranges, len(images))
        return changed_on_cpu(images, plan) if images.device.type == "cpu" else changed(images, plan)

    return augment


def planned(ranges: dict[str, Range], count: int) -> list[tuple[Step, Tensor, list[Tensor]]]:
    """Draw what happens to `count` images: the steps, who gets them, bool (count,), and their values.

    The values are what the step's functions take, each with a row for every image.
    """
    plan = []
    for step in STEPS:
        if not any(name in ranges for name in step.names):
            continue
        values = [draw(OPERATIONS[name], ranges.get(name), count) for name in step.names]
        neutral = [OPERATIONS[name].neutral for name in step.names]
        chosen = torch.cat([v != n for v, n in zip(values, neutral, strict=True)], 1).any(1)
        values += [EXTRAS[name](count) for name in step.more]
        plan.append((step, chosen, [step.prepare(*values)] if step.prepare else values))
    return plan


def draw(operation: Operation, values: Range | None, count: int) -> Tensor:
    """Return the values of an operation for `count` images, float32 (count, operation.numbers)."""
    neutral = torch.full((count, operation.numbers), float(operation.neutral))
    if values is None:
        return neutral
    is_changed = torch.rand(count, 1) < values.probability
    drawn = values.low + (values.high - values.low) * torch.rand(count, operation.numbers)
    return torch.where(is_changed, drawn, neutral)


def changed(images: Tensor, plan: list[tuple[Step, Tensor, list[Tensor]]]) -> Tensor:
    """Return `images`, uint8 (N, 3, H, W), after a plan, step by step; the argument is not changed."""
    result = images.clone()
    for step, chosen, values in plan:
        numbers = torch.nonzero(chosen).flatten()
        if len(numbers):
            at = numbers.to(images.device)
            result[at] = step.on_device(result[at], *(value[numbers] for value in values))
    return result


def changed_on_cpu(images: Tensor, plan: list[tuple[Step, Tensor, list[Tensor]]]) -> Tensor:
    """Return `images`, uint8 (N, 3, H, W), after a plan, image by image; the argument is not changed."""
    result = torch.empty_like(images)
    pixels = np.ascontiguousarray(images.permute(0, 2, 3, 1).numpy())
    steps = [
        (step.on_cpu, chosen.tolist(), [value.numpy() for value in values]) for step, chosen, values in plan
    ]
    for number, image in enumerate(pixels):
        for change, chosen, values in steps:
            if chosen[number]:
                image = change(image, *(value[number] for value in values))
        result[number] = torch.from_numpy(image).permute(2, 0, 1)
    return result
