"""The program of a process that runs one model in ONNX, with bounds on its memory and time.

onnx_inference.py starts it as `python -m deepfake.checkpoints.onnx_worker CONNECTION IMAGES`, two file
descriptors: its end of a multiprocessing.Pipe, and the memory that both share. It gets its settings as JSON,
opens the model, tries it and answers; then it gets numbers of images in the shared memory, and answers with
their logits, until the parent process closes its end or dies. Answers begin with a byte of onnx_format.py.
"""

import json
import mmap
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection

import numpy as np
import onnxruntime

from deepfake.checkpoints.onnx_format import BEYOND_MEMORY, LOGITS, PROBLEM, map_images
from deepfake.onnx_errors import UNUSABLE
from deepfake.worker_process import end_with_parent, limit_memory

OUT_OF_MEMORY = ("bad_alloc", "llocate memory", "smaller than requested bytes")  # in ONNX Runtime's messages


class Unusable(Exception):
    """What is wrong with the model, to follow the name of its file."""


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process decides when to stop
    end_with_parent()
    connection = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError):  # the parent process has ended
        serve(connection, mmap.mmap(int(sys.argv[2]), 0))


def serve(connection: Connection, memory: mmap.mmap) -> None:
    """Open the model, then run it on images until the connection closes."""
    settings = json.loads(connection.recv_bytes())
    images = map_images(memory, settings["sides"])
    limit_memory(settings["memory_gb"])
    models = []

    def start() -> bytes:
        models.append(Model(settings["path"], settings["threads"], settings["sides"], settings["at_once"]))
        return b""

    connection.send_bytes(answer(start, settings["seconds"]))
    while models:
        count = int(connection.recv_bytes())
        batch = [array[:count] for array in images]
        connection.send_bytes(answer(lambda: models[0].run(batch).tobytes(), settings["seconds"]))  # noqa: B023


def answer(compute: Callable[[], bytes], seconds: float) -> bytes:
    """Return what `compute` returns or raises as an answer. The system ends the process after `seconds`."""
    signal.setitimer(signal.ITIMER_REAL, seconds)  # no handler: Python couldn't run one inside the runtime
    try:
        return LOGITS + compute()
    except MemoryError:
        return BEYOND_MEMORY
    except Unusable as error:
        return PROBLEM + str(error).encode()[:5000]
    except UNUSABLE as error:
        text = str(error)
        if any(part in text for part in OUT_OF_MEMORY):
            return BEYOND_MEMORY
        reason = (text.splitlines() or [type(error).__name__])[0]
        return PROBLEM + f"can't be run: {reason}".encode("utf-8", "replace")[:5000]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Model:
    """A model that has been tried: it takes uint8 images of the right sides and returns finite logits."""

    def __init__(self, path: str, threads: int, sides: list[int], at_once: int):
        """Open the file. Raises Unusable or one of UNUSABLE if it is no such model."""
        self.session = _session(path, threads)
        inputs = self.session.get_inputs()
        self.names = [tensor.name for tensor in inputs]
        found = [(tensor.type, tensor.shape[1:]) for tensor in inputs]
        expected = [("tensor(uint8)", [3, side, side]) for side in sides]
        if found != expected or len(self.session.get_outputs()) != 1:
            raise Unusable(f"takes {found}, and its metadata says {expected}")
        for count in sorted({1, at_once}):
            output = self.run([np.zeros((count, side, side, 3), np.uint8) for side in sides])
            if not np.isfinite(output).all():
                raise Unusable("gives not a finite logit for each black image")

    def run(self, images: list[np.ndarray]) -> np.ndarray:
        """Return the logits (n,) of n images. Raises Unusable if the model's output has another form."""
        channels_first = (np.ascontiguousarray(array.transpose(0, 3, 1, 2)) for array in images)
        (output,) = self.session.run(None, dict(zip(self.names, channels_first, strict=True)))
        if (
            not isinstance(output, np.ndarray)
            or output.shape != images[0].shape[:1]
            or output.dtype != np.float32
        ):
            form = f"{output.dtype} {output.shape}" if isinstance(output, np.ndarray) else type(output)
            raise Unusable(f"gives {form}, and not a finite logit for each image")
        return output


def _session(path: str, threads: int) -> onnxruntime.InferenceSession:
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = 4  # errors come as exceptions
    # A thread that waits leaves its core to the processes that decode the next images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"], enable_fallback=0)


if __name__ == "__main__":
    main()
