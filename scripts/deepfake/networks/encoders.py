"""The encoder that a network was trained from: its weights as they were loaded, found again by its spec."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.errors import ModelError
from deepfake.networks.build import build
from deepfake.networks.heads import head_names
from deepfake.networks.settings import WEIGHTS_SUFFIXES, is_hub_name, parse_arch, weights_file
from deepfake.networks.state_dicts import find_state_dict
from deepfake.networks.weights import read_weights_file

SUFFIXES = tuple(suffix for suffix in WEIGHTS_SUFFIXES if suffix != ".h5")


def encoder_source(spec: dict, beside: Path | None = None) -> dict:
    """Return `arch` and `weights` of a Built.spec, which say where its encoder is, with paths that exist.

    The encoder is a file of weights, a folder of transformers, or weights that a library knows by name. A
    file or folder that isn't where the spec says is looked for by its name in the folder `beside`. Raises
    ModelError if it is in neither or can't be one, and if the network was trained from random weights.
    """
    source = {"arch": spec["arch"], "weights": spec.get("weights")}
    if not isinstance(source["weights"], str | None):
        raise ModelError(f"network.weights is {source['weights']!r}; it must be text, or null")
    (library, name), file = parse_arch(source["arch"]), weights_file(source)
    if file:
        if file.suffix.lower() not in SUFFIXES:
            raise ModelError(f"{file} can't be an encoder; it is a file that ends with {', '.join(SUFFIXES)}")
        source["weights"] = str(_found(file, beside, Path.is_file))
    elif library == "hf" and is_hub_name(name):
        _check_stored(name)
    elif library == "hf":
        source["arch"] = f"hf/{_found(Path(name), beside, Path.is_dir)}"
    elif library == "own" or not source["weights"]:
        raise ModelError("there is no encoder: the network was trained from random weights")
    return source


def read_encoder(spec: dict, source: dict, network: nn.Module, limits: dict | None = None) -> dict:
    """Return the weights of the encoder at `source`: a state_dict on the CPU without those of the head.

    `network` is that of `spec`, and may be on the device "meta": it says which names, shapes and dtypes there
    are. What the encoder lacks, or has in another shape, is left out. `limits` are those of the config. No
    code is run. Raises ModelError if the weights can't be read.
    """
    own, file = network.state_dict(), weights_file(source)
    library, _ = parse_arch(source["arch"])
    head = head_names(library, network)
    if file:
        state = find_state_dict(read_weights_file(file, limits), file, network, head)
    else:
        state = build(_section(spec, source), 0, limits=limits).detector.network.state_dict()
    prefixes = tuple(f"{name}." for name in head)
    return {
        key: state[key].detach().to(value.dtype)
        for key, value in own.items()
        if key in state and state[key].shape == value.shape and not key.startswith(prefixes)
    }


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """Return the SHA-256 of the names, types, shapes and bytes of a state_dict on the CPU, in any order."""
    digest = hashlib.sha256()
    for key in sorted(state):
        value = state[key]
        digest.update(f"{key} {value.dtype} {tuple(value.shape)}\n".encode("utf-8", "surrogateescape"))
        digest.update(as_bytes(value).numpy())
    return digest.hexdigest()


def as_bytes(value: Tensor) -> Tensor:
    """Return the bytes of a tensor on the CPU, uint8 (N,)."""
    return value.detach().contiguous().reshape(-1).view(torch.uint8)


def _found(path: Path, beside: Path | None, exists: Callable[[Path], bool]) -> Path:
    places = [path, *([beside / path.name] if beside else [])]
    for place in places:
        if exists(place):
            return place
    raise ModelError(f"the encoder {' or '.join(map(str, places))} doesn't exist; copy it there")


def _check_stored(name: str) -> None:
    """Raise ModelError unless a model of the hub was fetched before: a file doesn't say what is fetched."""
    import huggingface_hub

    if not isinstance(huggingface_hub.try_to_load_from_cache(name, "config.json"), str):
        raise ModelError(f"the encoder {name} isn't in the local store of the hub; run: hf download {name}")


def _section(spec: dict, source: dict) -> dict:
    """Return the `models` section by which `build` makes the network of a spec, from its encoder."""
    options = spec.get("head", {})
    return source | {
        "head": "new",
        "image_size": spec["geometry"]["size"],
        "epochs": 1,
        "pooling": spec.get("pooling"),
        "head_norm": "l2" if options.get("l2") else "none",
        "frames": 2 if options.get("attention") else 1,
    }
