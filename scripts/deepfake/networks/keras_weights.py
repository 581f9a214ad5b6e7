"""The MesoNet authors' Keras weight files (`.h5`), read into our networks.

In such a file every layer is a group named by Keras, `conv2d_5`, with one group in it that holds the arrays
`kernel:0` and `bias:0`. Keras numbers the layers of a kind as they are made, from whatever number the
authors' session had reached; our networks make theirs in the same order.
"""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from deepfake.networks.errors import WeightsDontFit, WeightsMissing

KINDS: dict[str, type[nn.Module]] = {
    "conv2d": nn.Conv2d,
    "batch_normalization": nn.BatchNorm2d,
    "dense": nn.Linear,
}


def read_h5(path: str | Path, network: nn.Module) -> dict[str, Tensor]:
    """The state_dict for `network`, a Meso4 or MesoInception4, from a Keras weight file; float32 tensors.

    The authors' networks give the probability of real (their classes are df = 0 and real = 1), ours give
    the logit of fake, so the last layer's signs are turned. Raises WeightsMissing where there is no file, and
    WeightsDontFit, naming the layer, where the file doesn't hold this network.

    The file isn't trusted: only arrays of the expected shapes are read, and only what lies in the file.
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsMissing(
            f"there is no weights file {path}: the authors' own lie in the folder weights of "
            "github.com/DariusAf/MesoNet"
        )
    try:
        with h5py.File(path, "r") as file:
            state = dict(_arrays(file, network))
    except WeightsDontFit as error:
        raise WeightsDontFit(f"{path} doesn't fit {_title(network)}: {error}") from None
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:  # what h5py raises
        raise WeightsDontFit(f"{path} can't be read as a Keras weight file (HDF5): {error}") from None
    return {name: torch.from_numpy(np.array(array, order="C")) for name, array in state.items()}


def _title(network: nn.Module) -> str:
    return f"{type(network).__name__} for images of {network.size}×{network.size}"


def _arrays(file: h5py.File, network: nn.Module) -> Iterator[tuple[str, np.ndarray]]:
    """Names and arrays of the network's state_dict."""
    modules = dict(network.named_modules())
    names = list(file)
    matched = {}
    for kind, cls in KINDS.items():
        ours = [name for name, module in modules.items() if isinstance(module, cls)]
        theirs = numbered(names, kind)
        if len(theirs) != len(ours):
            found = f"{len(theirs)}, {theirs[0]} to {theirs[-1]}" if theirs else "none"
            raise WeightsDontFit(f"it needs {len(ours)} layers {kind}, the file has {found}")
        matched |= dict(zip(ours, theirs, strict=True))

    convolutions = [module for module in modules.values() if isinstance(module, nn.Conv2d)]
    dense = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    for name, layer in matched.items():
        module, group = modules[name], _layer_group(file, layer)
        if isinstance(module, nn.Conv2d):
            height_width_in_out = (*module.kernel_size, module.in_channels, module.out_channels)
            kernel = _array(group, "kernel:0", height_width_in_out)
            yield f"{name}.weight", kernel.transpose(3, 2, 0, 1)
            yield f"{name}.bias", _array(group, "bias:0", (module.out_channels,))
        elif isinstance(module, nn.BatchNorm2d):
            width = (module.num_features,)
            yield f"{name}.weight", _array(group, "gamma:0", width)
            yield f"{name}.bias", _array(group, "beta:0", width)
            yield f"{name}.running_mean", _array(group, "moving_mean:0", width)
            variance = _array(group, "moving_variance:0", width)
            if variance.min() < 0:
                raise WeightsDontFit(f"{group.name}/moving_variance:0 holds values below zero")
            yield f"{name}.running_var", variance
            yield f"{name}.num_batches_tracked", np.array(0)
        else:
            kernel = _array(group, "kernel:0", (module.in_features, module.out_features))
            bias = _array(group, "bias:0", (module.out_features,))
            if name == dense[0]:
                kernel = _channels_first(kernel, convolutions[-1].out_channels)
            sign = -1 if name == dense[-1] else 1
            yield f"{name}.weight", sign * kernel.T
            yield f"{name}.bias", sign * bias


def numbered(names: list[str], kind: str) -> list[str]:
    """The Keras layers of one kind in the order of their numbers; `conv2d` comes before `conv2d_1`."""
    pattern = re.compile(rf"{kind}(?:_([0-9]{{1,9}}))?")
    numbers = {name: int(match[1] or 0) for name in names if (match := pattern.fullmatch(name))}
    return sorted(numbers, key=lambda name: (numbers[name], name))


def _channels_first(kernel: np.ndarray, channels: int) -> np.ndarray:
    """A dense kernel (inputs, outputs) whose inputs were flattened as (row, column, channel), for inputs
    flattened as (channel, row, column).
    """
    side = math.isqrt(len(kernel) // channels)
    return kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)


def _layer_group(file: h5py.File, layer: str) -> h5py.Group:
    """The group in the layer's group; Keras may have had to give it another name than the layer's."""
    outer = _member(file, layer, h5py.Group)
    names = list(outer)
    if len(names) != 1:
        raise WeightsDontFit(f"the group {layer} should hold one group of arrays, but holds {len(names)}")
    return _member(outer, names[0], h5py.Group)


def _array(group: h5py.Group, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """An array as float32, once it is known to have `shape` and to lie in the file itself."""
    data = _member(group, name, h5py.Dataset)
    if data.shape != shape:
        raise WeightsDontFit(f"{data.name} has the shape {data.shape}, and {shape} is needed")
    if data.dtype.kind != "f" or data.dtype.itemsize > 8:
        raise WeightsDontFit(f"{data.name} holds {data.dtype}, and float32 is needed")
    if data.is_virtual or data.external:
        raise WeightsDontFit(f"{data.name} lies in another file, which is not read")
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused below
        array = data[...].astype(np.float32)
    if not np.isfinite(array).all():
        raise WeightsDontFit(f"{data.name} holds values that are not finite")
    return array


def _member(group: h5py.Group, name: str, kind: type) -> h5py.Group | h5py.Dataset:
    where = f"{group.name.rstrip('/')}/{name}"
    link = group.get(name, getlink=True)  # `name in group` would open the file that an external link names
    if link is None:
        raise WeightsDontFit(f"{where} is missing")
    if not isinstance(link, h5py.HardLink):
        raise WeightsDontFit(f"{where} is a link to another place, which is not followed")
    member = group[name]
    if not isinstance(member, kind):
        raise WeightsDontFit(f"{where} is not a {kind.__name__.lower()}")
    return member
