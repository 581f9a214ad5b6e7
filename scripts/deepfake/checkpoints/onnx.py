"""Models in ONNX, run by ONNX Runtime on the CPU; needs neither torch nor onnx."""

import mmap
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from deepfake.checkpoints.inference import Batch, Logits, Opened
from deepfake.checkpoints.metadata import KEY, geometries_of, read_facts
from deepfake.checkpoints.onnx_wire import read_contents
from deepfake.networks.errors import WeightsDontFit, WeightsMissing

LARGEST = 2**31 - 1  # bytes; more is no message of Protocol Buffers
SHARE = 8  # images run at a time: what lies between the layers stays small
UNUSABLE = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
    ValueError,  # names that are no text
)


def open_onnx(path: str | Path, threads: int = 1) -> Opened:
    """An .onnx of ours, as inference.open_model gives it; on the CPU, with so many threads.

    WeightsMissing where there is no file. WeightsDontFit where it is none that convert.py wrote, or holds
    what could read other files or run others' code; nothing of it has been run then.
    """
    path = Path(path)
    facts, operations = _checked(path)
    geometries = geometries_of(facts)
    try:
        session = onnxruntime.InferenceSession(
            path, _options(threads), providers=["CPUExecutionProvider"], enable_fallback=0
        )
        taken = [(end.type, end.shape[1:]) for end in session.get_inputs()]
        wanted = [("tensor(uint8)", [3, one.size, one.size]) for one in geometries]
        if taken != wanted or len(session.get_outputs()) != 1:
            raise WeightsDontFit(f"{path} takes {taken}, and its facts say {wanted}")
        # its scales come from all that is run at once: an image's logit must not depend on those beside it
        alone = "DynamicQuantizeLinear" in operations
        logits = _logits_of(session, 1 if alone else SHARE)
        found = logits([np.zeros((SHARE + 1, one.size, one.size, 3), np.uint8) for one in geometries])
    except WeightsDontFit:
        raise
    except UNUSABLE as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsDontFit(f"{path} can't be run: {said}") from None
    if found.shape != (SHARE + 1,) or found.dtype != np.float32 or not np.isfinite(found).all():
        raise WeightsDontFit(f"{path} gives {found.shape} {found.dtype}, and not a finite logit an image")
    return Opened(facts, geometries, logits)


def _checked(path: Path) -> tuple[dict, set[str]]:
    """The facts in a file, and the names of its operations."""
    if not path.is_file():
        raise WeightsMissing(f"there is no model {path}; copy it there, or make it with convert.py")
    size = path.stat().st_size
    if not 0 < size <= LARGEST:
        raise WeightsDontFit(f"{path} has {size} bytes; a model in ONNX has 1 to {LARGEST}")
    with open(path, "rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    contents = read_contents(memoryview(mapped), path)
    return read_facts(contents.metadata.get(KEY), path), contents.operations


def _options(threads: int) -> onnxruntime.SessionOptions:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors; they come as exceptions too
    # threads that wait give their core to what decodes the next images
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _logits_of(session: onnxruntime.InferenceSession, share: int) -> Logits:
    names = [end.name for end in session.get_inputs()]

    def logits(batch: Batch) -> np.ndarray:
        found = [np.empty(0, np.float32)]
        for start in range(0, len(batch[0]), share):
            few = (np.ascontiguousarray(one[start : start + share].transpose(0, 3, 1, 2)) for one in batch)
            found += session.run(None, dict(zip(names, few, strict=True)))
        return np.concatenate(found)

    return logits
