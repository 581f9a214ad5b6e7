"""best.pt: a trained detector in one file, with all that is needed to use it and to know how it was made."""

import sys
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deepfake.checkpoints.metadata import (
    CLASSES,
    FORMAT,
    check_metadata,
    check_text_size,
    networks_of,
    without_weights,
)
from deepfake.errors import ModelError
from deepfake.files import new_file
from deepfake.networks.deltas import complete
from deepfake.networks.state_dicts import is_plain
from deepfake.networks.weights import read_weights_file

PACKAGES = "torch torchvision timm transformers lightning-fabric numpy pillow".split()
PART_KEYS = ("network", "state", "geometry", "mean", "std", "views", "weight")


def load_checkpoint(path: str | Path, limits: dict | None = None) -> dict:
    """Return what `save_checkpoint` or `save_ensemble` wrote, every key checked, with tensors on the CPU.

    The `state` of a delta is completed from its encoder (see networks.deltas). No code in a file is run. The
    tensors are parts of the file, read when they are used. Raises ModelError, which says what is wrong, if
    there is no file, it is no such checkpoint, it is over `limits.model_gb` (default: MODEL_LIMITS), or its
    encoder can't be used.
    """
    checkpoint = read_checkpoint(path, limits)
    if "encoder" in checkpoint:
        checkpoint["state"] = complete(checkpoint, path, limits)
        del checkpoint["encoder"]
    return checkpoint


def read_checkpoint(path: str | Path, limits: dict | None = None) -> dict:
    """Return a checkpoint as `load_checkpoint` does, but the `state` of a delta as it is, with `encoder`."""
    path = Path(path)
    if path.is_file() and not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no file of torch.save, or it is cut off")
    checkpoint = read_weights_file(path, limits)
    if not isinstance(checkpoint, dict):
        raise ModelError(f"{path} holds {type(checkpoint).__name__}, not a checkpoint of this workflow")
    if "format" not in checkpoint:
        raise ModelError(
            f"{path} is no checkpoint of this workflow: it has no `format`. To train from weights alone, "
            "write their path as models.<model>.weights"
        )
    check_metadata(checkpoint, path)
    check_text_size(without_weights(checkpoint), path)
    check_tensors(checkpoint, path)
    return checkpoint


def check_tensors(checkpoint: dict, path: Path) -> None:
    """Raise ModelError if a network's `state` isn't plain finite tensors, no larger than the file `path`.

    The metadata of `checkpoint` has been checked.
    """
    size = 0
    for prefix, network in networks_of(checkpoint):
        state = network.get("state")
        if type(state) is not dict or not state:
            raise ModelError(f"{path}: {prefix}state is missing or empty")
        for key, value in state.items():
            if not isinstance(key, str) or type(value) is not Tensor or not is_plain(value):
                raise ModelError(f"{path}: {prefix}state.{key} is no plain tensor")
            size += value.numel() * value.element_size()
    if size > path.stat().st_size:  # a tensor can repeat few bytes without end
        raise ModelError(f"{path}: its tensors unfold to {size} bytes, more than the file has")
    for prefix, network in networks_of(checkpoint):
        for key, value in network["state"].items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise ModelError(f"{path}: {prefix}state.{key} holds values that are not finite")


def save_checkpoint(
    path: str | Path,
    network: dict,
    state: Mapping[str, Tensor],
    encoder: dict | None = None,
    **metadata: Any,
) -> None:
    """Write the checkpoint of one network: `network` is Built.spec, `state` its network's state_dict.

    Of a delta `state` and `encoder` are what `as_delta` returns.

    `metadata` are these keyword arguments, all of plain JSON types (else TypeError):
    threshold: the probability from which an image is called fake;
    video_threshold: that from which a video is, by the mean over its images (default: `threshold`);
    training: the settings of the training;
    dataset: `name` and `sha256` of the dataset, and more;
    metrics: what the detector reached on val;
    preprocessing: how the images were made (see `training.train.preprocessing`; default: unknown).

    Equal content gives equal bytes. Raises ModelError, which names the key, for invalid metadata.
    """
    content = {"network": network, "state": _on_cpu(state)}
    content |= {key: network[key] for key in ("geometry", "mean", "std")}
    content |= {"encoder": encoder} if encoder else {}
    _write(path, content, **metadata)


def save_ensemble(path: str | Path, parts: Sequence[dict], temperature: float, **metadata: Any) -> None:
    """Write the checkpoint of an ensemble: `parts` as `ensemble.flatten` returns them.

    The sum of their logits is divided by `temperature`. `metadata` are the keyword arguments of
    `save_checkpoint`. Raises ModelError if there are more parts or views than can be read again.
    """
    parts = [
        {key: _on_cpu(part["state"]) if key == "state" else part[key] for key in PART_KEYS} for part in parts
    ]
    _write(path, {"parts": parts, "temperature": float(temperature)}, **metadata)


def save_changed(path: str | Path, checkpoint: dict, **metadata: Any) -> None:
    """Write a checkpoint that `read_checkpoint` returned with other `metadata`, and all else as it is.

    Besides those of `save_checkpoint` it may have `people_thresholds`: those of videos of 1 to MOST_PEOPLE
    people (thresholds.people_thresholds). Raises ModelError, which names the key, if they are invalid.
    """
    _save(path, checkpoint | metadata)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the installed packages that a network's outputs may depend on."""
    installed = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        with suppress(PackageNotFoundError):
            installed[name] = version(name)
    return installed


def _on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in state.items()
    }


def _write(
    path: str | Path,
    weights: dict,
    *,
    threshold: float,
    training: dict,
    dataset: dict,
    metrics: dict,
    video_threshold: float | None = None,
    preprocessing: dict | None = None,
) -> None:
    content = {
        "format": FORMAT,
        **weights,
        "classes": CLASSES,
        "threshold": float(threshold),
        "video_threshold": float(threshold if video_threshold is None else video_threshold),
        "preprocessing": preprocessing or {},
        "training": training,
        "dataset": dataset,
        "versions": versions(),
        "metrics": metrics,
    }
    _save(path, content)


def _save(path: str | Path, content: dict) -> None:
    content = _plain(content, "checkpoint")
    check_metadata(content, path)
    with new_file(path) as temporary, open(temporary, "wb") as file:
        torch.save(content, file)  # given a path, torch would write the file's name into it


def _plain(value: object, key: str) -> object:
    """Return a copy of plain types, in which equal texts are one object and no two containers are.

    A pickle refers to an object that it has seen by a number, so equal content could give different bytes.
    """
    if isinstance(value, str):
        return sys.intern(str(value))
    if value is None or isinstance(value, bool | Tensor):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, list | tuple):
        return [_plain(item, f"{key}.{number}") for number, item in enumerate(value)]
    if isinstance(value, Mapping):
        if strange := [name for name in value if not isinstance(name, str)]:
            raise TypeError(f"{key} has the key {strange[0]!r}; a checkpoint's keys are text")
        return {_plain(name, key): _plain(item, f"{key}.{name}") for name, item in value.items()}
    raise TypeError(
        f"{key} is {type(value).__name__}; a checkpoint holds text, numbers, lists, objects and tensors"
    )
