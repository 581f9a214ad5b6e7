"""Make the detectors of checkpoints, and run them in torch on the best device of the machine."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from deepfake.checkpoints.inference import BATCH, Batch, LoadedModel, LogitsFunction, split_batches
from deepfake.checkpoints.metadata import geometries_of, networks_of, without_weights
from deepfake.errors import ModelError
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import rebuild
from deepfake.networks.detector import Detector
from deepfake.networks.ensemble import Ensemble, Part
from deepfake.networks.limits import MODEL_LIMITS, check_cost, check_geometries
from deepfake.networks.memory import keep_freed_memory
from deepfake.networks.views import View


def torch_model(checkpoint: dict, path: str | Path, threads: int, limits: dict | None = None) -> LoadedModel:
    """Return the model of a checked checkpoint, on the best device; errors name its file `path`."""
    torch.set_num_threads(threads)
    detector = make_detector(checkpoint, path, limits)
    metadata = without_weights(checkpoint)
    logits, scores = logits_function(detector), attention_function(detector)
    return LoadedModel(metadata, geometries_of(metadata), logits, detector, scores)


def make_detector(checkpoint: dict, path: str | Path, limits: dict | None = None) -> Detector | Ensemble:
    """Return the detector of a checked checkpoint, in evaluation mode on the CPU.

    Raises ModelError, which names `path`, where a network can't be made or the weights are another's, and
    where an image costs more than `limits` (default: MODEL_LIMITS).
    """
    limits = MODEL_LIMITS | (limits or {})
    check_geometries(geometries_of(checkpoint), path, limits)
    detectors = []
    for prefix, network in networks_of(checkpoint):
        source = f"{path}, {prefix.rstrip('.')}" if prefix else str(path)
        try:
            detectors.append(rebuild(network["network"], network["state"], source, limits))
        except ModelError:
            raise
        except (ValueError, LookupError, TypeError) as error:
            raise ModelError(f"{source} names a network that can't be made: {error}") from None
    if "parts" not in checkpoint:
        return detectors[0].eval()
    parts = [
        Part(detector, Geometry(**part["geometry"]), [View(**view) for view in part["views"]], part["weight"])
        for detector, part in zip(detectors, checkpoint["parts"], strict=True)
    ]
    ensemble = Ensemble(parts, checkpoint["temperature"]).eval()
    if ensemble.cost:
        check_cost(ensemble.cost.memory, ensemble.cost.operations, path, limits)
    return ensemble


def logits_function(detector: nn.Module, device: torch.device | None = None) -> LogitsFunction:
    """Return the function that runs `detector`: from a batch of uint8 arrays to logits of fake.

    The detector is moved to `device` (default: the best one) and put into evaluation mode.
    """
    return _function_of(detector, detector, device)


def attention_function(detector: nn.Module, device: torch.device | None = None) -> LogitsFunction | None:
    """As logits_function, to logits of fake and scores of attention, float32 (n, 2).

    None where `detector` has no attention over frames, as no ensemble has.
    """
    if not isinstance(detector, Detector) or detector.head is None or detector.head.attention is None:
        return None

    def scores(images: Tensor) -> Tensor:
        outputs = detector(images, whole=True)
        return torch.stack([outputs.logits, outputs.attention], dim=1)

    return _function_of(scores, detector, device)


def _function_of(
    function: Callable[..., Tensor], detector: Detector | Ensemble, device: torch.device | None
) -> LogitsFunction:
    """Return `function`, which runs `detector` on tensors of images, as a function of batches of arrays."""
    device = device or best_device()
    keep_freed_memory()
    detector.to(device, memory_format=torch.channels_last).eval()

    def of_arrays(batch: Batch) -> np.ndarray:
        with torch.inference_mode():
            return function(*(as_tensor(images).to(device) for images in batch)).float().cpu().numpy()

    return split_batches(of_arrays, _batch_size(detector))


def _batch_size(detector: Detector | Ensemble) -> int:
    """Return how many images `detector` takes at once, up to BATCH, for layers that fit into memory."""
    # an ensemble runs every view of an image as an image of its own
    size = BATCH // detector.max_views if isinstance(detector, Ensemble) else BATCH
    if detector.cost:
        size = min(size, int(MODEL_LIMITS["model_memory_gb"] * 1e9 // max(1, detector.cost.memory)))
    return max(1, size)


def best_device() -> torch.device:
    """Return the first of CUDA, Apple's MPS and the CPU that this machine has."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def as_tensor(images: np.ndarray) -> Tensor:
    """Return uint8 images (N, H, W, 3) as a tensor (N, 3, H, W) of the same memory, thus channels-last."""
    return torch.from_numpy(images).permute(0, 3, 1, 2)
