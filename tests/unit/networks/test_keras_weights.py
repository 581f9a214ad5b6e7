"""Keras weight files, valid and damaged, read for Meso4 and MesoInception4."""

import shutil
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from made.keras import write_weights

from deepfake.errors import ModelError
from deepfake.networks.keras_weights import numbered, read_keras_weights
from deepfake.networks.mesonet import Meso4, MesoInception4


@pytest.mark.parametrize(("name", "kind"), [("meso4", Meso4), ("mesoinception4", MesoInception4)])
def test_state_is_float32_and_complete(tmp_path, name, kind):
    network = kind()
    state = read_keras_weights(write_weights(tmp_path / "w.h5", name), network)
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
    with pytest.raises(ModelError, match=message):
        read_keras_weights(path, other)


def test_weights_of_another_size(tmp_path):
    path = write_weights(tmp_path / "w.h5", "meso4")
    with pytest.raises(ModelError, match=r"128×128: /dense_1/.*\(1024, 16\), and \(256, 16\) is needed"):
        read_keras_weights(path, Meso4(128))


def test_no_file(tmp_path):
    with pytest.raises(ModelError, match=r"there is no weights file .*none\.h5"):
        read_keras_weights(tmp_path / "none.h5", Meso4())


def test_text_file(tmp_path):
    (tmp_path / "w.h5").write_text("version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ModelError, match=r"w\.h5 can't be read as a Keras weight file"):
        read_keras_weights(tmp_path / "w.h5", Meso4())


@pytest.mark.parametrize("share", [0, 0.01, 0.2, 0.5, 0.9, 0.999])
def test_truncated_file(tmp_path, share):
    path = write_weights(tmp_path / "w.h5", "meso4")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"w\.h5 can't be read"):
        read_keras_weights(path, Meso4())


def test_random_damage_gives_no_other_error(tmp_path):
    path = write_weights(tmp_path / "w.h5", "meso4")
    content, network, refused = path.read_bytes(), Meso4(), 0
    rng = np.random.default_rng(0)
    for _ in range(400):
        damaged = bytearray(content)
        for place in rng.integers(0, 8192, size=16):  # where the first groups are described
            damaged[place] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            read_keras_weights(path, network)
        except ModelError:
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


def large_chunk(file: h5py.File) -> None:
    """4 GB for 16 numbers; 6 MB in the file if it were written."""
    make_chunked(file, maxshape=(None,), chunks=(10**9,))


def chunk_that_unpacks(file: h5py.File) -> None:
    packer = zlib.compressobj(9)
    zeros = b"".join(packer.compress(bytes(1 << 24)) for _ in range(8)) + packer.flush()
    make_chunked(file, chunks=(16,)).id.write_direct_chunk((0,), zeros)


def other_filter(file: h5py.File) -> None:
    make_chunked(file, chunks=(16,), compression="lzf")[:] = 1


def make_chunked(file: h5py.File, **options) -> h5py.Dataset:
    """An array in place of the bias of the third convolution, stored with these options."""
    del file["conv2d_3/conv2d_3/bias:0"]
    return file["conv2d_3/conv2d_3"].create_dataset(
        "bias:0", (16,), "f4", **{"compression": "gzip"} | options
    )


def replace(file: h5py.File, name: str, array: np.ndarray) -> None:
    del file[name]
    file[name] = array


@pytest.mark.parametrize(
    ("damage", "message"),
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
        (unknown_type, "can't be read as a Keras weight file"),
        (external_storage, "bias:0 lies in another file"),
        (large_chunk, "bias:0 is stored in chunks of 4,000,000,000 bytes, and has 64"),
        (chunk_that_unpacks, "bias:0 has a chunk that unpacks to more than 64 bytes"),
        (other_filter, "bias:0 is compressed, and not just by gzip"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_file_with_invalid_content(tmp_path, damage, message):
    path = write_weights(tmp_path / "w.h5", "meso4")
    with h5py.File(path, "a") as file:
        damage(file)
    with pytest.raises(ModelError, match=message):
        read_keras_weights(path, Meso4())


def test_a_compressed_file_is_read(tmp_path):
    path = write_weights(tmp_path / "w.h5", "meso4")
    expected = read_keras_weights(path, Meso4())["head.5.weight"]
    with h5py.File(path, "a") as file:
        kernel = file["dense_2/dense_2/kernel:0"][()]
        del file["dense_2/dense_2/kernel:0"]
        file["dense_2/dense_2"].create_dataset("kernel:0", data=kernel, compression="gzip")
    assert read_keras_weights(path, Meso4())["head.5.weight"].equal(expected)
