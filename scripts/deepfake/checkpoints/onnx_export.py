"""Write a torch detector as a model in ONNX, with its metadata."""

import inspect

import onnx
import torch

from deepfake.checkpoints.inference import LoadedModel
from deepfake.checkpoints.metadata import KEY, as_text
from deepfake.errors import ModelError

OPSET = 18
"""The version of ONNX's operators: fixed, so that a newer torch writes for the same runtimes."""

MAX_BYTES = 2_000_000_000  # of weights; a file in ONNX can't have more than 2 GiB


def export(model: LoadedModel) -> onnx.ModelProto:
    """Return the network of an opened best.pt in ONNX, without its metadata.

    Its inputs are `images0`, `images1`, ..., uint8 (n, 3, size, size), RGB, one for each of the model's
    geometries; its output is `logits`, float32 (n,), for any n. Raises ModelError if the network can't be
    exported.
    """
    detector = model.detector.to("cpu", memory_format=torch.contiguous_format).eval()
    size = sum(value.numel() * value.element_size() for value in detector.state_dict().values())
    if size > MAX_BYTES:
        raise ModelError(f"its weights have {size} bytes, and a file in ONNX holds {MAX_BYTES}")
    images = tuple(
        torch.zeros(2, 3, geometry.size, geometry.size, dtype=torch.uint8) for geometry in model.geometries
    )
    batch_size = torch.export.Dim("n")
    shapes = tuple({0: batch_size} for _ in images)
    parameters = inspect.signature(detector.forward).parameters.values()
    takes_several = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters)
    try:
        program = torch.onnx.export(
            detector,
            images,
            dynamo=True,
            input_names=[f"images{number}" for number in range(len(images))],
            output_names=["logits"],
            dynamic_shapes=(shapes,) if takes_several else shapes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        lines = str(error).strip().splitlines()
        raise ModelError(f"the network can't be written in ONNX: {lines[0] if lines else error}") from None
    return program.model_proto


def as_bytes(model: onnx.ModelProto, metadata: dict) -> bytes:
    """Return the file of a model in ONNX with `metadata` in it; the same model gives the same bytes.

    The exporter's notes are dropped: they don't change what is computed, and hold paths of this machine.
    """
    graph = model.graph
    del graph.value_info[:], graph.metadata_props[:], model.metadata_props[:]
    for message in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        message.doc_string = ""
        del message.metadata_props[:]
    graph.name, model.producer_name, model.producer_version = "detector", "", ""
    used = {node.domain for node in graph.node}
    operator_sets = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(operator_sets)
    model.metadata_props.add(key=KEY, value=as_text(metadata))
    return model.SerializeToString(deterministic=True)
