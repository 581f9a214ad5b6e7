"""Read the MesoNet authors' Keras weight files (`.h5`) as state_dicts of Meso4 and MesoInception4.

In such a file every layer is a group named by Keras, `conv2d_5`, with one group in it that holds the arrays
`kernel:0` and `bias:0`. Keras numbers the layers of a kind in the order in which they are made, from whatever
number the authors' session had reached; the networks here make theirs in the same order.
"""

import math
import re
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor, nn

from deepfake.errors import ModelError

KINDS: dict[str, type[nn.Module]] = {
    "conv2d": nn.Conv2d,
    "batch_normalization": nn.BatchNorm2d,
    "dense": nn.Linear,
}


SMALL_CHUNK = 1 << 20  # bytes
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}


def read_keras_weights(path: str | Path, network: nn.Module) -> dict[str, Tensor]:
    """Return the state_dict for `network`, a Meso4 or MesoInception4, as float32 tensors.

    The authors' networks give the probability of real (their classes are df = 0 and real = 1), and the
    networks here the logit of fake, so the signs of the last layer are reversed. Raises ModelError if
    there is no file, and where it doesn't hold this network, with the layer's name.

    The file isn't trusted: only arrays of the expected shapes are read, and only those in the file itself.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(
            f"there is no weights file {path}: the authors' own lie in the folder weights of "
            "github.com/DariusAf/MesoNet"
        )
    try:
        with h5py.File(path, "r") as file:
            state = dict(_arrays(file, network))
    except ModelError as error:
        raise ModelError(f"{path} doesn't fit {_title(network)}: {error}") from None
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:  # what h5py raises
        raise ModelError(f"{path} can't be read as a Keras weight file (HDF5): {error}") from None
    return {name: torch.from_numpy(np.array(array, order="C")) for name, array in state.items()}


def _title(network: nn.Module) -> str:
    return f"{type(network).__name__} for images of {network.size}×{network.size}"


def _arrays(file: h5py.File, network: nn.Module) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the names and arrays of the network's state_dict."""
    modules = dict(network.named_modules())
    convolutions = [module for module in modules.values() if isinstance(module, nn.Conv2d)]
    dense = [name for name, module in modules.items() if isinstance(module, nn.Linear)]
    for name, layer in _matched_layers(list(file), modules):
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
                raise ModelError(f"{group.name}/moving_variance:0 holds values below zero")
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


def _matched_layers(keras_names: list[str], modules: dict[str, nn.Module]) -> Iterator[tuple[str, str]]:
    """Yield the name of each module with weights, and that of the Keras layer that holds them."""
    for kind, module_class in KINDS.items():
        names = [name for name, module in modules.items() if isinstance(module, module_class)]
        layers = numbered(keras_names, kind)
        if len(layers) != len(names):
            found = f"{len(layers)}, {layers[0]} to {layers[-1]}" if layers else "none"
            raise ModelError(f"it needs {len(names)} layers {kind}, the file has {found}")
        yield from zip(names, layers, strict=True)


def numbered(names: list[str], kind: str) -> list[str]:
    """Return the Keras layers of one kind, ordered by their numbers; `conv2d` comes before `conv2d_1`."""
    pattern = re.compile(rf"{kind}(?:_([0-9]{{1,9}}))?")
    numbers = {name: int(match[1] or 0) for name in names if (match := pattern.fullmatch(name))}
    return sorted(numbers, key=lambda name: (numbers[name], name))


def _channels_first(kernel: np.ndarray, channels: int) -> np.ndarray:
    """Reorder a dense kernel (inputs, outputs): its inputs were flattened as (row, column, channel), and are
    flattened here as (channel, row, column).
    """
    side = math.isqrt(len(kernel) // channels)
    return kernel.reshape(side, side, channels, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)


def _layer_group(file: h5py.File, layer: str) -> h5py.Group:
    """Return the group in the layer's group; its name may differ from the layer's."""
    outer = _entry(file, layer, h5py.Group)
    names = list(outer)
    if len(names) != 1:
        raise ModelError(f"the group {layer} should hold one group of arrays, but holds {len(names)}")
    return _entry(outer, names[0], h5py.Group)


def _array(group: h5py.Group, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array as float32, once it is known to have `shape` and to lie in the file itself."""
    data = _entry(group, name, h5py.Dataset)
    if data.shape != shape:
        raise ModelError(f"{data.name} has the shape {data.shape}, and {shape} is needed")
    if data.dtype.kind != "f" or data.dtype.itemsize > 8:
        raise ModelError(f"{data.name} holds {data.dtype}, and float32 is needed")
    if data.is_virtual or data.external:
        raise ModelError(f"{data.name} lies in another file, which is not read")
    if data.chunks:
        _check_chunks(data)
    with np.errstate(over="ignore"):  # too large for float32 becomes infinite, and is refused below
        array = data[...].astype(np.float32)
    if not np.isfinite(array).all():
        raise ModelError(f"{data.name} holds values that are not finite")
    return array


def _check_chunks(data: h5py.Dataset) -> None:
    """Raise ModelError if reading an array that is stored in chunks takes more memory than the array itself.

    HDF5 takes memory for whole chunks, which may be larger than the array, and for all that a compressed
    chunk unpacks to.
    """
    size = math.prod(data.chunks) * data.dtype.itemsize
    if size > max(data.nbytes, SMALL_CHUNK):
        raise ModelError(f"{data.name} is stored in chunks of {size:,} bytes, and has {data.nbytes:,}")
    properties = data.id.get_create_plist()
    filters = [properties.get_filter(number)[0] for number in range(properties.get_nfilters())]
    if not FILTERS.issuperset(filters) or len(set(filters)) < len(filters):
        raise ModelError(f"{data.name} is compressed, and not just by gzip; write it without")
    count = math.prod(-(-side // chunk) for side, chunk in zip(data.shape, data.chunks, strict=True))
    if data.id.get_num_chunks() > count:
        raise ModelError(f"{data.name} has more chunks than its shape needs")
    if h5py.h5z.FILTER_DEFLATE not in filters:
        return
    for number in range(data.id.get_num_chunks()):
        packed = data.id.read_direct_chunk(data.id.get_chunk_info(number).chunk_offset)[1]
        with suppress(zlib.error):  # HDF5 will say so
            if len(zlib.decompressobj().decompress(packed, size + 1)) > size:
                raise ModelError(f"{data.name} has a chunk that unpacks to more than {size:,} bytes")


def _entry(group: h5py.Group, name: str, kind: type) -> h5py.Group | h5py.Dataset:
    """Return a group or an array of `group` that is no link to another place."""
    where = f"{group.name.rstrip('/')}/{name}"
    link = group.get(name, getlink=True)  # `name in group` would open the file that an external link names
    if link is None:
        raise ModelError(f"{where} is missing")
    if not isinstance(link, h5py.HardLink):
        raise ModelError(f"{where} is a link to another place, which is not followed")
    entry = group[name]
    if not isinstance(entry, kind):
        raise ModelError(f"{where} is not a {kind.__name__.lower()}")
    return entry
