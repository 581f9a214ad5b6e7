"""Models in ONNX: a file of convert.py runs, any other is refused with the reason before it is run."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from made.decoded import ROOT
from made.onnx_files import GEOMETRY, METADATA, SIZE, mean, model
from onnx import TensorProto, helper

from deepfake import onnx_check
from deepfake.checkpoints.metadata import KEY
from deepfake.checkpoints.open_model import open_model
from deepfake.errors import ModelError


def changed(**keys) -> dict:
    return METADATA | keys


def external() -> onnx.ModelProto:
    made = model()
    weight = made.graph.initializer[0]
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")
    return made


def hidden() -> onnx.ModelProto:
    """A constant in a node whose data is in another file."""
    value = external().graph.initializer[0]
    constant = helper.make_node("Constant", [], ["more"], value=value)
    return model([constant, *mean(), helper.make_node("Mul", ["mean", "more"], ["logits"])])


def branching() -> onnx.ModelProto:
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [1])
    branch = helper.make_graph([helper.make_node("Identity", ["weight"], ["out"])], "branch", [], [out])
    yes = helper.make_node(
        "Constant", [], ["yes"], value=helper.make_tensor("y", TensorProto.BOOL, [], [True])
    )
    choice = helper.make_node("If", ["yes"], ["more"], then_branch=branch, else_branch=branch)
    return model([yes, choice, *mean(), helper.make_node("Mul", ["mean", "more"], ["logits"])])


def with_function() -> onnx.ModelProto:
    made = model()
    body = [helper.make_node("Identity", ["a"], ["b"])]
    made.functions.append(helper.make_function("", "Own", ["a"], ["b"], body, [helper.make_opsetid("", 18)]))
    return made


def twice() -> onnx.ModelProto:
    made = model()
    made.metadata_props.add(key=KEY, value="{}")
    return made


def ending_in(operator: str, *inputs: str, **attributes) -> onnx.ModelProto:
    return model([*mean(), helper.make_node(operator, inputs, ["logits"], **attributes)])


HOSTILE = {
    "text": (b"I am a network", "no ONNX model"),
    "pickle": (b"\x80\x04\x95\x00", "no ONNX model"),
    "zeros": (bytes(100), "0 graphs"),
    "external": (external(), "lie in another file"),
    "external in a constant": (hidden(), "lie in another file"),
    "loop or branch": (branching(), "an operator holds a graph"),
    "function": (with_function(), "holds a function"),
    "domain": (model(domains=("", "com.evil")), "operators of 'com.evil'"),
    "operator": (ending_in("Own", "mean", domain="com.evil"), "an operator of 'com.evil'"),
    "unknown operator": (ending_in("NoSuchThing", "mean"), "can't be run"),
    "metadata absent": (model(metadata=None), "only files that convert.py wrote"),
    "metadata twice": (twice(), "'deepfake' twice"),
    "metadata no json": (model(metadata="{"), "no JSON"),
    "metadata deep": (model(metadata="[" * 100_000), "no JSON"),
    "metadata a list": (model(metadata="[]"), r"its metadata: \[\] is not of type 'object'"),
    "metadata empty": (model(metadata={}), "its metadata: 'format' is a required property"),
    "metadata format": (model(metadata=changed(format=1)), "format: 2 was expected"),
    "metadata threshold": (
        model(metadata=changed(threshold=2.0)),
        "threshold: 2.0 is greater than the maximum of 1",
    ),
    "metadata threshold nan": (
        model(metadata=changed(threshold=float("nan"))),
        "threshold: nan is not of type 'finite float'",
    ),
    "metadata threshold text": (
        model(metadata=changed(video_threshold="x")),
        "video_threshold: 'x' is not of type 'finite float'",
    ),
    "metadata classes": (model(metadata=changed(classes=["fake", "real"])), "classes: .* was expected"),
    "metadata dataset": (model(metadata=changed(dataset={})), "dataset: 'name' is a required property"),
    "metadata geometry": (
        model(metadata=changed(geometry=GEOMETRY | {"resize": 4})),
        "size 8 is above resize 4",
    ),
    "metadata huge": (
        model(metadata=changed(geometry=GEOMETRY | {"resize": 10**9})),
        "geometry.resize: 10+ is greater",
    ),
    "metadata parts": (model(metadata=changed(parts=[], temperature=1.0)), "parts: .* should be non-empty"),
    "metadata network": (
        model(metadata={k: v for k, v in METADATA.items() if k != "network"}),
        "'network' is a",
    ),
    "metadata parts strange": (
        model(metadata=changed(parts=[7], temperature=1.0)),
        "parts.0: 7 is not of type 'object'",
    ),
    "size": (model(size=16), "takes .*16, 16.* and its metadata says .*8, 8"),
    "not finite": (ending_in("Log", "zero"), "can't be run"),
    "infinite": (ending_in("Div", "weight", "mean"), "not a finite logit"),
    "one for all": (ending_in("Identity", "weight"), "not a finite logit"),
}


def test_a_valid_model_is_opened_and_run(tmp_path):
    onnx.save(model(), tmp_path / "a.onnx")
    opened = open_model(tmp_path / "a.onnx")
    images = np.random.default_rng(0).integers(0, 256, (21, SIZE, SIZE, 3), np.uint8)
    assert opened.logits([images]) == pytest.approx(images.mean((1, 2, 3)) / 2)
    assert opened.metadata == METADATA and opened.detector is None


@pytest.mark.parametrize(
    "content, message", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE]
)
def test_an_invalid_file_is_refused_with_the_reason(tmp_path, content, message):
    path = tmp_path / "a.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(ModelError, match=message) as error:
        open_model(path)
    assert str(path) in str(error.value)


def test_a_file_of_countless_fields_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_check, "MAX_FIELDS", 1000)
    (tmp_path / "a.onnx").write_bytes(b"\x08\x01" * 2000)
    with pytest.raises(ModelError, match="more than 1000 fields"):
        open_model(tmp_path / "a.onnx")


def test_a_cut_file_is_refused_and_a_changed_one_gives_no_other_error(tmp_path):
    whole, path = model().SerializeToString(), tmp_path / "a.onnx"
    for length in range(0, len(whole), len(whole) // 10):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            open_model(path)
    rng = np.random.default_rng(0)
    for _ in range(12):
        content = bytearray(whole)
        content[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(content)
        try:
            open_model(path)  # a changed name or number may pass
        except ModelError:
            continue


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match="no model .*absent.onnx"):
        open_model(tmp_path / "absent.onnx")


def test_neither_torch_nor_onnx_is_needed(tmp_path):
    onnx.save(model(), tmp_path / "a.onnx")
    code = (
        "import sys; from deepfake.checkpoints.open_model import open_model; open_model(sys.argv[1]);"
        "print(sorted({'torch', 'onnx', 'torchvision'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.onnx")]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
