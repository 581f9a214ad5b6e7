"""Small models in ONNX, as convert.py writes them, made of any operators."""

import json

import onnx
from made.models import METADATA as REST
from onnx import TensorProto, helper

from deepfake.checkpoints.metadata import KEY

SIZE = 8
GEOMETRY = {"size": SIZE, "resize": SIZE, "resample": "bilinear"}
SCALING = {"mean": [0.0] * 3, "std": [1.0] * 3}
NETWORK = {"arch": "meso4", "fake": 1, "geometry": GEOMETRY} | SCALING
METADATA = {"format": 2, "classes": ["real", "fake"], "versions": {}, "network": NETWORK}
METADATA |= {"geometry": GEOMETRY} | SCALING | REST


def model(
    nodes=None, metadata: dict | str | None = METADATA, size: int = SIZE, domains=("",)
) -> onnx.ModelProto:
    """The mean of each image as its logit, or other `nodes`."""
    image = helper.make_tensor_value_info("images0", TensorProto.UINT8, ["n", 3, size, size])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])
    weight = helper.make_tensor("weight", TensorProto.FLOAT, [1], [0.5])
    nodes = nodes or [*mean(), helper.make_node("Mul", ["mean", "weight"], ["logits"])]
    graph = helper.make_graph(nodes, "detector", [image], [logits], [weight, axes()])
    opsets = [helper.make_opsetid(domain, 18) for domain in domains]
    made = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if metadata is not None:
        text = metadata if isinstance(metadata, str) else json.dumps(metadata)
        made.metadata_props.add(key=KEY, value=text)
    return made


def axes() -> onnx.TensorProto:
    return helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3])


def mean() -> list[onnx.NodeProto]:
    cast = helper.make_node("Cast", ["images0"], ["pixels"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0)]
