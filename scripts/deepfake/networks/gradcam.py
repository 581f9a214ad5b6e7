"""Grad-CAM: which places of an image speak for fake, to a network."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from deepfake.errors import UserError
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import fit
from deepfake.networks.ensemble import Ensemble

AT_ONCE = 64  # images
SAME_MAP = (nn.Dropout, nn.Identity, nn.Softmax)
"""Modules that output no new feature map: the tensor of the module before, or the weights of an attention."""

MAX_PREFIX = 8  # tokens before those of the image: for the class, distillation, registers


def gradcam_maps(
    detector: nn.Module | None, geometries: Sequence[Geometry], images: Sequence[np.ndarray]
) -> np.ndarray:
    """Return how much each place of each image speaks for fake, float32 (N, S, S) in [0, 1].

    `detector` and `geometries` are those of a LoadedModel; `images` are uint8 (H, W, 3) RGB of any size. A
    map is of the image fitted to the first geometry, whose size is S; its highest place is 1. The map of an
    ensemble is the mean of its networks' maps of the whole image, weighted by the networks' weights. Raises
    UserError if `detector` is None.
    """
    if detector is None:
        raise UserError("Grad-CAM needs gradients, which only torch gives; use the best.pt of this model")
    starts = range(0, len(images), AT_ONCE)
    maps = [_maps(detector, geometries, images[start : start + AT_ONCE]) for start in starts]
    size = geometries[0].size
    return np.concatenate([np.zeros((0, size, size), np.float32), *maps])


def _maps(detector: nn.Module, geometries: Sequence[Geometry], images: Sequence[np.ndarray]) -> np.ndarray:
    inputs = [
        np.stack([fit(image, geometry) for image in images]).transpose(0, 3, 1, 2) for geometry in geometries
    ]
    if not isinstance(detector, Ensemble):
        return gradcam(detector, inputs[0])
    total = torch.zeros(len(images), 1, *inputs[0].shape[2:])
    for part, weight, number in zip(detector.detectors, detector.weights, detector.inputs, strict=True):
        heat = torch.from_numpy(gradcam(part, inputs[number]))[:, None]
        total += abs(weight) * functional.interpolate(
            heat, size=total.shape[2:], mode="bilinear", align_corners=False
        )
    return _normalise(total[:, 0]).numpy()


def gradcam(detector: nn.Module, images: np.ndarray | Tensor) -> np.ndarray:
    """Return how much each place of each image speaks for fake, float32 (N, S, S) in [0, 1].

    `images` are uint8 (N, 3, S, S), RGB; `detector` gives logits of fake, (N,), in evaluation mode and on any
    device, else ValueError. The highest place of a map is 1; where nothing speaks for fake, all are 0.

    This is Grad-CAM (Selvaraju et al., ICCV 2017) on the last feature map that the logit depends on, with the
    gradient of each place instead of its mean over all places (HiResCAM, Draelos and Carin 2020). Both agree
    for networks that end in an average over all places. MesoNet's dense layers and a transformer's class
    token weigh each place by itself: there the mean would light places that don't count. A feature map is (N,
    C, H, W) or (N, H, W, C), or the tokens (N, T, C) of a normalisation layer: those of a square, after up to
    8 others.
    """
    images = torch.as_tensor(images)
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"images are uint8 of shape (N, 3, S, S), not {images.dtype} {tuple(images.shape)}")
    if detector.training:
        raise ValueError("the detector is in training mode, in which images change it; call eval() first")
    number, size = len(images), images.shape[-2:]
    if not number:
        return np.zeros((0, *size), np.float32)
    device = next(detector.parameters()).device
    with torch.inference_mode(False), torch.enable_grad():
        # Pixels that need gradients give them to every layer, also where all weights are frozen.
        pixels = (images.to(device).float() / 255).requires_grad_()
        with _record_maps(detector, number) as recorded:
            logits = detector(pixels)
        recorded = [(output, layout) for output, layout in recorded if output.requires_grad]
        outputs = [output for output, _ in recorded]
        gradients = torch.autograd.grad(logits.sum(), outputs, allow_unused=True) if outputs else []
    heat = torch.zeros(number, 1, 1)
    for (output, layout), gradient in zip(recorded[::-1], gradients[::-1], strict=True):
        if gradient is not None and (weights := layout(gradient)).any():
            heat = (weights * layout(output.detach())).float().sum(dim=1).relu().cpu()
            break
    heat = functional.interpolate(heat[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    return _normalise(heat).numpy()


def _normalise(heat: Tensor) -> Tensor:
    """Scale each of the maps (N, S, S) so that its highest place is 1; maps of zeros stay."""
    highest = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(highest > 0, heat / highest, 0).clamp(0, 1)


Layout = Callable[[Tensor], Tensor]
"""Rearranges a layer's output, or its gradient, as (N, C, H, W)."""


@contextmanager
def _record_maps(detector: nn.Module, number: int) -> Iterator[list[tuple[Tensor, Layout]]]:
    """Yield a list that a forward pass of `number` images fills with the feature maps of all layers."""
    maps: list[tuple[Tensor, Layout]] = []

    def record(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and not isinstance(module, SAME_MAP) and len(output) == number:
            layout = _layout(output, "norm" in type(module).__name__.lower())
            if layout and not (maps and maps[-1][0] is output):
                maps.append((output, layout))

    handles = [module.register_forward_hook(record) for module in detector.modules()]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()


def _layout(output: Tensor, normalised: bool) -> Layout | None:
    """Return how a layer's output is laid out; None if it is no feature map of a square.

    Of tokens only normalised ones count: queries, keys and values have the same shape.
    """
    shape = output.shape
    if output.ndim == 4 and shape[2] == shape[3] > 1:
        return lambda tensor: tensor
    if output.ndim == 4 and shape[1] == shape[2] > 1:
        return lambda tensor: tensor.permute(0, 3, 1, 2)
    if output.ndim == 3 and normalised:
        side = math.isqrt(shape[1])
        if side > 1 and shape[1] - side**2 <= MAX_PREFIX:
            return lambda tensor: tensor[:, -(side**2) :].transpose(1, 2).unflatten(2, (side, side))
    return None
