"""MesoNet: its layers, and the authors' weight files against their network computed in numpy.

The numpy network below knows nothing of ours: it is channels last, pads by itself, and takes the arrays from
the file by the names that Keras lists in it. The authors' own files are in $DEEPFAKE_TEST_DATA/mesonet;
tests that need them are skipped without.
"""

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from conftest import DATA

from deepfake.media import detectors
from deepfake.media.crops import crop_square, cut
from deepfake.media.video import Clip
from deepfake.models.errors import WeightsDontFit, WeightsMissing
from deepfake.models.keras_weights import numbered, read_h5
from deepfake.models.meso import MOMENTUM, Meso4, MesoInception4

YUNET = DATA / "yunet_n_640_640.onnx"
YUNET_SHA256 = "25a606a145a5b6d7271ae138fbd00eba91dad8b83222ae3f2c7ecd0f4a7b0e31"
PUBLISHED = {
    "Meso4_DF": Meso4,
    "Meso4_F2F": Meso4,
    "MesoInception_DF": MesoInception4,
    "MesoInception_F2F": MesoInception4,
}
NETWORKS = {"meso4": Meso4, "mesoinception4": MesoInception4}
networks = pytest.mark.parametrize("name", NETWORKS)
real_files = pytest.mark.skipif(
    not (DATA / "mesonet").is_dir(), reason=f"no weight files of the authors under {DATA / 'mesonet'}"
)

# For made weight files: shapes of Keras's kernels in the order in which the layers are made, and channels of
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


