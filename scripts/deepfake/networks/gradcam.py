"""Grad-CAM: where in an image a network finds what speaks for fake."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from deepfake.checkpoints.inference import BATCH, Opened
from deepfake.inputs.geometry import Geometry
from deepfake.inputs.pixels import fit
from deepfake.networks.ensemble import Ensemble

SILENT = (nn.Dropout, nn.Identity, nn.Softmax)
"""Their outputs are no new map: the tensor of the module before, or the weights of an attention."""

PREFIX = 8  # tokens ahead of the image's own, at most: for the class, distillation, registers


def gradcam_of(model: Opened, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """How much each place of each picture speaks for fake, float32 (N, S, S) in [0, 1]; its most is 1.

    `pictures` are uint8 (H, W, 3) RGB of any size; a map is of the picture fit to the first of the model's
    geometries, whose size is S. Of an ensemble it is the mean of its networks' maps, each of the whole
    picture, weighted by how much each counts. ValueError where the model's form has no gradients.
    """
    if model.detector is None:
        raise ValueError(
            "a model of this form can't say where it looks; give the best.pt that it was made of"
        )
    starts = range(0, len(pictures), BATCH)
    maps = [_maps(model, pictures[start : start + BATCH]) for start in starts]
    size = model.geometries[0].size
    return np.concatenate([np.zeros((0, size, size), np.float32), *maps])


def _maps(model: Opened, pictures: Sequence[np.ndarray]) -> np.ndarray:
    fitted = [_fitted(pictures, geometry) for geometry in model.geometries]
    ensemble = model.detector
    if not isinstance(ensemble, Ensemble):
        return gradcam(ensemble, fitted[0])
    total = torch.zeros(len(pictures), 1, *fitted[0].shape[2:])
    for detector, weight, place in zip(ensemble.detectors, ensemble.weights, ensemble.places, strict=True):
        heat = torch.from_numpy(gradcam(detector, fitted[place]))[:, None]
        total += abs(weight) * functional.interpolate(
            heat, size=total.shape[2:], mode="bilinear", align_corners=False
        )
    return _to_one(total[:, 0]).numpy()


def _fitted(pictures: Sequence[np.ndarray], geometry: Geometry) -> np.ndarray:
    return np.stack([fit(picture, geometry) for picture in pictures]).transpose(0, 3, 1, 2)


def gradcam(detector: nn.Module, images: np.ndarray | Tensor) -> np.ndarray:
    """How much each place of each image speaks for fake, float32 (N, S, S) in [0, 1]; 1 is its image's most.

    `images` are uint8 (N, 3, S, S), RGB; `detector` gives logits of fake, (N,), in evaluation mode and on any
    device, else ValueError. An image in which nothing speaks for fake gets zeros.

    Grad-CAM (Selvaraju et al., ICCV 2017) of the last spatial map on which the logit depends, with the
    gradient of each place instead of its mean over all places (HiResCAM, Draelos and Carin 2020). The two are
    the same for networks that end in an average over all places. MesoNet's dense layers and a transformer's
    class token weigh each place by itself: there the mean would light places that don't count. A map is
    (N, C, H, W) or (N, H, W, C), or a normalised layer's tokens (N, T, C): a square's, after up to 8 others.
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
        # pixels that need gradients give them to every layer, also where all weights are frozen
        pixels = (images.to(device).float() / 255).requires_grad_()
        with _watched(detector, number) as maps:
            logits = detector(pixels)
        wanted = [tensor for tensor, _ in maps if tensor.requires_grad]
        kinds = [kind for tensor, kind in maps if tensor.requires_grad]
        gradients = torch.autograd.grad(logits.sum(), wanted, allow_unused=True) if wanted else []
    heat = torch.zeros(number, 1, 1)
    for tensor, gradient, spread in zip(wanted[::-1], gradients[::-1], kinds[::-1], strict=True):
        if gradient is not None and (part := spread(gradient)).any():
            heat = (part * spread(tensor.detach())).float().sum(dim=1).relu().cpu()
            break
    heat = functional.interpolate(heat[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
    return _to_one(heat).numpy()


def _to_one(heat: Tensor) -> Tensor:
    """Maps (N, S, S), each scaled so that its highest place is 1; those of zeros stay."""
    most = heat.amax(dim=(1, 2), keepdim=True)
    return torch.where(most > 0, heat / most, 0).clamp(0, 1)


Spread = Callable[[Tensor], Tensor]


@contextmanager
def _watched(detector: nn.Module, number: int) -> Iterator[list[tuple[Tensor, Spread]]]:
    """Yield a list that a forward pass fills with the maps of all layers, and how to lay each out."""
    maps: list[tuple[Tensor, Spread]] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor) and not isinstance(module, SILENT) and len(output) == number:
            spread = _spread(output, "norm" in type(module).__name__.lower())
            if spread and not (maps and maps[-1][0] is output):
                maps.append((output, spread))

    handles = [module.register_forward_hook(note) for module in detector.modules()]
    try:
        yield maps
    finally:
        for handle in handles:
            handle.remove()


def _spread(output: Tensor, normalised: bool) -> Spread | None:
    """What lays a layer's output, or its gradient, out as (N, C, H, W); None where it is no map of places.

    Only normalised tokens count: queries, keys and values have the shape of tokens too.
    """
    shape = output.shape
    if output.ndim == 4 and shape[2] == shape[3] > 1:
        return lambda tensor: tensor
    if output.ndim == 4 and shape[1] == shape[2] > 1:
        return lambda tensor: tensor.permute(0, 3, 1, 2)
    if output.ndim == 3 and normalised:
        side = math.isqrt(shape[1])
        if side > 1 and shape[1] - side**2 <= PREFIX:
            return lambda tensor: tensor[:, -(side**2) :].transpose(1, 2).unflatten(2, (side, side))
    return None
