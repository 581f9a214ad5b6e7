"""Weights from files, whoever wrote them: read without running code, and laid into a network if they fit."""

import pickle
import re
import struct
import urllib.error
import urllib.request
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import huggingface_hub
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from deepfake.console import log
from deepfake.networks.errors import WeightsDontFit, WeightsMissing

WRAPPERS = ("state", "state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "detector.")
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # GoogLeNet's and Inception's heads for training, not made here
PATIENCE = 5  # seconds until the hub must have answered
NAMED = 5  # keys that an error names
UNREADABLE = (  # what torch's readers raise for files that are not theirs
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    pickle.UnpicklingError,
    struct.error,
)


def read_file(path: str | Path) -> object:
    """What a .safetensors file or one of torch.save holds, on the CPU. Code in a pickle is never run.

    WeightsMissing where there is no file, WeightsDontFit where it can't be read.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsMissing(
            f"there is no weights file {path}; copy it there, or write its path in `weights`"
        )
    if path.suffix.lower() == ".safetensors":
        try:
            return safetensors.torch.load_file(path)
        except (safetensors.SafetensorError, *UNREADABLE) as error:
            raise WeightsDontFit(f"{path} is no safetensors file, or it is damaged: {error}") from None
    if zipfile.is_zipfile(path):
        _check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        if named := re.search(r"GLOBAL (\S+)", str(error)):
            raise WeightsDontFit(
                f"{path} is a pickle that holds more than tensors and plain values ({named[1]}), which is "
                "not loaded because it could run code; save the state_dict alone"
            ) from None
        said = (str(error).splitlines() or [""])[0]
        raise WeightsDontFit(
            f"{path} is no file of torch.save, or it is damaged: {type(error).__name__} {said}"
        ) from None


def _check_archive(path: Path) -> None:
    """torch.save compresses nothing, so what unpacks to more than its size is not from there."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, *UNREADABLE) as error:
        raise WeightsDontFit(f"{path} is a damaged archive: {error}") from None
    if sum(member.file_size for member in members) > path.stat().st_size:
        raise WeightsDontFit(f"{path} unpacks to more than its own size, so torch.save did not write it")


def state_in(content: object, path: str | Path, network: nn.Module) -> dict[str, Tensor]:
    """The state_dict in what a file holds, its keys named as the network's.

    It may be wrapped as training programs do it ("state_dict", "model"), and its keys may have the prefixes
    that DataParallel, torch.compile or a wrapping module give. WeightsDontFit where there is none.
    """
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        raise WeightsDontFit(
            f"{path} is an ensemble, and no weights of one network; name the best.pt of one of its models"
        )
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not content:
        raise WeightsDontFit(f"{path} holds no state_dict")
    odd = [key for key, value in content.items() if not isinstance(key, str) or not isinstance(value, Tensor)]
    if odd:
        raise WeightsDontFit(f"{path} holds no state_dict: {_some(map(str, odd))} is no tensor")
    state = {_legacy(key): value.detach() for key, value in content.items()}
    known = network.state_dict().keys()
    return max(_renamed(state), key=lambda names: len(known & names.keys()))


def _renamed(state: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """`state` as it is, without the prefixes that all keys have, one after the other, and with `model.`."""
    ways = [state, {f"model.{key}": value for key, value in state.items()}]
    while True:
        prefix = next((p for p in PREFIXES if all(key.startswith(p) for key in state)), None)
        if not prefix:
            return ways
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        ways.append(state)


def _legacy(key: str) -> str:
    """DenseNet's published weights say `norm.1` where the network has `norm1`."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", key)


def lay(
    network: nn.Module, state: Mapping[str, Tensor], path: str | Path, head: Collection[str] = ()
) -> None:
    """Copy `state` into `network`.

    `head` names the modules of the last classifier: where these are absent, or of another number of
    classes, they stay as they are, and the log says so. WeightsDontFit for any other key that is missing,
    unknown or of another shape, and for values that are not finite.
    """
    own = network.state_dict()
    state = {key: value for key, value in state.items() if key in own or not key.startswith(AUXILIARY)}
    fresh = {key for name in head for key in _unfit_head(name, own, state)}
    counters = {
        key for key in own if key.endswith("num_batches_tracked")
    }  # absent from files of old versions
    problems = {
        "missing": [key for key in own if key not in state and key not in fresh | counters],
        "unknown": [key for key in state if key not in own],
        "of another shape": [
            f"{key} {_shape(state[key])} instead of {_shape(value)}"
            for key, value in own.items()
            if key in state and key not in fresh and state[key].shape != value.shape
        ],
    }
    if any(problems.values()):
        said = "; ".join(f"{len(keys)} {what}: {_some(keys)}" for what, keys in problems.items() if keys)
        hint = (
            "; image_size may not be that of the weights"
            if "pos" in said and problems["of another shape"]
            else ""
        )
        raise WeightsDontFit(f"{path} doesn't fit the network: {said}{hint}")
    used = {key: state[key] for key in own if key in state and key not in fresh}
    if bad := [key for key, value in used.items() if not _is_finite(value)]:
        raise WeightsDontFit(f"{path} holds values that are not finite: {_some(bad)}")
    if fresh:
        log.info("%s: the head stays new (%s)", path, ", ".join(sorted(fresh)))
    own.update(used)  # the network's own, since it carries the version that loading asks for
    network.load_state_dict(own)


def _unfit_head(name: str, own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    """The keys of the head `name`, if any of it is absent or differs in the number of classes."""
    keys = [key for key in own if key.startswith(f"{name}.")]
    shapes = {key: state[key].shape for key in keys if key in state}
    if any(shapes[key][1:] != own[key].shape[1:] for key in shapes):
        return []  # another network's: an error
    fits = len(shapes) == len(keys) and all(shapes[key] == own[key].shape for key in keys)
    return [] if fits else keys


def _is_finite(value: Tensor) -> bool:
    return not value.is_floating_point() or bool(torch.isfinite(value).all())


def _shape(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "()"


def _some(names: Collection[str]) -> str:
    names = list(names)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def check_hub() -> None:
    """OSError where the hub doesn't answer; the hub's own client would try for most of a minute."""
    request = urllib.request.Request(huggingface_hub.constants.ENDPOINT, method="HEAD")
    with suppress(urllib.error.HTTPError):  # an answer, whatever it says
        urllib.request.urlopen(request, timeout=PATIENCE).close()


def cached_weights(repository: str) -> str | None:
    """The weights file of a repository of the hub that was fetched before."""
    for name in ("model.safetensors", "pytorch_model.bin"):
        found = huggingface_hub.try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return found
    return None
