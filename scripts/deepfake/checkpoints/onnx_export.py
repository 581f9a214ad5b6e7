"""A detector of torch as a model in ONNX that tells all of itself."""

import inspect

import onnx
import torch

from deepfake.checkpoints.inference import Opened
from deepfake.checkpoints.metadata import KEY, as_text

OPSET = 18
"""The version of ONNX's operations: fixed, so that a newer torch writes for the same runtimes."""

LARGEST = 2_000_000_000  # bytes of weights; a file in ONNX can't have more than 2 GiB


class CantConvert(ValueError):
    """A model that has no such form, or whose form gives other logits; the message says why."""


def export(model: Opened) -> onnx.ModelProto:
    """The network of an opened best.pt, in ONNX, without its facts.

    It takes `images0`, `images1`, ..., uint8 (n, 3, size, size) of RGB, one for each of the model's
    geometries, and gives `logits`, float32 (n,); n is any. CantConvert where the network can't be written.
    """
    detector = model.detector.to("cpu", memory_format=torch.contiguous_format).eval()
    size = sum(value.numel() * value.element_size() for value in detector.state_dict().values())
    if size > LARGEST:
        raise CantConvert(f"its weights have {size} bytes, and a file in ONNX holds {LARGEST}")
    images = tuple(torch.zeros(2, 3, one.size, one.size, dtype=torch.uint8) for one in model.geometries)
    number = torch.export.Dim("n")
    shapes = tuple({0: number} for _ in images)
    takes = inspect.signature(detector.forward).parameters.values()
    several = any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in takes)
    try:
        program = torch.onnx.export(
            detector,
            images,
            dynamo=True,
            input_names=[f"images{number}" for number in range(len(images))],
            output_names=["logits"],
            dynamic_shapes=(shapes,) if several else shapes,
            opset_version=OPSET,
            external_data=False,
            verbose=False,
        )
    except torch.onnx.OnnxExporterError as error:
        said = str(error).strip().splitlines()
        raise CantConvert(f"the network can't be written in ONNX: {said[0] if said else error}") from None
    return program.model_proto


def as_bytes(model: onnx.ModelProto, facts: dict) -> bytes:
    """The file of a model in ONNX, with the facts in its metadata; the same model gives the same bytes.

    All that only tells how it was made is dropped: the exporter's notes hold paths of this machine.
    """
    graph = model.graph
    del graph.value_info[:], graph.metadata_props[:], model.metadata_props[:]
    for message in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        message.doc_string = ""
        del message.metadata_props[:]
    graph.name, model.producer_name, model.producer_version = "detector", "", ""
    used = {node.domain for node in graph.node}
    kept = [one for one in model.opset_import if one.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    model.metadata_props.add(key=KEY, value=as_text(facts))
    return model.SerializeToString(deterministic=True)
