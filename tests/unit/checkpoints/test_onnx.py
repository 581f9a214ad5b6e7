"""Models in ONNX, whoever wrote them: what is no model of ours is refused with the reason, and never run."""

import json
import subprocess
import sys

import numpy as np
import onnx
import pytest
from made.decoded import ROOT
from made.forms import KEPT
from onnx import TensorProto, helper

from deepfake.checkpoints import onnx_wire
from deepfake.checkpoints.inference import open_model
from deepfake.checkpoints.metadata import KEY
from deepfake.networks.errors import WeightsDontFit, WeightsMissing

SIZE = 8
GEOMETRY = {"size": SIZE, "resize": SIZE, "resample": "bilinear"}
FACTS = {"format": 2, "classes": ["real", "fake"], "versions": {}, "geometry": GEOMETRY} | KEPT


def model(nodes=None, facts: dict | str | None = FACTS, size: int = SIZE, domains=("",)) -> onnx.ModelProto:
    """The mean of each image as its logit, or other `nodes`."""
    image = helper.make_tensor_value_info("images0", TensorProto.UINT8, ["n", 3, size, size])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1], [0.5])
    nodes = nodes or [*mean(), helper.make_node("Mul", ["mean", "weight"], ["logits"])]
    graph = helper.make_graph(nodes, "detector", [image], [logits], [weight, axes()])
    opsets = [helper.make_opsetid(domain, 18) for domain in domains]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if facts is not None:
        text = facts if isinstance(facts, str) else json.dumps(facts)
        made.metadata_props.add(key=KEY, value=text)
    return made


def axes() -> onnx.TensorProto:
    return helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3])


def mean() -> list[onnx.NodeProto]:
    cast = helper.make_node("Cast", ["images0"], ["pixels"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0)]


def changed(**keys) -> dict:
    return FACTS | keys


def external() -> onnx.ModelProto:
    made = model()
    weight = made.graph.initializer[0]
    weight.ClearField("float_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="/etc/passwd")
    return made


def hidden() -> onnx.ModelProto:
    """External data of a constant inside of a node."""
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


def ending_in(operation: str, *inputs: str, **attributes) -> onnx.ModelProto:
    return model([*mean(), helper.make_node(operation, inputs, ["logits"], **attributes)])


HOSTILE = {
    "text": (b"I am a network", "no ONNX model"),
    "pickle": (b"\x80\x04\x95\x00", "no ONNX model"),
    "zeros": (bytes(100), "0 graphs"),
    "external": (external(), "lie in another file"),
    "external in a constant": (hidden(), "lie in another file"),
    "loop or branch": (branching(), "an operation holds a graph"),
    "function": (with_function(), "holds a function"),
    "domain": (model(domains=("", "com.evil")), "operations of 'com.evil'"),
    "operation": (ending_in("Own", "mean", domain="com.evil"), "an operation of 'com.evil'"),
    "unknown operation": (ending_in("NoSuchThing", "mean"), "can't be run"),
    "facts absent": (model(facts=None), "only files that convert.py wrote"),
    "facts twice": (twice(), "'deepfake' twice"),
    "facts no json": (model(facts="{"), "no JSON"),
    "facts deep": (model(facts="[" * 100_000), "no JSON"),
    "facts a list": (model(facts="[]"), "facts are list"),
    "facts empty": (model(facts={}), "lack format, classes, threshold"),
    "facts format": (model(facts=changed(format=1)), "its format is 1, and 2 is known"),
    "facts threshold": (model(facts=changed(threshold=2.0)), "threshold is 2.0"),
    "facts threshold nan": (model(facts=changed(threshold=float("nan"))), "threshold is nan"),
    "facts threshold text": (model(facts=changed(video_threshold="x")), "video_threshold is str"),
    "facts classes": (model(facts=changed(classes=["fake", "real"])), "classes are"),
    "facts dataset": (model(facts=changed(dataset={})), "no name or no sha256"),
    "facts geometry": (model(facts=changed(geometry=GEOMETRY | {"resize": 4})), "which is none"),
    "facts huge": (model(facts=changed(geometry=GEOMETRY | {"resize": 10**9})), "which is none"),
    "facts parts": (model(facts=changed(parts=[])), "parts are no list of 1"),
    "facts parts strange": (model(facts=changed(parts=[7])), "geometry is None"),
    "size": (model(size=16), "takes .*16, 16.* and its facts say .*8, 8"),
    "not finite": (ending_in("Log", "zero"), "can't be run"),
    "infinite": (ending_in("Div", "weight", "mean"), "not a finite logit"),
    "one for all": (ending_in("Identity", "weight"), "not a finite logit"),
}


def test_a_model_of_ours_is_opened_and_run(tmp_path):
    onnx.save(model(), tmp_path / "a.onnx")
    opened = open_model(tmp_path / "a.onnx")
    images = np.random.default_rng(0).integers(0, 256, (21, SIZE, SIZE, 3), np.uint8)
    assert opened.logits([images]) == pytest.approx(images.mean((1, 2, 3)) / 2)
    assert opened.facts == FACTS and opened.detector is None


@pytest.mark.parametrize("content, said", HOSTILE.values(), ids=[name.replace(" ", "-") for name in HOSTILE])
def test_what_is_no_model_of_ours_is_refused_with_the_reason(tmp_path, content, said):
    path = tmp_path / "a.onnx"
    path.write_bytes(content if isinstance(content, bytes) else content.SerializeToString())
    with pytest.raises(WeightsDontFit, match=said) as error:
        open_model(path)
    assert str(path) in str(error.value)


def test_a_file_of_countless_fields_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_wire, "MOST_FIELDS", 1000)
    (tmp_path / "a.onnx").write_bytes(b"\x08\x01" * 2000)
    with pytest.raises(WeightsDontFit, match="more than 1000 fields"):
        open_model(tmp_path / "a.onnx")


def test_a_cut_file_is_refused_and_a_changed_one_gives_no_other_error(tmp_path):
    whole, path = model().SerializeToString(), tmp_path / "a.onnx"
    for length in range(0, len(whole), len(whole) // 40):
        path.write_bytes(whole[:length])
        with pytest.raises(WeightsDontFit):
            open_model(path)
    rng = np.random.default_rng(0)
    for _ in range(200):
        content = bytearray(whole)
        content[rng.integers(len(whole))] = rng.integers(256)
        path.write_bytes(content)
        try:
            open_model(path)  # a changed name or number may pass
        except WeightsDontFit:
            continue


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(WeightsMissing, match="no model .*absent.onnx"):
        open_model(tmp_path / "absent.onnx")


def test_neither_torch_nor_onnx_is_needed(tmp_path):
    onnx.save(model(), tmp_path / "a.onnx")
    code = (
        "import sys; from deepfake.models.inference import open_model; open_model(sys.argv[1]);"
        "print(sorted({'torch', 'onnx', 'torchvision'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.onnx")]
    done = subprocess.run(command, cwd=ROOT / "scripts", capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
