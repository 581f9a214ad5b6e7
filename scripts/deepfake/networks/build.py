"""Build a detector from a `models` section, and rebuild it from what a checkpoint holds."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.errors import UserError
from deepfake.hashing import seeded_hash
from deepfake.inputs.geometry import Geometry
from deepfake.networks.architectures import CANT_RUN, head_names, make_network
from deepfake.networks.detector import Detector
from deepfake.networks.errors import ModelError
from deepfake.networks.keras_weights import read_keras_weights
from deepfake.networks.mesonet import Meso4, MesoInception4
from deepfake.networks.pretrained import make_pretrained
from deepfake.networks.settings import geometry_of, parse_arch, weights_file
from deepfake.networks.weights import find_state_dict, load_weights, read_weights_file

# transformers takes seconds to import: `huggingface` is imported where a network needs it.


@dataclass(frozen=True, eq=False)
class Built:
    """A detector in training mode, the geometry of its images, and its `spec`.

    `spec` is plain JSON, from which `rebuild` makes the detector again: arch, weights, geometry, mean, std,
    fake (the index of fake's output), and for transformers config and preprocessor.
    """

    detector: Detector
    geometry: Geometry
    spec: dict


def build(model: dict, seed: int) -> Built:
    """Return the detector of a `models` section (`arch`, `weights`, `image_size`; for hf `head`).

    Weights that `weights` doesn't give are random, from `seed`. Networks of torchvision and timm get a head
    of one output, the logit of fake. Raises UserError for an invalid section, and ModelError, one of these,
    where weights can't be had or are another network's.
    """
    geometry = geometry_of(model)
    library, name = parse_arch(model["arch"])
    size, file = geometry.size, weights_file(model)
    spec = {
        "arch": model["arch"],
        "weights": model.get("weights"),
        "geometry": asdict(geometry),
        "fake": 1,
    }
    with _random_numbers(seed):
        if library == "hf":
            from deepfake.networks import huggingface

            network, more = huggingface.load(name, model.get("head") or "keep", size)
            spec |= more
        else:
            weights = None if file else model.get("weights")
            network, mean, std = (
                make_pretrained(library, name, size, weights)
                if weights
                else make_network(library, name, size)
            )
            spec |= _scaling(mean, std)
    if file:
        spec |= _load_file(network, file, head_names(library, network))
    detector = Detector(network, spec["mean"], spec["std"], spec["fake"])
    _try_out(detector, model["arch"], size)
    return Built(detector.train(), geometry, spec)


def rebuild(spec: dict, state: Mapping[str, Tensor], source: str = "the checkpoint") -> Detector:
    """Return the detector of a Built.spec, with all weights from `state`; needs no file and no connection.

    Raises UserError for the spec of no network, and ModelError, which names `source`, where `state` is not
    the state_dict of that network.
    """
    library, name = parse_arch(spec["arch"])
    size = spec["geometry"]["size"]
    with _random_numbers(0):
        if library == "hf":
            from deepfake.networks import huggingface

            network = huggingface.remake(spec, state, source)
        else:
            network = make_network(library, name, size)[0]
    load_weights(network, state, source)
    detector = Detector(network, spec["mean"], spec["std"], spec["fake"])
    _try_out(detector, spec["arch"], size)
    return detector


@contextmanager
def _random_numbers(seed: int) -> Iterator[None]:
    """Torch's random numbers on the CPU come from `seed` in this block, and go on as before after it."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seeded_hash(seed, "network"))
        yield


def _scaling(mean: Iterable[float], std: Iterable[float]) -> dict:
    return {"mean": [float(value) for value in mean], "std": [float(value) for value in std]}


def _load_file(network: nn.Module, path: Path, head: list[str]) -> dict:
    """Load the weights of `path` into `network`; return `mean` and `std` where it is a best.pt, else {}."""
    if path.suffix.lower() == ".h5":
        if not isinstance(network, Meso4 | MesoInception4):
            raise ModelError(
                f"{path}: only MesoNet's weights can be read from .h5; write a .pt or .safetensors"
            )
        load_weights(network, read_keras_weights(path, network), path)
        return {}
    content = read_weights_file(path)
    load_weights(network, find_state_dict(content, path, network), path, head)
    is_best_pt = isinstance(content, dict) and "network" in content and "classes" in content
    return _scaling(content["mean"], content["std"]) if is_best_pt else {}


def _try_out(detector: Detector, arch: str, size: int) -> None:
    """Run one black image, so that a size that the network can't take is found before any work is done."""
    training = detector.training
    detector.eval()
    try:
        with torch.inference_mode():
            detector(torch.zeros(1, 3, size, size))
    except CANT_RUN as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UserError(
            f"{arch} can't take images of {size}×{size} pixels ({reason}); set models.<model>.image_size"
        ) from None
    detector.train(training)
