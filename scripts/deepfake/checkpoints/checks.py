"""What best.pt must hold, checked key by key: it may come from anywhere."""

import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from deepfake.checkpoints.metadata import KEYS, MOST_PARTS, is_geometry, shared_problems
from deepfake.networks.errors import WeightsDontFit
from deepfake.networks.views import is_view

MOST_VIEWS = 256  # of each part of an ensemble
OF_ONE = {"network": dict, "state": dict, "geometry": dict, "mean": list, "std": list}
"""Of a checkpoint of one network, beside KEYS; and of each part of an ensemble's."""
OF_SEVERAL = {"parts": list, "temperature": float}
"""Of an ensemble's checkpoint, beside KEYS."""
OF_PART = {**OF_ONE, "views": list, "weight": float}


def check(content: object, path: str | Path) -> None:
    """WeightsDontFit, naming the key, unless `content` is a checkpoint's."""
    if not isinstance(content, dict):
        raise WeightsDontFit(f"{path} holds {type(content).__name__}, not a checkpoint of this workflow")
    own = OF_SEVERAL if "parts" in content else OF_ONE
    if missing := [key for key in [*KEYS, *own] if key not in content]:
        raise WeightsDontFit(
            f"{path} is no checkpoint of this workflow: {', '.join(missing)} missing. For weights alone, "
            "write its path as models.<model>.weights"
        )
    if problem := next(_problems(content, own), None):
        raise WeightsDontFit(f"{path}: {problem}")


def check_tensors(content: dict, path: Path) -> None:
    """WeightsDontFit where a checked checkpoint's tensors hold more than its file, or what isn't finite."""
    states = [(lead, part["state"]) for lead, part in networks_in(content)]
    size = sum(value.numel() * value.element_size() for _, state in states for value in state.values())
    if size > path.stat().st_size:
        raise WeightsDontFit(f"{path}: its tensors unfold to {size} bytes, more than the file has")
    for lead, state in states:
        for key, value in state.items():
            if value.is_floating_point() and not torch.isfinite(value).all():
                raise WeightsDontFit(f"{path}: {lead}state.{key} holds values that are not finite")


def networks_in(content: dict) -> list[tuple[str, dict]]:
    """What holds the keys OF_ONE, for each network of a checkpoint, led by what its keys are called after."""
    if "parts" not in content:
        return [("", content)]
    return [(f"parts.{number}.", part) for number, part in enumerate(content["parts"])]


def _problems(content: dict, own: dict) -> Iterator[str]:
    """What is wrong; each is only looked for once what comes before it is right."""
    yield from _wrong_types(content, {**KEYS, **own})
    yield from shared_problems(content)
    if "parts" not in content:
        yield from _wrong_network(content, "")
        return
    if not _is_positive(content["temperature"]):
        yield f"temperature is {content['temperature']}, not a finite number above 0"
    if not 1 <= len(content["parts"]) <= MOST_PARTS:
        yield f"it has {len(content['parts'])} parts; an ensemble has 1 to {MOST_PARTS}"
    for number, part in enumerate(content["parts"]):
        yield from _wrong_part(part, f"parts.{number}")


def _wrong_part(part: object, name: str) -> Iterator[str]:
    if not isinstance(part, dict):
        yield f"{name} is {type(part).__name__}, and dict is needed"
    if missing := [key for key in OF_PART if key not in part]:
        yield f"{name} has no {', '.join(missing)}"
    yield from _wrong_types(part, OF_PART, f"{name}.")
    if not math.isfinite(part["weight"]):
        yield f"{name}.weight is {part['weight']}, which is not finite"
    if not 1 <= len(part["views"]) <= MOST_VIEWS:
        yield f"{name} has {len(part['views'])} views; a part has 1 to {MOST_VIEWS}"
    for place, view in enumerate(part["views"]):
        if not is_view(view):
            yield f"{name}.views.{place} is {view}, no square inside the image"
    yield from _wrong_network(part, f"{name}.")


def _wrong_types(content: dict, keys: dict, lead: str = "") -> Iterator[str]:
    for key, kind in keys.items():
        if type(content[key]) is not kind:
            yield f"{lead}{key} is {type(content[key]).__name__}, and {kind.__name__} is needed"


def _wrong_network(content: dict, lead: str) -> Iterator[str]:
    facts, geometry = content["network"], content["geometry"]
    if not _are_numbers(content["mean"], -math.inf):
        yield f"{lead}mean is not three finite numbers"
    if not _are_numbers(content["std"], 0.0):
        yield f"{lead}std is not three numbers above 0"
    if not is_geometry(geometry):
        yield f"{lead}geometry is {geometry}, which is none"
    if not isinstance(facts.get("arch"), str):
        yield f"{lead}network.arch is no text"
    if any(facts.get(key) != content[key] for key in ("geometry", "mean", "std")):
        yield f"{lead}geometry, mean and std differ from the network's"
    if facts.get("fake") not in (0, 1):
        yield f"{lead}network.fake is {facts.get('fake')}, neither 0 nor 1"
    if not content["state"]:
        yield f"{lead}state is empty"
    for key, value in content["state"].items():
        if not isinstance(key, str) or not _is_dense(value):
            yield f"{lead}state.{key} is no plain tensor"


def _are_numbers(values: list, above: float) -> bool:
    return len(values) == 3 and all(type(v) is float and math.isfinite(v) and v > above for v in values)


def _is_positive(value: float) -> bool:
    return math.isfinite(value) and value > 0


def _is_dense(value: object) -> bool:
    return (
        type(value) is Tensor
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
    )
