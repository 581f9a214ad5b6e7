"""best.pt: a trained detector in one file, with what is needed to use it and to know where it comes from."""

import math
import sys
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path

import torch
from torch import Tensor

from deepfake.atomic import new_file
from deepfake.datasets.geometry import RESAMPLE
from deepfake.models.detector import Detector
from deepfake.models.errors import WeightsDontFit
from deepfake.models.networks import rebuild
from deepfake.models.weights import read_file

FORMAT = 2
CLASSES = ["real", "fake"]  # by label
PACKAGES = "torch torchvision timm transformers lightning numpy pillow".split()
LARGEST = 8192  # pixels; no network takes more
KEYS = {
    "format": int,
    "network": dict,
    "state": dict,
    "geometry": dict,
    "mean": list,
    "std": list,
    "classes": list,
    "threshold": float,
    "video_threshold": float,
    "preprocessing": dict,
    "training": dict,
    "dataset": dict,
    "versions": dict,
    "metrics": dict,
}


def save_checkpoint(
    path: str | Path,
    facts: dict,
    state: Mapping[str, Tensor],
    *,
    threshold: float,
    training: dict,
    dataset: dict,
    metrics: dict,
    video_threshold: float | None = None,
    preprocessing: dict | None = None,
) -> None:
    """Write a detector: `facts` of Built, `state` of its network (state_dict of `detector.network`).

    `threshold` is the probability from which an image is called fake, `video_threshold` that from which a
    video is, by the mean over its images (the same one where it isn't given); `training` the settings it was
    trained with; `dataset` its `name`, `sha256` and whatever else; `preprocessing` how its images were made
    (train.preprocessing); `metrics` what it reached on val. All but `state` are plain JSON types, else
    TypeError. The same content gives the same bytes.
    """
    content = {
        "format": FORMAT,
        "network": facts,
        "state": {
            key: value.detach().cpu().clone(memory_format=torch.contiguous_format)
            for key, value in state.items()
        },
        "geometry": facts["geometry"],
        "mean": facts["mean"],
        "std": facts["std"],
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
    size = sum(value.numel() * value.element_size() for value in content["state"].values())
    if size > path.stat().st_size:
        raise WeightsDontFit(f"{path}: its tensors unfold to {size} bytes, more than the file has")
    for key, value in content["state"].items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise WeightsDontFit(f"{path}: state.{key} holds values that are not finite")
    return content


def read_detector(path: str | Path) -> tuple[Detector, dict]:
    """The detector of a checkpoint, in evaluation mode on the CPU, and the checkpoint.

    Raises what load_checkpoint does, and WeightsDontFit where the weights are not the network's.
    """
    checkpoint = load_checkpoint(path)
    try:
        detector = rebuild(checkpoint["network"], checkpoint["state"], str(path))
    except WeightsDontFit:
        raise
    except (ValueError, LookupError, TypeError) as error:
        raise WeightsDontFit(f"{path} names a network that can't be made: {error}") from None
    return detector.eval(), checkpoint


def check(content: object, path: str | Path) -> None:
    """WeightsDontFit, naming the key, unless `content` is a checkpoint's."""
    if not isinstance(content, dict):
        raise WeightsDontFit(f"{path} holds {type(content).__name__}, not a checkpoint of this workflow")
    if missing := [key for key in KEYS if key not in content]:
        raise WeightsDontFit(
            f"{path} is no checkpoint of this workflow: {', '.join(missing)} missing. For weights alone, "
            "write its path as models.<model>.weights"
        )
    for key, kind in KEYS.items():
        if type(content[key]) is not kind:
            raise WeightsDontFit(
                f"{path}: {key} is {type(content[key]).__name__}, and {kind.__name__} is needed"
            )
    facts, geometry = content["network"], content["geometry"]
    for problem in (
        content["format"] != FORMAT and f"its format is {content['format']}, and {FORMAT} is known",
        content["classes"] != CLASSES and f"classes are {content['classes']}, and {CLASSES} are needed",
        *(
            not 0 <= content[key] <= 1 and f"{key} is {content[key]}, not from 0 to 1"
            for key in ("threshold", "video_threshold")
        ),
        not _are_numbers(content["mean"], -math.inf) and "mean is not three finite numbers",
        not _are_numbers(content["std"], 0.0) and "std is not three numbers above 0",
        not _is_geometry(geometry) and f"geometry is {geometry}, which is none",
        not isinstance(facts.get("arch"), str) and "network.arch is no text",
        any(facts.get(key) != content[key] for key in ("geometry", "mean", "std"))
        and "geometry, mean and std differ from the network's",
        facts.get("fake") not in (0, 1) and f"network.fake is {facts.get('fake')}, neither 0 nor 1",
        any(not isinstance(content["dataset"].get(key), str) for key in ("name", "sha256"))
        and "dataset has no name or no sha256",
        not content["state"] and "state is empty",
    ):
        if problem:
            raise WeightsDontFit(f"{path}: {problem}")
    for key, value in content["state"].items():
        if not isinstance(key, str) or not _is_dense(value):
            raise WeightsDontFit(f"{path}: state.{key} is no plain tensor")


def _are_numbers(values: list, above: float) -> bool:
    return len(values) == 3 and all(type(v) is float and math.isfinite(v) and v > above for v in values)


def _is_geometry(geometry: dict) -> bool:
    size, resize = geometry.get("size"), geometry.get("resize")
    return (
        type(size) is int
        and type(resize) is int
        and 1 <= size <= resize <= LARGEST
        and geometry.get("resample") in RESAMPLE
    )


def _is_dense(value: object) -> bool:
    return (
        type(value) is Tensor
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )
