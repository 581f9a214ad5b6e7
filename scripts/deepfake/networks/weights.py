"""Weights from files, whoever wrote them: read without running code, and loaded if they fit the network."""

import pickle
import re
import struct
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from deepfake.console import log
from deepfake.networks.errors import ModelError

WRAPPERS = ("state", "state_dict", "model_state_dict", "model")
PREFIXES = ("module.", "_orig_mod.", "model.", "network.", "detector.")
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # GoogLeNet's and Inception's heads for training, not made here
MAX_NAMED = 5  # keys that an error names
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


def read_weights_file(path: str | Path) -> object:
    """Return what a .safetensors file or one of torch.save holds, on the CPU. Code in a pickle is never run.

    Raises ModelError if there is no file or it can't be read.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no weights file {path}; copy it there, or write its path in `weights`")
    if path.suffix.lower() == ".safetensors":
        try:
            return safetensors.torch.load_file(path)
        except (safetensors.SafetensorError, *UNREADABLE) as error:
            raise ModelError(f"{path} is no safetensors file, or it is damaged: {error}") from None
    if zipfile.is_zipfile(path):
        _check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except UNREADABLE as error:
        if named := re.search(r"GLOBAL (\S+)", str(error)):
            raise ModelError(
                f"{path} is a pickle that holds more than tensors and plain values ({named[1]}), which is "
                "not loaded because it could run code; save the state_dict alone"
            ) from None
        reason = (str(error).splitlines() or [""])[0]
        raise ModelError(
            f"{path} is no file of torch.save, or it is damaged: {type(error).__name__} {reason}"
        ) from None


def _check_archive(path: Path) -> None:
    """torch.save compresses nothing, so a file that unpacks to more than its size was not written by it."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, *UNREADABLE) as error:
        raise ModelError(f"{path} is a damaged archive: {error}") from None
    if sum(entry.file_size for entry in entries) > path.stat().st_size:
        raise ModelError(f"{path} unpacks to more than its own size, so torch.save did not write it")


def find_state_dict(content: object, path: str | Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the state_dict in what a file holds, with its keys named as in `network`.

    It may be wrapped as training programs do it ("state_dict", "model"), and its keys may have the prefixes
    of DataParallel, torch.compile or a wrapping module. Raises ModelError if there is none.
    """
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        raise ModelError(
            f"{path} is an ensemble, and no weights of one network; name the best.pt of one of its models"
        )
    for name in WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(name), Mapping):
            content = content[name]
            break
    if not isinstance(content, Mapping) or not content:
        raise ModelError(f"{path} holds no state_dict")
    odd = [key for key, value in content.items() if not isinstance(key, str) or not isinstance(value, Tensor)]
    if odd:
        raise ModelError(f"{path} holds no state_dict: {_first(map(str, odd))} is no tensor")
    state = {_current_name(key): value.detach() for key, value in content.items()}
    known = network.state_dict().keys()
    return max(_renamed(state), key=lambda candidate: len(known & candidate.keys()))


def _renamed(state: dict[str, Tensor]) -> list[dict[str, Tensor]]:
    """Return `state`, the same with `model.` before all keys, and without each prefix that all keys have."""
    candidates = [state, {f"model.{key}": value for key, value in state.items()}]
    while True:
        prefix = next((p for p in PREFIXES if all(key.startswith(p) for key in state)), None)
        if not prefix:
            return candidates
        state = {key.removeprefix(prefix): value for key, value in state.items()}
        candidates.append(state)


def _current_name(key: str) -> str:
    """DenseNet's published weights say `norm.1` where the network has `norm1`."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", key)


def load_weights(
    network: nn.Module, state: Mapping[str, Tensor], path: str | Path, head: Collection[str] = ()
) -> list[str]:
    """Copy `state`, which comes from `path`, into `network`; return the names of the parameters that stay.

    `head` names the modules of the last classifier: where these are absent, or of another number of classes,
    the network's stay as they are, and the log says so. Raises ModelError for any other key that is missing,
    unknown or of another shape, and for values that are not finite.
    """
    own = network.state_dict()
    state = {key: value for key, value in state.items() if key in own or not key.startswith(AUXILIARY)}
    new_head = {key for name in head for key in _unfit_head(name, own, state)}
    _check_keys(own, state, new_head, path)
    used = {key: state[key] for key in own if key in state and key not in new_head}
    infinite = [
        key for key, value in used.items() if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if infinite:
        raise ModelError(f"{path} holds values that are not finite: {_first(infinite)}")
    if new_head:
        log.info("%s: the head is new (%s)", path, ", ".join(sorted(new_head)))
    own.update(used)  # the network's own dict, since it carries the version that loading asks for
    network.load_state_dict(own)
    return sorted(new_head)


def _check_keys(
    own: Mapping[str, Tensor], state: Mapping[str, Tensor], new_head: set[str], path: str | Path
) -> None:
    counters = {key for key in own if key.endswith("num_batches_tracked")}  # absent from old files
    problems = {
        "missing": [key for key in own if key not in state and key not in new_head | counters],
        "unknown": [key for key in state if key not in own],
        "of another shape": [
            f"{key} {_shape(state[key])} instead of {_shape(value)}"
            for key, value in own.items()
            if key in state and key not in new_head and state[key].shape != value.shape
        ],
    }
    if not any(problems.values()):
        return
    listed = "; ".join(f"{len(keys)} {what}: {_first(keys)}" for what, keys in problems.items() if keys)
    size_differs = "pos" in listed and problems["of another shape"]  # a position embedding
    hint = "; image_size may not be that of the weights" if size_differs else ""
    raise ModelError(f"{path} doesn't fit the network: {listed}{hint}")


def _unfit_head(name: str, own: Mapping[str, Tensor], state: Mapping[str, Tensor]) -> list[str]:
    """Return the keys of the head `name`, if any of it is absent or has another number of classes."""
    keys = [key for key in own if key.startswith(f"{name}.")]
    shapes = {key: state[key].shape for key in keys if key in state}
    if any(shapes[key][1:] != own[key].shape[1:] for key in shapes):
        return []  # another network's: an error
    fits = len(shapes) == len(keys) and all(shapes[key] == own[key].shape for key in keys)
    return [] if fits else keys


def _shape(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "()"


def _first(names: Collection[str]) -> str:
    names = list(names)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
