"""Models in ONNX with weights of 8 bits, by ONNX Runtime's quantisation.

"Dynamic" weighs what goes into a layer anew for each image; "static" by ranges that images of val have shown.
"""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_dynamic,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

WEIGHTED = {"Conv", "Gemm", "MatMul"}
BETWEEN = {"Add", "AveragePool", "Clip", "GlobalAveragePool", "MaxPool", "Mul", "Relu"}
"""What lies between convolutions and is cheap in 8 bits too, so that pixels need not be widened for it."""

WIDE = {"LayerNormalization", "Softmax"}
"""In networks with these (transformers) a few channels of what flows between the layers are far larger than
the rest, and attention's products are far smaller than 1: 8 bits for all of them would lose the image."""

Inputs = Mapping[str, np.ndarray]


def quantise_dynamic(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with weights of 8 bits, whose layers find the range of what they take as they run.

    Convolutions get unsigned weights: ONNX Runtime has no fast code for signed ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        start, middle, end = (Path(folder, f"{name}.onnx") for name in ("start", "middle", "end"))
        _prepare(model, start)
        quantize_dynamic(start, middle, op_types_to_quantize=["Conv"], weight_type=QuantType.QUInt8)
        quantize_dynamic(
            middle,
            end,
            op_types_to_quantize=["Gemm", "MatMul"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(end)


def quantise_static(model: onnx.ModelProto, batches: Iterable[Inputs]) -> onnx.ModelProto:
    """`model` with weights and what flows between its layers in 8 bits, by the ranges that `batches` show.

    Which layers is said by nodes_to_quantise. Weights use 7 of their bits: processors without VNNI would cut
    off sums of 8.
    """
    with tempfile.TemporaryDirectory() as folder:
        start, end = Path(folder, "start.onnx"), Path(folder, "end.onnx")
        _prepare(model, start)
        graph = onnx.load(start).graph
        chosen = nodes_to_quantise(graph)
        quantize_static(
            start,
            end,
            _Batches(batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=sorted(WEIGHTED | BETWEEN),
            nodes_to_quantize=sorted(chosen),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return onnx.load(end)


def nodes_to_quantise(graph: onnx.GraphProto) -> set[str]:
    """The names of nodes from the first layers with weights on, up to the last ones, which aren't among them.

    So neither the scaling of pixels nor the logits, nor the sum that an ensemble makes of them, are rounded.
    Where the network holds WIDE layers, only those with weights; in others what lies between them too.
    """
    weights = {one.name for one in graph.initializer}
    heavy = {
        node.name for node in graph.node if node.op_type in WEIGHTED and weights.intersection(node.input[1:])
    }
    after = _reached(graph.node, heavy, {node.name: (node.input, node.output) for node in graph.node})
    before = _reached(
        reversed(graph.node), heavy, {node.name: (node.output, node.input) for node in graph.node}
    )
    if WIDE.intersection(node.op_type for node in graph.node):
        return before & heavy
    return before & (after | heavy)


def _reached(nodes: Iterable[onnx.NodeProto], heavy: set[str], ends: dict) -> set[str]:
    """The nodes that something flows to from a heavy one; `nodes` in the direction of the flow.

    `ends` has the names of what flows into each node, and of what flows out.
    """
    flowing, found = set(), set()
    for node in nodes:
        into, out = ends[node.name]
        if flowing.intersection(into):
            found.add(node.name)
        if node.name in found | heavy:
            flowing.update(filter(None, out))
    return found


def _prepare(model: onnx.ModelProto, path: Path) -> None:
    """Write `model` as the quantisation wants it: simplified, its shapes known, each node with a name."""
    raw = path.with_name("raw.onnx")
    onnx.save(model, raw)
    quant_pre_process(raw, path)
    prepared = onnx.load(path)
    for number, node in enumerate(prepared.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.save(prepared, path)


class _Batches(CalibrationDataReader):
    """The interface by which ONNX Runtime asks for images to calibrate on."""

    def __init__(self, batches: Iterable[Inputs]):
        self.batches: Iterator[Inputs] = iter(batches)

    def get_next(self) -> Inputs | None:
        return next(self.batches, None)
