"""best.pt: a trained detector in one file, with what is needed to use it and to know where it comes from."""

import sys
import zipfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from deepfake.checkpoints.checks import OF_PART, check, check_tensors, networks_in
from deepfake.checkpoints.metadata import CLASSES, FORMAT
from deepfake.files import new_file
from deepfake.inputs.geometry import Geometry
from deepfake.networks.build import rebuild
from deepfake.networks.detector import Detector
from deepfake.networks.ensemble import Ensemble, Part
from deepfake.networks.errors import WeightsDontFit
from deepfake.networks.views import View
from deepfake.networks.weights import read_file

PACKAGES = "torch torchvision timm transformers lightning numpy pillow".split()


def save_checkpoint(
    path: str | Path,
    facts: dict,
    state: Mapping[str, Tensor],
    **told: Any,
) -> None:
    """Write a detector: `facts` of Built, `state` of its network (state_dict of `detector.network`).

    Told are `threshold`, `training`, `dataset` and `metrics`, and maybe `video_threshold`, `preprocessing`.
    `threshold` is the probability from which an image is called fake, `video_threshold` that from which a
    video is, by the mean over its images (the same one where it isn't given); `training` the settings it was
    trained with; `dataset` its `name`, `sha256` and whatever else; `preprocessing` how its images were made
    (train.preprocessing); `metrics` what it reached on val. All but `state` are plain JSON types, else
    TypeError. The same content gives the same bytes.
    """
    own = {"network": facts, "state": _on_cpu(state)}
    own |= {key: facts[key] for key in ("geometry", "mean", "std")}
    _write(path, own, **told)


def save_ensemble(
    path: str | Path,
    parts: Sequence[dict],
    temperature: float,
    **told: Any,
) -> None:
    """Write an ensemble: `parts` as ensemble.flatten gives them, whose sum is divided by `temperature`.

    `told` are the keyword arguments of save_checkpoint. WeightsDontFit where there are more parts or views
    than can be read.
    """
    parts = [
        {key: _on_cpu(part["state"]) if key == "state" else part[key] for key in OF_PART} for part in parts
    ]
    own = {"parts": parts, "temperature": float(temperature)}
    _write(path, own, **told)


def _on_cpu(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in state.items()
    }


def _write(
    path: str | Path,
    own: dict,
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
        **own,
        "classes": CLASSES,
        "threshold": float(threshold),
        "video_threshold": float(threshold if video_threshold is None else video_threshold),
        "preprocessing": preprocessing or {},
        "training": training,
        "dataset": dataset,
        "versions": versions(),
        "metrics": metrics,
    }
    content = _plain(content, "checkpoint")
    check(content, path)
    with new_file(path) as part, open(part, "wb") as file:
        torch.save(content, file)  # given a path, torch would write the file's name into it


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a network's outputs may depend on, where installed."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def _plain(value: object, key: str) -> object:
    """A copy in which equal texts are one object and no two containers are.

    A pickle refers to an object that it has seen by number, so that its bytes tell equal from identical.
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
        return {_plain(_name(name, key), key): _plain(item, f"{key}.{name}") for name, item in value.items()}
    raise TypeError(
        f"{key} is {type(value).__name__}; a checkpoint holds text, numbers, lists, keys and tensors"
    )


def _name(name: object, key: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{key} has the key {name!r}; a checkpoint's keys are text")
    return name


def load_checkpoint(path: str | Path) -> dict:
    """What save_checkpoint wrote, checked in every key; tensors on the CPU. No code in it is run.

    WeightsMissing where there is no file, WeightsDontFit where it is no such checkpoint, with what is wrong.
    """
    path = Path(path)
    if path.is_file() and not zipfile.is_zipfile(path):
        raise WeightsDontFit(f"{path} is no file of torch.save, or it is cut off")
    content = read_file(path)
    check(content, path)
    check_tensors(content, path)
    return content


def read_detector(path: str | Path) -> tuple[Detector | Ensemble, dict]:
    """What a checkpoint's weights make, in evaluation mode on the CPU, and the checkpoint.

    Raises what load_checkpoint does, and WeightsDontFit where the weights are not the network's.
    """
    checkpoint = load_checkpoint(path)
    return detector_of(checkpoint, path), checkpoint


def detector_of(checkpoint: dict, path: str | Path) -> Detector | Ensemble:
    """What a checked checkpoint's weights make, in evaluation mode on the CPU; errors name `path`.

    A Detector, or an Ensemble of them. WeightsDontFit where the weights are not the network's.
    """
    found = []
    for lead, one in networks_in(checkpoint):
        source = f"{path}, {lead.rstrip('.')}" if lead else str(path)
        try:
            found.append(rebuild(one["network"], one["state"], source))
        except WeightsDontFit:
            raise
        except (ValueError, LookupError, TypeError) as error:
            raise WeightsDontFit(f"{source} names a network that can't be made: {error}") from None
    if "parts" not in checkpoint:
        return found[0].eval()
    parts = [
        Part(detector, Geometry(**one["geometry"]), [View(**view) for view in one["views"]], one["weight"])
        for detector, one in zip(found, checkpoint["parts"], strict=True)
    ]
    return Ensemble(parts, checkpoint["temperature"]).eval()
