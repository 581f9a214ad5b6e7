"""Run models in ONNX by ONNX Runtime on the CPU; needs neither torch nor the package onnx."""

from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from deepfake.checkpoints.inference import Batch, LoadedModel, LogitsFunction, run, split_batches
from deepfake.checkpoints.metadata import KEY, geometries_of, parse_text
from deepfake.checkpoints.onnx_check import check_onnx
from deepfake.inputs.geometry import Geometry
from deepfake.networks.errors import ModelError

AT_ONCE = 8  # images; more need more memory between the layers and are no faster
UNUSABLE = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
    ValueError,  # names that are no text
)


def open_onnx(path: str | Path, threads: int = 1) -> LoadedModel:
    """Return the model of a file that convert.py wrote, run on the CPU with so many threads.

    Raises ModelError, which says what is wrong, where there is no such file. A file that could read other
    files or run foreign code is refused before ONNX Runtime sees it.
    """
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"there is no model {path}; copy it there, or make it with convert.py")
    contents = check_onnx(path)
    metadata = parse_text(contents.metadata.get(KEY), path)
    geometries = geometries_of(metadata)
    try:
        session = _session(path, threads)
        logits = _logits_function(session)
        # Dynamic quantisation scales by all images of a run: an image's logit must not depend on the others.
        dynamic = "DynamicQuantizeLinear" in contents.operators
        logits = split_batches(logits, 1 if dynamic else AT_ONCE)
        _try(session, logits, geometries, path)
    except UNUSABLE as error:
        if isinstance(error, ModelError):
            raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{path} can't be run: {reason}") from None
    return LoadedModel(metadata, geometries, logits)


def _session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors; they come as exceptions too
    # A thread that waits leaves its core to the processes that decode the next images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"], enable_fallback=0)


def _logits_function(session: onnxruntime.InferenceSession) -> LogitsFunction:
    names = [tensor.name for tensor in session.get_inputs()]

    def logits(batch: Batch) -> np.ndarray:
        channels_first = (np.ascontiguousarray(images.transpose(0, 3, 1, 2)) for images in batch)
        (output,) = session.run(None, dict(zip(names, channels_first, strict=True)))
        return output

    return logits


def _try(
    session: onnxruntime.InferenceSession, logits: LogitsFunction, geometries: list[Geometry], path: Path
) -> None:
    """Raise ModelError unless the model takes uint8 images of these geometries and returns finite logits."""
    inputs = [(tensor.type, tensor.shape[1:]) for tensor in session.get_inputs()]
    expected = [("tensor(uint8)", [3, geometry.size, geometry.size]) for geometry in geometries]
    if inputs != expected or len(session.get_outputs()) != 1:
        raise ModelError(f"{path} takes {inputs}, and its metadata says {expected}")
    number = AT_ONCE + 1
    black = [np.zeros((number, geometry.size, geometry.size, 3), np.uint8) for geometry in geometries]
    output = run(logits, [black])
    if output.shape != (number,) or output.dtype != np.float32 or not np.isfinite(output).all():
        raise ModelError(f"{path} gives {output.dtype} {output.shape}, and not a finite logit for each image")
