"""Weights from files, whoever wrote them: read without running code, and loaded if they fit the network."""

import math
import pickle
import re
import struct
import zipfile
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from deepfake.console import log
from deepfake.corpora.archives import SourceError, open_zip
from deepfake.errors import ModelError
from deepfake.networks.limits import MODEL_LIMITS, check_file_sizes

AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")  # GoogLeNet's and Inception's heads for training, not made here
MAX_NAMED = 5  # keys that an error names
MAX_RECORDS = 200_000  # of torch.save; an ensemble of 64 large transformers has 40,000
MAX_PICKLE = 16 << 20  # bytes of the pickle in it, which names the tensors; that ensemble's has 8 million
MAX_HEADER = 16 << 20  # bytes of a safetensors file's header, likewise
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


def read_weights_file(path: str | Path, limits: dict | None = None) -> object:
    """Return what a .safetensors file or one of torch.save holds, on the CPU. Code in a pickle is never run.

    Tensors of torch.save are parts of the file, read when they are used. Raises ModelError if there is no
    file, it can't be read, or it is over `limits.model_gb` (default: MODEL_LIMITS).
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no weights file {path}; copy it there, or write its path in `weights`")
    check_file_sizes([path], path, MODEL_LIMITS | (limits or {}))
    if path.suffix.lower() == ".safetensors":
        check_header(path)
        try:
            return safetensors.torch.load_file(path)
        except (safetensors.SafetensorError, *UNREADABLE) as error:
            raise ModelError(f"{path} is no safetensors file, or it is damaged: {error}") from None
    is_archive = zipfile.is_zipfile(path)
    if is_archive:
        check_archive(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=is_archive)
    except UNREADABLE as error:
        raise ModelError(f"{path} {unreadable_pickle(error)}") from None


def unreadable_pickle(error: Exception) -> str:
    """Return why torch.load refused a file, to follow its name."""
    if named := re.search(r"GLOBAL (\S+)", str(error)):
        return (
            f"is a pickle that holds more than tensors and plain values ({named[1]}), which is "
            "not loaded because it could run code; save the state_dict alone"
        )
    reason = (str(error).splitlines() or [""])[0]
    return f"is no file of torch.save, or it is damaged: {type(error).__name__} {reason}"


def check_archive(path: Path) -> None:
    """Raise ModelError unless the zip `path` is as torch.save writes it: uncompressed, its pickle short."""
    try:
        with open_zip(path, {"members": MAX_RECORDS, "total_gb": math.inf}) as archive:
            entries = archive.infolist()
    except SourceError as error:
        raise ModelError(f"{path} is no file of torch.save, or it is damaged: {error}") from None
    if any(entry.filename.endswith("/constants.pkl") for entry in entries):
        raise ModelError(
            f"{path} is a TorchScript archive, which holds code; save the state_dict of the model alone"
        )
    if sum(entry.file_size for entry in entries) > path.stat().st_size or any(
        entry.compress_type != zipfile.ZIP_STORED for entry in entries
    ):
        raise ModelError(
            f"{path} is compressed or unpacks to more than its own size, so torch.save did not write it"
        )
    pickled = sum(entry.file_size for entry in entries if entry.filename.endswith(".pkl"))
    if pickled > MAX_PICKLE:
        raise ModelError(f"{path} has a pickle of {pickled:,} bytes, and at most {MAX_PICKLE:,} are read")


def check_header(path: Path) -> None:
    """Raise ModelError if the header of the safetensors file `path` is too long for one of a model."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if MAX_HEADER < length <= path.stat().st_size:  # the library says what is wrong with a longer one
        raise ModelError(f"{path} has a header of {length:,} bytes, and at most {MAX_HEADER:,} are read")


def load_weights(
    network: nn.Module, state: Mapping[str, Tensor], path: str | Path, head: Collection[str] = ()
) -> list[str]:
    """Copy `state`, which comes from `path`, into `network`; return the names of the parameters that stay.

    `head` names the modules of the last classifier: where these are absent, or of another number of classes,
    the network's stay as they are, and the log says so. Raises ModelError for any other key that is missing,
    unknown or of another shape, and for values that are not finite.
    """
    own = network.state_dict()
    state = _without_auxiliary(state, own)
    new_head = {key for name in head for key in _unfit_head(name, own, state)}
    _check_keys(own, state, new_head, path)
    used = {key: state[key] for key in own if key in state and key not in new_head}
    _check_finite(used, path)
    if new_head:
        log.info("%s: the head is new (%s)", path, ", ".join(sorted(new_head)))
    own.update(used)  # the network's own dict, since it carries the version that loading asks for
    network.load_state_dict(own)
    return sorted(new_head)


def assign_weights(network: nn.Module, state: Mapping[str, Tensor], path: str | Path) -> bool:
    """Give `network`, which is on the device "meta", copies of all of `state`, which comes from `path`.

    Returns whether the network can be used then: not where it has other tensors of its own, which are on
    "meta" still. Raises ModelError as `load_weights`.
    """
    own = network.state_dict()
    state = _without_auxiliary(state, own)
    check_fit(own, state, path)
    used = {
        key: state[key].detach().to(value.dtype, copy=True, memory_format=torch.contiguous_format)
        for key, value in own.items()
        if key in state
    }
    _check_finite(used, path)
    network.load_state_dict(used, strict=False, assign=True)
    return not any(_is_on_meta(value) for module in network.modules() for value in _tensors_of(module))


def check_fit(own: Mapping[str, Tensor], state: Mapping[str, Tensor], path: str | Path) -> None:
    """Raise ModelError unless `state`, which comes from `path`, has the names and shapes of `own`."""
    _check_keys(own, _without_auxiliary(state, own), set(), path)


def _without_auxiliary(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key in own or not key.startswith(AUXILIARY)}


def _tensors_of(module: nn.Module) -> Iterator[object]:
    """Yield the parameters and buffers of a module, and what it holds in plain attributes."""
    for value in (module._parameters, module._buffers, vars(module)):
        for item in value.values():
            yield from item if isinstance(item, list | tuple) else [item]


def _is_on_meta(value: object) -> bool:
    return isinstance(value, Tensor) and value.is_meta


def _check_finite(used: Mapping[str, Tensor], path: str | Path) -> None:
    infinite = [
        key for key, value in used.items() if value.is_floating_point() and not torch.isfinite(value).all()
    ]
    if infinite:
        raise ModelError(f"{path} holds values that are not finite: {_first(infinite)}")


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
