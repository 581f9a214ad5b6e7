"""Quantise models in ONNX to weights of 8 bits, by ONNX Runtime.

Dynamic quantisation finds the range of a layer's input anew for each image; static quantisation takes the
ranges that images of val have shown (calibration).
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
"""Operators between convolutions that are fast in 8 bits too, so that values need not be widened for them."""

WIDE = {"LayerNormalization", "Softmax"}
"""Operators of transformers. In these a few channels are far larger than the rest, and the products of
attention are far smaller than 1: activations of 8 bits would lose the image."""

Inputs = Mapping[str, np.ndarray]
"""A batch: the name of each input of the model, and its uint8 images (n, 3, size, size)."""


def quantise_dynamic(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return `model` with weights of 8 bits, and activations that are quantised by their range at run time.

    Convolutions get unsigned weights, since ONNX Runtime has no fast code for signed ones.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, convolutions, final = (
            Path(folder, f"{name}.onnx") for name in ("prepared", "convolutions", "final")
        )
        _prepare(model, prepared)
        quantize_dynamic(prepared, convolutions, op_types_to_quantize=["Conv"], weight_type=QuantType.QUInt8)
        quantize_dynamic(
            convolutions,
            final,
            op_types_to_quantize=["Gemm", "MatMul"],
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
        )
        return onnx.load(final)


def quantise_static(model: onnx.ModelProto, batches: Iterable[Inputs]) -> onnx.ModelProto:
    """Return `model` with weights and activations of 8 bits, by the ranges that `batches` show.

    `nodes_to_quantise` says which layers. Weights use 7 of their bits: processors without VNNI would cut off
    sums of products of 8.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, final = Path(folder, "prepared.onnx"), Path(folder, "final.onnx")
        _prepare(model, prepared)
        quantize_static(
            prepared,
            final,
            _Calibration(batches),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=sorted(WEIGHTED | BETWEEN),
            nodes_to_quantize=sorted(nodes_to_quantise(onnx.load(prepared).graph)),
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
        return onnx.load(final)


def nodes_to_quantise(graph: onnx.GraphProto) -> set[str]:
    """Return the names of the nodes from the first layers with weights up to, but without, the last ones.

    So neither the scaling of pixels nor the logits, nor an ensemble's sum of them, are rounded. In networks
    with WIDE operators only layers with weights are quantised; in others what lies between them too.
    """
    weights = {tensor.name for tensor in graph.initializer}
    layers = {
        node.name for node in graph.node if node.op_type in WEIGHTED and weights.intersection(node.input[1:])
    }
    after = _reached(graph.node, layers, {node.name: (node.input, node.output) for node in graph.node})
    before = _reached(
        reversed(graph.node), layers, {node.name: (node.output, node.input) for node in graph.node}
    )
    if WIDE.intersection(node.op_type for node in graph.node):
        return before & layers
    return before & (after | layers)


def _reached(nodes: Iterable[onnx.NodeProto], layers: set[str], ends: dict) -> set[str]:
    """Return the nodes that get values from one of `layers`, directly or not.

    `ends` holds the names of the values that enter and leave each node; `nodes` come in the order of the
    flow. With both reversed: the nodes whose values go into one of `layers`.
    """
    flowing, reached = set(), set()
    for node in nodes:
        entering, leaving = ends[node.name]
        if flowing.intersection(entering):
            reached.add(node.name)
        if node.name in reached | layers:
            flowing.update(filter(None, leaving))
    return reached


def _prepare(model: onnx.ModelProto, path: Path) -> None:
    """Write `model` as the quantisation needs it: simplified, with known shapes and a name for each node."""
    raw = path.with_name("raw.onnx")
    onnx.save(model, raw)
    quant_pre_process(raw, path)
    prepared = onnx.load(path)
    for number, node in enumerate(prepared.graph.node):
        node.name = f"{node.op_type}_{number}"
    onnx.save(prepared, path)


class _Calibration(CalibrationDataReader):
    """The interface by which ONNX Runtime reads the images to calibrate on."""

    def __init__(self, batches: Iterable[Inputs]):
        self.batches: Iterator[Inputs] = iter(batches)

    def get_next(self) -> Inputs | None:
        return next(self.batches, None)
