"""Random Keras weight files of MesoNet, and the authors' network of any such file computed in numpy.

The numpy network shares no code with the library: it is channels last, pads by itself, and takes the arrays
from the file by the names that Keras lists in it.
"""

from pathlib import Path

import h5py
import numpy as np

# Shapes of Keras's kernels in the order in which the layers are made, and channels of
# the normalisations.
MESO4_KERNELS = [(3, 3, 3, 8), (5, 5, 8, 8), (5, 5, 8, 16), (5, 5, 16, 16)]
INCEPTION_KERNELS = [
    *[(1, 1, 3, 1), (1, 1, 3, 4), (3, 3, 4, 4), (1, 1, 3, 4), (3, 3, 4, 4), (1, 1, 3, 2), (3, 3, 2, 2)],
    *[(1, 1, 11, 2), (1, 1, 11, 4), (3, 3, 4, 4), (1, 1, 11, 4), (3, 3, 4, 4), (1, 1, 11, 2), (3, 3, 2, 2)],
    *[(5, 5, 12, 16), (5, 5, 16, 16)],
]
LAYERS = {
    "meso4": (MESO4_KERNELS, [8, 8, 16, 16]),
    "mesoinception4": (INCEPTION_KERNELS, [11, 12, 16, 16]),
}


def write_weights(path: Path, name: str, first: int = 1, cells: int = 64, seed: int = 0) -> Path:
    """Write a file as Keras does, of random weights; the layers of each kind are numbered from `first`."""
    rng = np.random.default_rng(seed)
    kernels, widths = LAYERS[name]
    with h5py.File(path, "w") as file:
        names = []

        def add(kind: str, number: int, **arrays: np.ndarray) -> None:
            layer = f"{kind}_{first + number}"
            names.append(layer)
            group = file.create_group(layer)
            for key, array in arrays.items():
                group[f"{layer}/{key}:0"] = array.astype(np.float32)
            group.attrs["weight_names"] = np.array([f"{layer}/{key}:0" for key in arrays], "S")

        for number, shape in enumerate([*kernels, (cells * 16, 16), (16, 1)]):
            kind = "conv2d" if len(shape) == 4 else "dense"
            gain = 0.2 if shape[-1] == 1 and kind == "dense" else 2  # so that logits are of the order of 1
            kernel = rng.normal(0, gain / np.sqrt(np.prod(shape[:-1])), shape)
            bias = rng.normal(0, 0.3, shape[-1])
            add(kind, number if kind == "conv2d" else number - len(kernels), kernel=kernel, bias=bias)
        for number, width in enumerate(widths):
            normal, variance = rng.normal(0, 1, (3, width)), rng.uniform(0.01, 1, width)
            add(
                "batch_normalization",
                number,
                gamma=normal[0],  # of both signs, so that the order of pooling and normalisation matters
                beta=normal[1],
                moving_mean=normal[2],
                moving_variance=variance,
            )
        file.attrs["layer_names"] = np.array(names, "S")
    return path


def original(path: Path, name: str, images: np.ndarray) -> np.ndarray:
    """Return the logits of the authors' network, float64 (N,), for images (N, H, W, 3)."""
    weights = keras_order(path)
    convolutions, norms, dense = (iter(weights[kind]) for kind in ("conv2d", "batch_normalization", "dense"))
    x = images.astype(np.float64)
    for block, pool in enumerate((2, 2, 2, 4)):
        if name == "mesoinception4" and block < 2:
            parts = [relu(convolve(x, *next(convolutions)))]
            for dilation in (1, 2, 3):
                part = relu(convolve(x, *next(convolutions)))
                parts.append(relu(convolve(part, *next(convolutions), dilation)))
            x = np.concatenate(parts, axis=-1)
        else:
            x = relu(convolve(x, *next(convolutions)))
        gamma, beta, mean, variance = next(norms)
        x = same_pool((x - mean) / np.sqrt(variance + 1e-3) * gamma + beta, pool)
    (kernel1, bias1), (kernel2, bias2) = dense
    hidden = x.reshape(len(x), -1) @ kernel1 + bias1
    return (np.where(hidden > 0, hidden, 0.1 * hidden) @ kernel2 + bias2)[:, 0]


def keras_order(path: Path) -> dict[str, list[list[np.ndarray]]]:
    """Return the arrays of each kind of layer, layers by number, arrays in the order of the file."""
    kinds: dict[str, list] = {"conv2d": [], "batch_normalization": [], "dense": []}
    with h5py.File(path) as file:
        layers = [layer.decode() for layer in file.attrs["layer_names"]]
        for layer in sorted(layers, key=lambda layer: int(layer.rpartition("_")[2])):
            kind = layer.rpartition("_")[0]
            if kind in kinds:
                group = file[layer]
                kinds[kind].append([group[w][()].astype(np.float64) for w in group.attrs["weight_names"]])
    return kinds


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def convolve(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, dilation: int = 1) -> np.ndarray:
    """Convolve with stride 1 and zero padding that keeps height and width: one matrix product per tap."""
    height, width = x.shape[1:3]
    edge = dilation * (len(kernel) - 1) // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    out = np.zeros((*x.shape[:3], kernel.shape[3])) + bias
    for i in range(kernel.shape[0]):
        for j in range(kernel.shape[1]):
            top, left = i * dilation, j * dilation
            out += padded[:, top : top + height, left : left + width] @ kernel[i, j]
    return out


def same_pool(x: np.ndarray, by: int) -> np.ndarray:
    """Return the maxima of cells of by × by, padded like `same`: the larger half at the end."""
    pads = [((-side % by) // 2, -side % by - (-side % by) // 2) for side in x.shape[1:3]]
    x = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-np.inf)
    n, height, width, channels = x.shape
    return x.reshape(n, height // by, by, width // by, by, channels).max(axis=(2, 4))
