"""The state_dict of a network in what a file holds: unwrapped, and with its keys named as in the network."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from deepfake.console import log, printable
from deepfake.errors import ModelError

WRAPPERS = (
    "state state_dict model_state_dict model_state model net network module params weights student "
    "state_dict_ema model_ema ema_state_dict ema teacher"
).split()
"""Keys under which training programs save the state_dict; of several in a file the first one here counts."""

MAX_DEPTH = 4  # of wrappers in wrappers, and of prefixes such as `module._orig_mod.model.backbone.`
MAX_PREFIXES = 12  # that are tried, the most frequent ones
MAX_NAMED = 5  # keys that a message names


def find_state_dict(
    content: object, path: str | Path, network: nn.Module, head: Collection[str] = ()
) -> dict[str, Tensor]:
    """Return the state_dict in what the file `path` holds, with its keys named as in `network`.

    It may be wrapped as training programs do it ("state_dict", "model"). Its keys may have the prefix of a
    module around the network, such as those of DataParallel, torch.compile or `backbone`; a warning names
    what the file has outside of that prefix and the network doesn't have. `head` names the network's last
    layers: where the file has none of them but one layer more that fits, that is its head. Raises ModelError
    if there is no state_dict.
    """
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        raise ModelError(
            f"{path} is an ensemble, and no weights of one network; name the best.pt of one of its models"
        )
    state = _unwrap(content, path)
    odd = [key for key, value in state.items() if not isinstance(key, str) or not is_plain(value)]
    if odd:
        raise ModelError(f"{path} holds no state_dict: {_first(odd)} is no plain tensor")
    state = {_current_name(key): value.detach() for key, value in state.items()}
    own = network.state_dict()
    inside, outside = _renamed(state, own)
    state = _with_head(outside | inside, own, head, path)
    if foreign := {key for key in outside if key in state and key not in own}:
        log.warning(
            "%s: weights of modules around the network are left out: %s", path, _first(sorted(foreign))
        )
    return {key: value for key, value in state.items() if key not in foreign}


def is_plain(value: object) -> bool:
    """Return whether `value` is a tensor in memory, neither sparse nor quantised, of real numbers."""
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and value.device.type == "cpu"
        and not value.is_quantized
        and not value.is_complex()
    )


def _unwrap(content: object, path: str | Path) -> Mapping:
    """Return the mapping of tensors in `content`."""
    for _ in range(MAX_DEPTH):
        if not isinstance(content, Mapping) or not content:
            break
        inner = {key: value for key, value in content.items() if isinstance(value, Mapping)}
        named = [key for key in WRAPPERS if key in inner]
        if not named and any(isinstance(value, Tensor) for value in content.values()):
            return content
        named = named or [key for key, value in inner.items() if _has_tensors(value)]
        if len(named) > 1:
            if named[0] not in WRAPPERS:
                raise ModelError(
                    f"{path} holds several state_dicts, {_first(named)}; save the right one alone"
                )
            log.info("%s: the weights are those of %s, and not of %s", path, named[0], _first(named[1:]))
        if not named:
            break
        content = inner[named[0]]
    if isinstance(content, Mapping) and any(isinstance(value, Tensor) for value in content.values()):
        return content
    raise ModelError(f"{path} holds no state_dict")


def _has_tensors(content: Mapping, depth: int = MAX_DEPTH) -> bool:
    """Return whether there are named tensors in a mapping or its inner ones; an optimiser's have numbers."""
    return any(
        isinstance(value, Tensor) or (isinstance(value, Mapping) and depth and _has_tensors(value, depth - 1))
        for key, value in content.items()
        if isinstance(key, str)
    )


def _renamed(
    state: dict[str, Tensor], own: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return `state` with the prefix removed or added with which the most keys fit those of `own`.

    What doesn't have the prefix that was removed comes second, as it is.
    """

    def fitting(candidate: tuple[str, str]) -> tuple[int, int]:
        names = {key: _rename(key, *candidate) for key in state}
        known = [key for key, name in names.items() if name in own]
        return sum(own[names[key]].shape == state[key].shape for key in known), len(known)

    removed = ["", *_prefixes(state, len(own) // 2)]
    added = ["", *_prefixes(own, len(own) // 2)]
    old, new = max(((old, new) for old in removed for new in added), key=fitting)
    inside = {_rename(key, old, new): value for key, value in state.items() if key.startswith(old)}
    return inside, {key: value for key, value in state.items() if not key.startswith(old)}


def _rename(key: str, old: str, new: str) -> str:
    return new + key.removeprefix(old) if key.startswith(old) else key


def _prefixes(keys: Collection[str], least: int) -> list[str]:
    """Return the prefixes, such as `module.`, that at least `least` of the keys have."""
    counts = Counter(prefix for key in keys for prefix in _parents(key))
    return [prefix for prefix, count in counts.most_common(MAX_PREFIXES) if count >= max(least, 1)]


def _parents(key: str) -> Iterator[str]:
    parts = key.split(".")[:-1][:MAX_DEPTH]
    for number in range(1, len(parts) + 1):
        yield ".".join(parts[:number]) + "."


def _with_head(
    state: dict[str, Tensor], own: Mapping[str, Tensor], head: Collection[str], path: str | Path
) -> dict[str, Tensor]:
    """Return `state`, in which a single foreign layer that could be the head of `own` has its name."""
    foreign = [key for key in state if key not in own]
    layers = {key.rpartition(".")[0] for key in foreign}
    if len(head) != 1 or len(layers) != 1 or any(f"{name}.weight" in state for name in head):
        return state
    (name,), (layer,) = head, layers
    found = {f"{name}.{key.rpartition('.')[2]}": state[key] for key in foreign}
    expected = {key: own[key] for key in own if key.rpartition(".")[0] == name}
    if found.keys() != expected.keys() or any(found[k].shape[1:] != expected[k].shape[1:] for k in found):
        return state
    log.info("%s: %s is taken for the head, %s", path, printable(layer), name)
    return {key: value for key, value in state.items() if key in own} | found


def _current_name(key: str) -> str:
    """DenseNet's published weights say `norm.1` where the network has `norm1`."""
    return re.sub(r"(denselayer\d+\.(?:norm|conv))\.([12])\.", r"\1\2.", key)


def _first(names: Collection[object]) -> str:
    names = [printable(str(name)) for name in names]
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
