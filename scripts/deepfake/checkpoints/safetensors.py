"""Models in safetensors: a format of tensors alone, in which no code can hide; the metadata is JSON text."""

import re
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from deepfake.checkpoints.best_pt import check_tensors
from deepfake.checkpoints.metadata import KEY, as_text, networks_of, parse_text, without_weights
from deepfake.errors import ModelError
from deepfake.networks.limits import MODEL_LIMITS, check_file_sizes
from deepfake.networks.weights import UNREADABLE, check_header

TENSOR_NAME = re.compile(r"(?:parts\.(\d{1,3})\.)?state\.(.+)", re.DOTALL)
"""`state.<key>`; in ensembles `parts.<number>.state.<key>`."""


def as_safetensors(checkpoint: dict) -> bytes:
    """Return the file of a checkpoint; equal checkpoints give equal bytes."""
    tensors = {
        f"{prefix}state.{key}": value.contiguous()
        for prefix, network in networks_of(checkpoint)
        for key, value in network["state"].items()
    }
    return safetensors.torch.save(tensors, metadata={KEY: as_text(without_weights(checkpoint))})


def read_safetensors(path: str | Path, limits: dict | None = None) -> dict:
    """Return the checkpoint that `as_safetensors` wrote to `path`, checked like best.pt, with CPU tensors.

    Raises ModelError, which says what is wrong, if there is no file, it holds no such checkpoint, or it is
    over `limits.model_gb` (default: MODEL_LIMITS).
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no model {path}; copy it there, or make it with convert.py")
    check_file_sizes([path], path, MODEL_LIMITS | (limits or {}))
    check_header(path)
    try:
        with safetensors.safe_open(path, framework="pt", device="cpu") as file:
            text = (file.metadata() or {}).get(KEY)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (it is no dict)
    except (safetensors.SafetensorError, *UNREADABLE) as error:
        raise ModelError(f"{path} is no safetensors file, or it is damaged: {error}") from None
    checkpoint = parse_text(text, path)
    _add_tensors(checkpoint, tensors, path)
    check_tensors(checkpoint, path)
    return checkpoint


def _add_tensors(checkpoint: dict, tensors: dict[str, Tensor], path: Path) -> None:
    """Give each network of `checkpoint` its `state`. ModelError for a tensor that belongs to none."""
    networks = [network for _, network in networks_of(checkpoint)]
    for network in networks:
        network["state"] = {}
    for name, value in tensors.items():
        match = TENSOR_NAME.fullmatch(name)
        number = int(match[1] or 0) if match else -1
        if not match or (match[1] is None) == ("parts" in checkpoint) or number >= len(networks):
            raise ModelError(f"{path}: the tensor {name!r} belongs to no network of the model")
        networks[number]["state"][match[2]] = value
