"""A network for faces of the user's: what the config says of its input, and files that are refused."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from deepfake import onnx_check
from deepfake.errors import UserError
from deepfake.extraction.alignment import DLIB_5_TEMPLATE
from deepfake.people.network import load_network

SIDE = 32
CFG = {"side": SIDE, "template": "arcface", "mean": 127.5, "std": 64, "channels": "rgb"}


def network(
    shape: tuple = ("n", 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    numbers: int = 6,
    nodes: list[onnx.NodeProto] | None = None,
    outputs: int = 1,
) -> onnx.ModelProto:
    """A linear layer on the pixels."""
    weights = np.random.default_rng(0).normal(size=(3 * SIDE * SIDE, numbers)).astype(np.float32)
    nodes = nodes or [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["vector0"]),
        *(helper.make_node("Neg", ["vector0"], [f"vector{n}"]) for n in range(1, outputs)),
    ]
    made = [helper.make_tensor_value_info(f"vector{n}", TensorProto.FLOAT, None) for n in range(outputs)]
    image = helper.make_tensor_value_info("image", kind, shape)
    graph = helper.make_graph(nodes, "faces", [image], made, [numpy_helper.from_array(weights, "weights")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def load(folder: Path, model: onnx.ModelProto | bytes, **cfg: object):
    path = folder / "faces.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return load_network({"model": str(path), "input": CFG | cfg})


def chips(count: int = 2) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def expected(images: np.ndarray, numbers: int = 6) -> np.ndarray:
    weights = np.random.default_rng(0).normal(size=(3 * SIDE * SIDE, numbers)).astype(np.float32)
    return images.reshape(len(images), -1) @ weights


@pytest.mark.parametrize("numbers", [2, 6, 300])
def test_pixels_come_as_the_config_says(tmp_path, numbers):
    found = load(tmp_path, network(numbers=numbers), mean=[10, 20, 30], std=[2, 4, 8], channels="bgr")
    images = (chips()[..., ::-1] - np.array([10, 20, 30])) / [2, 4, 8]
    assert np.allclose(found.run(chips()), expected(images.transpose(0, 3, 1, 2), numbers), atol=1e-2)
    assert np.linalg.norm(found.vector(chips()[0])) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    "shape", [(1, 3, SIDE, SIDE), (1, SIDE, SIDE, 3), ("n", "h", "w", 3), ("n", 3, "h", "w")]
)
def test_images_may_come_one_by_one_and_with_the_channels_first_or_last(tmp_path, shape):
    found = load(tmp_path, network(shape)).run(chips(3))
    images = (chips(3) - 127.5) / 64
    assert np.allclose(found, expected(images if shape[3] == 3 else images.transpose(0, 3, 1, 2)), atol=1e-2)


def test_pixels_may_be_bytes(tmp_path):
    found = load(tmp_path, network(kind=TensorProto.UINT8), mean=0, std=1).run(chips())
    assert np.allclose(found, expected(chips().astype(float).transpose(0, 3, 1, 2)), rtol=1e-4)


def test_the_template_is_a_known_one_or_the_configs(tmp_path):
    arcface = load(tmp_path, network()).template
    assert np.allclose(np.array(arcface) * 112 / SIDE, DLIB_5_TEMPLATE)
    points = [[20, 9], [18, 9], [10, 9], [12, 9], [16, 20]]
    assert load(tmp_path, network(), template=points).template == tuple(map(tuple, points))


def external() -> onnx.ModelProto:
    model = network()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")
    return model


def ending_in(operator: str, domain: str = "", **attributes: object) -> onnx.ModelProto:
    flat = helper.make_node("Flatten", ["image"], ["flat"])
    return network(
        nodes=[flat, helper.make_node(operator, ["flat"], ["vector0"], domain=domain, **attributes)]
    )


LOOP = helper.make_graph([], "body", [], [])
REFUSED = {
    "no model": (b"\0\0\0 no network", {}, "people.model: .*no ONNX model"),
    "empty": (b"", {}, "people.model: .*0 bytes"),
    "external data": (external(), {}, "people.model: .*weights lie in another file"),
    "foreign operator": (ending_in("Run", "com.evil"), {}, "people.model: .*operator of 'com.evil'"),
    "loop": (ending_in("Loop", body=LOOP), {}, "people.model: .*holds a graph"),
    "unknown operator": (ending_in("Nothing"), {}, "people.model: .*can't be run"),
    "another side": (network(), {"side": 112}, "people.input.side: 112 doesn't fit .*32, 32.*write the side"),
    "no image": (network(("n", 3 * SIDE * SIDE)), {}, "people.input.side: 32 doesn't fit"),
    "doubles": (network(kind=TensorProto.DOUBLE), {}, "people.input.side: .*tensor.double"),
    "eight at a time": (network((8, 3, SIDE, SIDE)), {}, "people.input.side: .*8, 3, 32, 32"),
    "two outputs": (network(outputs=2), {}, "people.model: .*2 outputs; it needs one"),
    "one number": (network(numbers=1), {}, "people.model: .*a vector of 2 to 4096 finite"),
    "too many numbers": (network(numbers=5000), {}, "people.model: .*a vector of 2 to 4096 finite"),
    "an image": (
        network(nodes=[helper.make_node("Neg", ["image"], ["vector0"])]),
        {},
        "people.model: .*a vector of 2 to 4096 finite",
    ),
    "not finite": (ending_in("Log"), {}, "people.model: .*finite"),
}


@pytest.mark.parametrize(
    ("model", "cfg", "message"), REFUSED.values(), ids=[n.replace(" ", "-") for n in REFUSED]
)
def test_a_network_that_does_not_fit_is_refused_with_the_key(tmp_path, model, cfg, message):
    with pytest.raises(UserError, match=message):
        load(tmp_path, model, **cfg)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match="people.model: .*gone.onnx doesn't exist; put the path right"):
        load_network({"model": str(tmp_path / "gone.onnx"), "input": CFG})


def test_no_more_of_a_file_is_read_than_it_has_fields(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_check, "MAX_FIELDS", 10)
    with pytest.raises(UserError, match="people.model: .*more than 10 fields"):
        load(tmp_path, network())
