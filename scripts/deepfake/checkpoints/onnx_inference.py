"""Run models in ONNX on the CPU, each in a process of its own; needs neither torch nor the package onnx.

A small file can describe a computation that takes any memory and any time, as soon as ONNX Runtime opens it.
So the process, onnx_worker.py, has bounds that the operating system keeps: `limits.model_memory_gb`
beside the weights (on Linux), and `limits.model_seconds` for opening and for each batch. Images
go there through shared memory.
"""

import json
import mmap
import os
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from deepfake.checkpoints.inference import Batch, LoadedModel, split_batches
from deepfake.checkpoints.metadata import KEY, geometries_of, parse_text
from deepfake.checkpoints.onnx_format import AT_ONCE, BEYOND_MEMORY, LOGITS, map_images
from deepfake.errors import ModelError
from deepfake.inputs.geometry import Geometry
from deepfake.networks.limits import MODEL_LIMITS, check_file_sizes, check_geometries, over
from deepfake.onnx_check import check_onnx

if TYPE_CHECKING:  # loads ONNX Runtime, which only the other process needs
    from deepfake.checkpoints import onnx_worker  # noqa: F401

PROGRAM = "deepfake.checkpoints.onnx_worker"
LIBRARY = Path(__file__).resolve().parents[2]
COPIES = 4  # of the weights: as they are read, parsed, held, and arranged for the processor
BASE_GB, THREAD_GB = 1, 0.016  # of the process itself, and of each of its threads
GRACE = 60  # seconds for a process to start, or to be ended by its own time limit
MESSAGE = 1 << 16  # bytes; the other process is not trusted to send less


def open_onnx(path: str | Path, threads: int = 1, limits: dict | None = None) -> LoadedModel:
    """Return the model of a file that convert.py wrote, run on the CPU with so many threads.

    `limits` are those of the config, by default MODEL_LIMITS. Raises ModelError, which says what is wrong,
    if there is no such file, and where opening it takes more than `limits`; the model's `logits` raise it
    for a batch. A file that could read other files or run foreign code is refused before ONNX Runtime sees
    it.
    """
    path, limits = Path(path), MODEL_LIMITS | (limits or {})
    if not path.is_file():
        raise ModelError(f"there is no model {path}; copy it there, or make it with convert.py")
    size = check_file_sizes([path], path, limits)
    contents = check_onnx(path)
    metadata = parse_text(contents.metadata.get(KEY), path)
    geometries = geometries_of(metadata)
    check_geometries(geometries, path, limits)
    # Dynamic quantisation scales by all images of a run: an image's logit must not depend on the others.
    at_once = 1 if "DynamicQuantizeLinear" in contents.operators else AT_ONCE
    process = OnnxProcess(path, size, geometries, threads, at_once, limits)
    return LoadedModel(metadata, geometries, split_batches(process.logits, at_once))


class OnnxProcess:
    """A process that runs the model in the file `path`; it ends with this object, or with this process."""

    def __init__(
        self,
        path: Path,
        size: int,
        geometries: Sequence[Geometry],
        threads: int,
        at_once: int,
        limits: dict,
    ):
        """Start it, open the model and try it on black images. Raises ModelError if that fails."""
        self._path, self._limits = path, limits
        sides = [geometry.size for geometry in geometries]
        with _shared_memory(AT_ONCE * sum(3 * side**2 for side in sides)) as file:
            self._images = map_images(mmap.mmap(file.fileno(), 0), sides)
            self._connection, theirs = Pipe()
            with theirs:
                self._process = _start(theirs.fileno(), file.fileno())
        self._end = weakref.finalize(self, _stop, self._process, self._connection)
        memory = COPIES * size / 1e9 + limits["model_memory_gb"] + BASE_GB + threads * THREAD_GB
        settings = {"path": str(path.absolute()), "threads": threads, "sides": sides, "at_once": at_once}
        settings |= {"memory_gb": memory, "seconds": limits["model_seconds"]}
        self._ask(json.dumps(settings).encode())

    def logits(self, batch: Batch) -> np.ndarray:
        """Return the logit of fake of each image of a batch of at most AT_ONCE, float32 (n,)."""
        count = len(batch[0])
        for shared, images in zip(self._images, batch, strict=True):
            shared[:count] = images
        return np.frombuffer(self._ask(str(count).encode()), np.float32)

    def _ask(self, message: bytes) -> bytes:
        """Return the answer to a message. Raises ModelError with the reason if there is none."""
        answer, in_time = None, True
        with suppress(EOFError, OSError):  # the process has ended
            self._connection.send_bytes(message)
            in_time = self._connection.poll(self._limits["model_seconds"] + GRACE)
            answer = self._connection.recv_bytes(MESSAGE) if in_time else None
        if answer is None:
            self._end()
            raise ModelError(f"{self._path} can't be run: {self._reason(in_time)}")
        if answer[:1] == LOGITS:
            return answer[1:]
        self._end()
        if answer[:1] == BEYOND_MEMORY:
            raise ModelError(f"{self._path} can't be run: {self._memory()}")
        raise ModelError(f"{self._path} {answer[1:].decode('utf-8', 'replace')}")

    def _reason(self, in_time: bool) -> str:
        """Why the process has ended."""
        status = self._process.returncode
        if status == -signal.SIGALRM or not in_time:
            return f"it takes {over('model_seconds', self._limits, ' seconds')}"
        if status in (-signal.SIGABRT, -signal.SIGKILL, -signal.SIGSEGV):
            how = signal.Signals(-status).name
            return f"its process was ended by {how}, as for want of memory: {self._memory()}"
        return f"its process ended with exit status {status}"

    def _memory(self) -> str:
        return f"it takes {over('model_memory_gb', self._limits, ' gigabytes beside its weights')}"


def _shared_memory(size: int) -> BinaryIO:
    """Return an open file of `size` bytes that is in memory, or where systems have no such file, on disk."""
    file = os.fdopen(os.memfd_create("images"), "r+b") if hasattr(os, "memfd_create") else None
    file = file or tempfile.TemporaryFile()  # noqa: SIM115
    file.truncate(size)
    return file


def _start(connection: int, images: int) -> subprocess.Popen:
    path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        # -P: a module in the current folder, which may be a stranger's, must not be imported
        [sys.executable, "-P", "-m", PROGRAM, str(connection), str(images)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        pass_fds=[connection, images],
        process_group=0,  # Ctrl-C in a terminal goes to the parent process alone
    )


def _stop(process: subprocess.Popen, connection: Connection) -> None:
    """End the process: one that has ended by itself keeps its exit status."""
    connection.close()
    with suppress(subprocess.TimeoutExpired):
        process.wait(1)
    process.kill()
    process.wait()