def original(path: Path, name: str, images: np.ndarray) -> np.ndarray:
    """What goes into the sigmoid of the authors' network, float64 (N,), for images (N, H, W, 3)."""
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
    """For each kind of layer its arrays, layers by number, arrays in the order that the file gives."""
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
    """Stride 1, zeros around, so that height and width stay; one product of matrices for each tap."""
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
    """Max over cells of by × by; what is missing to fill them is added, the larger half at the end."""
    pads = [((-side % by) // 2, -side % by - (-side % by) // 2) for side in x.shape[1:3]]
    x = np.pad(x, ((0, 0), *pads, (0, 0)), constant_values=-np.inf)
    n, height, width, channels = x.shape
    return x.reshape(n, height // by, by, width // by, by, channels).max(axis=(2, 4))


def write_weights(path: Path, name: str, first: int = 1, cells: int = 64, seed: int = 0) -> Path:
    """A file as Keras writes it, of random weights, whose layers of each kind are numbered from `first`."""
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
            gain = 0.2 if shape[-1] == 1 and kind == "dense" else 2  # logits of some units
            kernel = rng.normal(0, gain / np.sqrt(np.prod(shape[:-1])), shape)
            bias = rng.normal(0, 0.3, shape[-1])
            add(kind, number if kind == "conv2d" else number - len(kernels), kernel=kernel, bias=bias)
        for number, width in enumerate(widths):
            normal, variance = rng.normal(0, 1, (3, width)), rng.uniform(0.01, 1, width)
            add(
                "batch_normalization",
                number,
                gamma=normal[0],  # of both signs: pooling before it would give another result
                beta=normal[1],
                moving_mean=normal[2],
                moving_variance=variance,
            )
        file.attrs["layer_names"] = np.array(names, "S")
    return path


def random_images(size: int, count: int = 2) -> np.ndarray:
    """Smooth colours with noise on them, float32 (count, size, size, 3) in [0, 1]."""
    rng = np.random.default_rng(size)
    coarse = rng.uniform(0, 0.8, (count, 8, 8, 3)).repeat(-(-size // 8), axis=1).repeat(-(-size // 8), axis=2)
    images = coarse[:, :size, :size] + rng.uniform(0, 0.2, (count, size, size, 3))
    return images.astype(np.float32)


def loaded(path: Path, network: torch.nn.Module) -> torch.nn.Module:
    network.load_state_dict(read_h5(path, network))
    return network.eval()


def logits(network: torch.nn.Module, images: np.ndarray) -> np.ndarray:
    """Ours for images (N, H, W, 3): (N,), of fake."""
    with torch.inference_mode():
        out = network(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    assert out.shape == (len(images), 1)
    return out[:, 0].double().numpy()


def assert_same(network: torch.nn.Module, path: Path, name: str, size: int) -> None:
    images = random_images(size)
    theirs, ours = original(path, name, images), logits(network, images)
    assert np.abs(1 / (1 + np.exp(ours)) - 1 / (1 + np.exp(-theirs))).max() <= 1e-5
    np.testing.assert_allclose(-ours, theirs, rtol=1e-5, atol=5e-5)  # also where the sigmoid is flat
    assert abs(theirs[0] - theirs[1]) > 0.01  # the images matter


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@real_files
@pytest.mark.parametrize("file", PUBLISHED)
def test_published_files_give_the_original_outputs(file):
    path = DATA / "mesonet" / f"{file}.h5"
    name = "meso4" if PUBLISHED[file] is Meso4 else "mesoinception4"
    assert_same(loaded(path, PUBLISHED[file]()), path, name, 256)


@networks
@pytest.mark.parametrize(
    ("size", "cells"), [(256, 64), (33, 4), (100, 16), (121, 16)], ids=lambda value: str(value)
)
def test_made_files_give_the_original_outputs(tmp_path, name, size, cells):
    path = write_weights(tmp_path / "w.h5", name, first=7, cells=cells)  # 7 to 10: not as text sorts them
    assert_same(loaded(path, NETWORKS[name](size)), path, name, size)


@real_files
@pytest.mark.parametrize(
    ("fake", "files"),
    [
        ("Deepfakes/c23/videos/519_515.mp4", ["Meso4_DF", "MesoInception_DF"]),
        ("Face2Face/c23/videos/750_743.mp4", ["Meso4_F2F", "MesoInception_F2F"]),
    ],
    ids=["deepfakes", "face2face"],
)
def test_published_files_tell_real_clips_from_fake(data, fake, files):
    real = faces(data / "ffpp/original_sequences/youtube/c23/videos/634.mp4")
    fakes = faces(data / "ffpp/manipulated_sequences" / fake)
    for file in files:
        network = loaded(DATA / "mesonet" / f"{file}.h5", PUBLISHED[file]())
        assert np.median(logits(network, fakes)) > 1
        assert np.median(logits(network, real)) < -0.5


def faces(path: Path, count: int = 5) -> np.ndarray:
    """Face crops of a clip, RGB float32 (count, 256, 256, 3) in [0, 1]."""
    cfg = {"detector": "yunet", "model": str(YUNET), "sha256": YUNET_SHA256, "min_score": 0.6}
    detector, clip, crops = detectors.load(cfg), Clip(path), []
    for frame in clip.frames(range(0, clip.count, clip.count // count)):
        picture, scale = detectors.shrink(frame.pixels, 640)
        face = detectors.to_faces(detector.whole(picture), scale)[0]
        height, width = frame.pixels.shape[:2]
        crops.append(cut(frame.pixels, crop_square(face.box, width, height, 1.3), 256)[..., ::-1])
    return np.stack(crops).astype(np.float32) / 255


@networks
def test_parameters_are_as_published(name):
    network = NETWORKS[name]()
    trainable = sum(p.numel() for p in network.parameters() if p.requires_grad)
    moving = sum(b.numel() for key, b in network.named_buffers() if "running" in key)
    assert (trainable, trainable + moving) == {
        "meso4": (27_977, 28_073),
        "mesoinception4": (28_615, 28_725),
    }[name]


@networks
def test_defaults_are_those_of_keras(name):
    torch.manual_seed(0)
    modules = list(NETWORKS[name]().modules())
    for layer in modules:
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear):
            area = layer.weight[0, 0].numel()  # of the kernel
            bound = np.sqrt(6 / (area * (layer.weight.shape[0] + layer.weight.shape[1])))
            assert not layer.bias.any()
            assert layer.weight.abs().max() <= bound
            if layer.weight.numel() > 500:
                assert layer.weight.std().item() == pytest.approx(bound / np.sqrt(3), rel=0.1)
    norms = [layer for layer in modules if isinstance(layer, torch.nn.BatchNorm2d)]
    assert {(norm.eps, norm.momentum) for norm in norms} == {(1e-3, MOMENTUM)}
    assert [layer.p for layer in modules if isinstance(layer, torch.nn.Dropout)] == [0.5, 0.5]


@networks
@pytest.mark.parametrize(("size", "inputs"), [(32, 16), (33, 64), (64, 64), (224, 784), (256, 1024)])
def test_first_dense_layer_follows_the_size(name, size, inputs):
    network = NETWORKS[name](size).eval()
    assert network.head[2].in_features == inputs
    assert logits(network, random_images(size)).shape == (2,)


@networks
@pytest.mark.parametrize("size", [31, 0, -256])
def test_too_small_sizes_are_refused(name, size):
    with pytest.raises(ValueError, match=f"size {size}:"):
        NETWORKS[name](size)


@networks
def test_images_of_another_shape_are_refused(name):
    with pytest.raises(ValueError, match=r"\(N, 3, 64, 64\), not \(2, 3, 60, 60\)"):
        NETWORKS[name](64)(torch.zeros(2, 3, 60, 60))


@networks
def test_channels_last_gives_the_same(name):
    torch.manual_seed(0)
    network = NETWORKS[name](64).eval()
    images = random_images(64)
    plain = logits(network, images)
    network = network.to(memory_format=torch.channels_last)
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    assert x.is_contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        last = network(x)[:, 0].double().numpy()
    np.testing.assert_allclose(last, plain, rtol=1e-4, atol=1e-5)


@networks
def test_channels_last_trains_every_parameter(name):
    torch.manual_seed(0)
    network = NETWORKS[name](64).to(memory_format=torch.channels_last).train()
    x = torch.from_numpy(random_images(64, count=8)).permute(0, 3, 1, 2)
    network(x).sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())


@networks
def test_state_is_float32_and_complete(tmp_path, name):
    network = NETWORKS[name]()
    state = read_h5(write_weights(tmp_path / "w.h5", name), network)
    expected = network.state_dict()
    assert {key: (value.shape, value.dtype) for key, value in state.items()} == {
        key: (value.shape, value.dtype) for key, value in expected.items()
    }


def test_layers_are_ordered_by_number():
    names = ["conv2d_10", "conv2d_9", "conv2d", "conv2d_x", "dense_3", "conv2d_11", "xconv2d_1"]
    assert numbered(names, "conv2d") == ["conv2d", "conv2d_9", "conv2d_10", "conv2d_11"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("meso4", r"w\.h5 doesn't fit MesoInception4 .*needs 16 layers conv2d, the file has 4"),
        ("mesoinception4", r"w\.h5 doesn't fit Meso4 .*needs 4 layers conv2d, the file has 16"),
    ],
)
def test_weights_of_the_other_network(tmp_path, name, message):
    path = write_weights(tmp_path / "w.h5", name)
    other = MesoInception4() if name == "meso4" else Meso4()
    with pytest.raises(WeightsDontFit, match=message):
        read_h5(path, other)


def test_weights_of_another_size(tmp_path):
    path = write_weights(tmp_path / "w.h5", "meso4")
    with pytest.raises(WeightsDontFit, match=r"128×128: /dense_1/.*\(1024, 16\), and \(256, 16\) is needed"):
        read_h5(path, Meso4(128))


def test_no_file(tmp_path):
    with pytest.raises(WeightsMissing, match=r"there is no weight file .*none\.h5"):
        read_h5(tmp_path / "none.h5", Meso4())


def test_text_file(tmp_path):
    (tmp_path / "w.h5").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(WeightsDontFit, match=r"w\.h5 can't be read as a Keras weight file"):
        read_h5(tmp_path / "w.h5", Meso4())


def test_too_large_file(tmp_path):
    with (tmp_path / "w.h5").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(WeightsDontFit, match="over 16 MB"):
        read_h5(tmp_path / "w.h5", Meso4())


@pytest.mark.parametrize("share", [0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_truncated_file(tmp_path, share):
    path = write_weights(tmp_path / "w.h5", "meso4")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(WeightsDontFit, match=r"w\.h5 can't be read"):
        read_h5(path, Meso4())


def test_damaged_file_never_gives_another_error(tmp_path):
    path = write_weights(tmp_path / "w.h5", "meso4")
    content, network, refused = path.read_bytes(), Meso4(), 0
    rng = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(0, 8192, size=16):  # where the first groups are described
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_h5(path, network)
        except WeightsDontFit:
            refused += 1
    assert refused > 100


def drop_layer(file: h5py.File) -> None:
    del file["batch_normalization_2"]


def drop_array(file: h5py.File) -> None:
    del file["conv2d_2/conv2d_2/bias:0"]


def transpose(file: h5py.File) -> None:
    replace(file, "dense_1/dense_1/kernel:0", np.zeros((16, 1024), np.float32))


def huge(file: h5py.File) -> None:
    del file["conv2d_1/conv2d_1/kernel:0"]
    file["conv2d_1/conv2d_1"].create_dataset(
        "kernel:0", (1 << 20, 1 << 20, 8), np.float32, chunks=(64, 64, 8)
    )


def integers(file: h5py.File) -> None:
    replace(file, "dense_2/dense_2/bias:0", np.zeros(1, np.int64))


def strings(file: h5py.File) -> None:
    replace(file, "dense_2/dense_2/bias:0", np.array([b"0"], object))


def not_a_number(file: h5py.File) -> None:
    replace(file, "conv2d_3/conv2d_3/bias:0", np.full(16, np.nan, np.float32))


def too_large(file: h5py.File) -> None:
    replace(file, "conv2d_3/conv2d_3/bias:0", np.full(16, 1e300))


def negative_variance(file: h5py.File) -> None:
    file["batch_normalization_1/batch_normalization_1/moving_variance:0"][3] = -1


def group_for_array(file: h5py.File) -> None:
    del file["conv2d_3/conv2d_3/bias:0"]
    file.create_group("conv2d_3/conv2d_3/bias:0")


def array_for_layer(file: h5py.File) -> None:
    replace(file, "conv2d_3", np.zeros(16))


def two_groups(file: h5py.File) -> None:
    file.create_group("conv2d_3/another")


def compressed(file: h5py.File) -> None:
    del file["dense_2/dense_2/kernel:0"]
    file["dense_2/dense_2"].create_dataset("kernel:0", (16, 1), np.float32, compression="gzip")


def unknown_type(file: h5py.File) -> None:
    del file["dense_2/dense_2/bias:0"]
    one = h5py.h5s.create_simple((1,))
    h5py.h5d.create(file["dense_2/dense_2"].id, b"bias:0", h5py.h5t.UNIX_D32LE, one)  # numpy has no such type


def external_link(file: h5py.File) -> None:
    shutil.copy(file.filename, f"{file.filename}.other")
    del file["dense_2/dense_2/bias:0"]
    file["dense_2/dense_2/bias:0"] = h5py.ExternalLink(f"{file.filename}.other", "dense_2/dense_2/bias:0")


def external_storage(file: h5py.File) -> None:
    Path(f"{file.filename}.raw").write_bytes(bytes(64))
    del file["conv2d_1/conv2d_1/bias:0"]
    file["conv2d_1/conv2d_1"].create_dataset(
        "bias:0", (8,), np.float32, external=[(f"{file.filename}.raw", 0, 32)]
    )


def replace(file: h5py.File, name: str, array: np.ndarray) -> None:
    del file[name]
    file[name] = array


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            drop_layer,
            "needs 4 layers batch_normalization, the file has 3, batch_normalization_1 to ",
        ),
        (drop_array, "/conv2d_2/conv2d_2/bias:0 is missing"),
        (transpose, r"kernel:0 has the shape \(16, 1024\), and \(1024, 16\) is needed"),
        (huge, r"kernel:0 has the shape \(1048576, 1048576, 8\)"),
        (integers, "bias:0 holds int64, and float32 is needed"),
        (strings, "bias:0 holds object, and float32 is needed"),
        (not_a_number, "bias:0 holds values that are not finite"),
        (too_large, "bias:0 holds values that are not finite"),
        (negative_variance, "moving_variance:0 holds values below zero"),
        (group_for_array, "bias:0 is not a dataset"),
        (array_for_layer, "/conv2d_3 is not a group"),
        (two_groups, "the group conv2d_3 should hold one group of arrays, but holds 2"),
        (external_link, "bias:0 is a link to another place"),
        (compressed, "kernel:0 is not stored in one piece in the file"),
        (unknown_type, "can't be read as a Keras weight file"),
        (external_storage, "bias:0 is not stored in one piece in the file"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_spoilt_file(tmp_path, spoil, message):
    path = write_weights(tmp_path / "w.h5", "meso4")
    with h5py.File(path, "a") as file:
        spoil(file)
    with pytest.raises(WeightsDontFit, match=message):
        read_h5(path, Meso4())
