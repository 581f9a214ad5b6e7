"""Small files in ONNX that describe a computation without end: refused within `limits`, by name."""

import os
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from made.models import images_for
from made.onnx_files import GEOMETRY, METADATA, SIZE, mean, model
from made.programs import run_program
from onnx import TensorProto, helper, numpy_helper

from deepfake.checkpoints.open_model import open_model
from deepfake.errors import ModelError

LIMITS = {"model_memory_gb": 0.5, "model_seconds": 5}
ONES = numpy_helper.from_array(np.array([1], np.float32))


def constant(name: str, values, dtype=np.int64) -> onnx.NodeProto:
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array(values, dtype)))


def with_sum_of(name: str, *nodes: onnx.NodeProto) -> onnx.ModelProto:
    """A model that adds the sum of the value `name` to each logit."""
    total = helper.make_node("ReduceSum", [name], ["total"], keepdims=0)
    return model([*mean(), *nodes, total, helper.make_node("Add", ["mean", "total"], ["logits"])])


def filled(*shape: int, name: str = "big") -> list[onnx.NodeProto]:
    return [
        constant(f"{name} shape", shape),
        helper.make_node("ConstantOfShape", [f"{name} shape"], [name], value=ONES),
    ]


def products(number: int, side: int) -> list[onnx.NodeProto]:
    chain = [helper.make_node("MatMul", [f"p{n}", "p0"], [f"p{n + 1}"]) for n in range(number)]
    return [*filled(side, side, name="p0"), *chain]


def by_pixels() -> onnx.ModelProto:
    """Black images, with which a model is tried, give a small tensor, and white ones one of 4 GB."""
    return with_sum_of(
        "exponents",
        helper.make_node("ReduceMax", ["pixels"], ["brightest"], keepdims=0),
        constant("many", 4e6, np.float32),
        helper.make_node("Mul", ["brightest", "many"], ["length"]),
        helper.make_node("Cast", ["length"], ["whole"], to=TensorProto.INT64),
        constant("flat", [1]),
        helper.make_node("Reshape", ["whole", "flat"], ["shape"]),
        helper.make_node("ConstantOfShape", ["shape"], ["big"], value=ONES),
        helper.make_node("Exp", ["big"], ["exponents"]),
    )


def repeated(operator: str, *inputs: onnx.NodeProto) -> onnx.ModelProto:
    return with_sum_of("big", *inputs, helper.make_node(operator, ["one", "times"], ["big"]))


TOO_LARGE = {
    "constant of shape": with_sum_of("big", *filled(2000, 1000, 1000)),
    "expand": repeated("Expand", constant("one", [1], np.float32), constant("times", [2 * 10**9])),
    "tile": repeated("Tile", constant("one", [1], np.float32), constant("times", [9 * 10**8])),
    "pad": repeated("Pad", constant("one", [1], np.float32), constant("times", [0, 2 * 10**9])),
    "range": with_sum_of(
        "floats",
        *(constant(name, value) for name, value in (("first", 0), ("end", 10**9), ("step", 1))),
        helper.make_node("Range", ["first", "end", "step"], ["numbers"]),
        helper.make_node("Cast", ["numbers"], ["floats"], to=TensorProto.FLOAT),
    ),
    "resize": with_sum_of(
        "large",
        constant("scales", [1, 1, 5000, 5000], np.float32),
        helper.make_node("Resize", ["pixels", "", "scales"], ["large"], mode="nearest"),
    ),
    "one hot": with_sum_of(
        "big",
        constant("numbers", [1]),
        constant("depth", 2 * 10**9),
        constant("values", [0, 1], np.float32),
        helper.make_node("OneHot", ["numbers", "depth", "values"], ["big"]),
    ),
}


def save(made: onnx.ModelProto, folder: Path) -> Path:
    onnx.save(made, folder / "a.onnx")
    assert (folder / "a.onnx").stat().st_size < 20_000
    return folder / "a.onnx"


@pytest.mark.parametrize("made", TOO_LARGE.values(), ids=[name.replace(" ", "-") for name in TOO_LARGE])
def test_a_model_that_takes_too_much_memory_is_refused(tmp_path, made):
    path = save(made, tmp_path)
    with pytest.raises(ModelError, match=r"limits.model_memory_gb = 0.5 gigabytes") as error:
        open_model(path, limits=LIMITS)
    assert str(path) in str(error.value)


def test_a_model_that_takes_too_long_to_open_is_refused(tmp_path):
    path = save(with_sum_of("p99", *products(99, 6000)), tmp_path)
    start = time.monotonic()
    with pytest.raises(ModelError, match=r"limits.model_seconds = 1 seconds"):
        open_model(path, limits={"model_seconds": 1})
    assert time.monotonic() - start < 20


def test_a_model_that_takes_too_much_for_some_images_ends_with_the_limit(tmp_path):
    opened = open_model(save(by_pixels(), tmp_path), limits=LIMITS)
    black = np.zeros((2, SIZE, SIZE, 3), np.uint8)
    assert np.isfinite(opened.logits([black])).all()
    with pytest.raises(ModelError, match=r"limits.model_memory_gb = 0.5 gigabytes"):
        opened.logits([black + 255])
    with pytest.raises(ModelError):  # and no process is left that could be asked again
        opened.logits([black])


def test_images_too_large_for_a_batch_are_refused_before_anything_runs(tmp_path):
    large = GEOMETRY | {"size": 8192, "resize": 8192}
    network = METADATA["network"] | {"geometry": large}
    path = save(model(metadata=METADATA | {"geometry": large, "network": network}), tmp_path)
    with pytest.raises(ModelError, match=r"8192×8192 pixels.* more than limits.model_memory_gb = 4"):
        open_model(path)


def test_a_file_over_the_limit_of_its_size_is_not_read(tmp_path):
    path = save(model(), tmp_path)
    with pytest.raises(ModelError, match=r"more than limits.model_gb = 1e-07"):
        open_model(path, limits={"model_gb": 1e-7})


def test_the_process_of_a_model_ends_with_it(tmp_path):
    before = children()
    opened = open_model(save(model(), tmp_path))
    opened.logits(images_for(opened, 3))
    (process,) = children() - before
    del opened
    assert process not in children()


def children() -> set[str]:
    """The processes that this one has started."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_detect_names_the_limit_in_one_line(tmp_path, caplog):
    path = save(TOO_LARGE["constant of shape"], tmp_path)
    args = ["--model", path, "--threads", 1, "--limits", '{"model_memory_gb": 0.5}', tmp_path / "none.jpg"]
    assert run_program("detect.py", *args) == 1
    assert "limits.model_memory_gb = 0.5" in caplog.text and "Traceback" not in caplog.text
