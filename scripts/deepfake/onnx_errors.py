"""What ONNX Runtime raises for a model that it can't open or run."""

from onnxruntime.capi import onnxruntime_pybind11_state as errors

UNUSABLE = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
    ValueError,  # names that are no text
)
